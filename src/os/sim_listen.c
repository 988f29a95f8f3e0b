/* SPDX-License-Identifier: MIT */
/*
 * sim_listen.c - listeners of the simulation, and connections that wait to be accepted by them.
 */
#define _GNU_SOURCE
#include "os/sim.h"

#include "os/memory.h"
#include "os/net.h"

#include <errno.h>
#include <string.h>

enum { FIRST_PORT = 49152 };

/* ==== listeners ==== */

static unsigned port_of(const union sim_address *address)
{
    return address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port;
}

static bool is_any(const union sim_address *address)
{
    if (address->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
    return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
}

static bool same_host(const union sim_address *a, const union sim_address *b)
{
    if (a->any.sa_family == AF_INET6)
        return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
    return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

struct sim_socket *sim_find_listener(const struct sim *sim, const union sim_address *address)
{
    LIST_EACH(struct sim_socket, one, &sim->listeners, listener)
        if (one->family == address->any.sa_family && port_of(&one->own) == port_of(address) &&
            (is_any(&one->own) || same_host(&one->own, address)))
            return one;
    return NULL;
}

size_t sim_listening(const struct sim *sim)
{
    size_t count = 0;
    LIST_EACH(const struct sim_socket, one, &sim->listeners, listener)
        count += epoll_waiting_readers(&sim->epoll, one->fd);
    return count;
}

/* ==== connecting ==== */

static in_port_t *port_in(union sim_address *address)
{
    return address->any.sa_family == AF_INET6 ? &address->v6.sin6_port : &address->v4.sin_port;
}

/* The address that the client was bound to. Missing parts are filled in: a port, and the address that it connects to
 * (both ends are on this machine, so it is valid for both). */
static union sim_address own_name(struct sim *sim, const struct sim_socket *client, const union sim_address *address)
{
    union sim_address own = *address, bound = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof bound;
    if (net_kernel.name(&sim->epoll.driver, client->fd, false, &bound.any, &size) == 0 && port_of(&bound) != 0) {
        if (!is_any(&bound))
            own = bound;
        *port_in(&own) = *port_in(&bound);
        return own;
    }
    if (sim->next_port < FIRST_PORT)
        sim->next_port = FIRST_PORT;
    *port_in(&own) = htons(sim->next_port++);
    return own;
}

static void name_ends(struct sim *sim, struct sim_socket *client, struct sim_socket *server,
                      const union sim_address *address)
{
    client->own = server->peer_name = own_name(sim, client, address);
    client->peer_name = server->own = *address;
}

struct sim_socket *sim_take_pending(struct sim_socket *listener)
{
    struct sim_socket *first = LIST_FIRST(&listener->backlog, struct sim_socket, pending);
    if (first) {
        list_remove(&listener->backlog, &first->pending);
        listener->backlog_size--;
    }
    return first;
}

static void fill_address(const struct driver_op *op, const union sim_address *name)
{
    if (!op->u.address.data || !op->u.address.size)
        return;
    socklen_t length = name->any.sa_family == AF_INET6 ? sizeof name->v6 : sizeof name->v4;
    memcpy(op->u.address.data, name, *op->u.address.size < length ? *op->u.address.size : length);
    *op->u.address.size = length;
}

int64_t sim_accept(struct sim *sim, struct sim_socket *listener, const struct driver_op *op)
{
    struct sim_socket *server = LIST_FIRST(&listener->backlog, struct sim_socket, pending);
    int fd = sim_give_descriptor(sim, server);
    if (fd < 0)
        return fd;
    sim_take_pending(listener);
    fill_address(op, &server->peer_name);
    return fd;
}

/* Operations that wait to accept do so in the epoll driver, which listens to the outside for them. */
static void hand_out(struct sim *sim, struct sim_socket *listener)
{
    struct driver_op *op;
    while (!list_is_empty(&listener->backlog) && (op = epoll_first_reader(&sim->epoll, listener->fd)))
        epoll_complete_reader(&sim->epoll, op, sim_accept(sim, listener, op));
}

int sim_meet(struct sim *sim, struct sim_socket *client, const union sim_address *address)
{
    struct sim_socket *listener = sim_find_listener(sim, address);
    if (!listener)
        return -ECONNREFUSED;
    if (listener->backlog_size >= listener->backlog_limit)
        return -EAGAIN;
    struct sim_socket *server = sim_socket_new(client->family);
    if (!server)
        return -ENOMEM;
    name_ends(sim, client, server, address);
    sim_join(sim, client, server);
    list_add_last(&listener->backlog, &server->pending);
    listener->backlog_size++;
    hand_out(sim, listener);
    sim_look(sim, listener);
    return 0;
}
