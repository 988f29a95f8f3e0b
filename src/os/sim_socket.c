/* SPDX-License-Identifier: MIT */
/* sim_socket.c - a socket of the simulation: its life, its descriptor, and the list of sockets to look at. See
 * sim.h. */
#define _GNU_SOURCE
#include "os/sim.h"

#include "base/assert.h"
#include "os/memory.h"

#include <errno.h>
#include <unistd.h>

/* ==== its life ==== */

struct sim_socket *sim_socket_new(int family)
{
    struct sim_socket *socket = memory_alloc_zeroed(sizeof *socket);
    if (!socket)
        return NULL;
    socket->fd = -1;
    socket->family = family;
    socket->references = 1;
    return socket;
}

void sim_drop_segments(struct sim_socket *socket)
{
    for (struct sim_segment *segment; (segment = LIST_FIRST(&socket->segments, struct sim_segment, link));) {
        list_remove(&socket->segments, &segment->link);
        memory_free(segment);
    }
    socket->queued = 0;
}

void sim_socket_unref(struct sim_socket *socket)
{
    EDDY_INVARIANT(socket->references > 0);
    if (--socket->references > 0)
        return;
    EDDY_INVARIANT(!socket->to_look && list_is_empty(&socket->op_events) && list_is_empty(&socket->backlog));
    sim_drop_segments(socket);
    memory_free(socket);
}

/* ==== its descriptor ==== */

struct sim_socket *sim_find(const struct sim *sim, int fd)
{
    struct sim_socket **entry = fd_table_find(&sim->sockets, fd, sizeof *entry);
    return entry ? *entry : NULL;
}

int sim_give_descriptor(struct sim *sim, struct sim_socket *sim_socket)
{
    int fd = socket(sim_socket->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    struct sim_socket **entry = fd_table_make(&sim->sockets, fd, sizeof *entry);
    if (!entry) {
        close(fd);
        return -ENOMEM;
    }
    EDDY_ASSERT(!*entry, "descriptor %d still belongs to another socket of the simulation", fd);
    sim_socket->fd = fd;
    *entry = sim_socket;
    return fd;
}

void sim_leave_table(struct sim *sim, struct sim_socket *socket)
{
    struct sim_socket **entry = fd_table_find(&sim->sockets, socket->fd, sizeof *entry);
    EDDY_ASSERT(entry && *entry == socket, "a socket of the simulation is not in the table");
    *entry = NULL;
    socket->fd = -1;
    sim_socket_unref(socket);
}

int sim_new_descriptor(struct sim *sim, int family)
{
    struct sim_socket *socket = sim_socket_new(family);
    if (!socket)
        return -ENOMEM;
    int fd = sim_give_descriptor(sim, socket);
    if (fd < 0)
        sim_socket_unref(socket);
    return fd;
}

/* ==== operations that can go on ==== */

void sim_look(struct sim *sim, struct sim_socket *socket)
{
    if (socket->to_look)
        return;
    socket->to_look = true;
    socket->references++;
    list_add_last(&sim->looks, &socket->look);
}
