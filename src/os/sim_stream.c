/* SPDX-License-Identifier: MIT */
/*
 * sim_stream.c - the two ends of a connection in memory: bytes in flight, ends, breaks.
 *
 * Invariant: bytes that one end has sent arrive once, all of them and in order, unless the connection breaks; they
 * are readable when the clock has reached their time. An end holds at most WINDOW bytes that were not read.
 */
#define _GNU_SOURCE
#include "os/sim.h"

#include "base/assert.h"
#include "base/random.h"
#include "os/clock.h"
#include "os/memory.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum { WINDOW = 65536 };

static void cut_off(struct sim *sim, struct sim_socket *a, struct sim_socket *b)
{
    const double most = sim->weather.outage * (double)CLOCK_SECOND;
    if (most < 1 || !random_chance(&sim->random, sim->weather.partition))
        return;
    a->cut_from = b->cut_from = sim->now + (int64_t)random_below(&sim->random, (uint64_t)CLOCK_SECOND);
    a->cut_until = b->cut_until = a->cut_from + (int64_t)random_below(&sim->random, (uint64_t)most);
}

void sim_join(struct sim *sim, struct sim_socket *a, struct sim_socket *b)
{
    EDDY_INVARIANT(b->state == SIM_FRESH && !b->peer);
    a->state = b->state = SIM_JOINED;
    a->peer = b;
    b->peer = a;
    a->references++;
    b->references++;
    cut_off(sim, a, b);
}

/* When a segment that is sent now arrives. */
static int64_t arrival(struct sim *sim, struct sim_socket *to)
{
    int64_t due = sim->now + sim_delay(sim);
    if (due >= to->cut_from && due < to->cut_until)
        due = to->cut_until;
    return due > to->last_due ? due : to->last_due;
}

size_t sim_part_of(struct sim *sim, size_t size)
{
    if (size > 1 && random_chance(&sim->random, sim->weather.short_part))
        return 1 + (size_t)random_below(&sim->random, size);
    return size;
}

/* Like the kernel: the first operation gets the error, later ones find the connection ended. */
static int64_t take_error(struct sim_socket *socket)
{
    int error = socket->error;
    socket->error = 0;
    return -error;
}

/* ==== receiving ==== */

static size_t arrived(const struct sim *sim, const struct sim_socket *socket)
{
    size_t size = 0;
    LIST_EACH(const struct sim_segment, one, &socket->segments, link) {
        if (one->due > sim->now)
            break;
        size += one->size - one->taken;
    }
    return size;
}

static void take(struct sim_socket *socket, char *data, size_t size, bool peek)
{
    struct sim_segment *next;
    for (struct sim_segment *one = LIST_FIRST(&socket->segments, struct sim_segment, link); size > 0; one = next) {
        next = LIST_NEXT(one, struct sim_segment, link);
        size_t count = one->size - one->taken < size ? one->size - one->taken : size;
        memcpy(data, one->data + one->taken, count);
        data += count;
        size -= count;
        if (!peek) {
            one->taken += count;
            socket->queued -= count;
        }
        if (!peek && one->taken == one->size) {
            list_remove(&socket->segments, &one->link);
            memory_free(one);
        }
    }
}

static bool at_end(const struct sim *sim, const struct sim_socket *socket)
{
    return list_is_empty(&socket->segments) && socket->finished && socket->end_due <= sim->now;
}

int64_t sim_receive(struct sim *sim, struct sim_socket *socket, void *data, size_t size, int flags)
{
    size_t ready = arrived(sim, socket);
    if ((flags & MSG_OOB) != 0)
        return -EINVAL; /* as on a socket without urgent data */
    if (ready == 0 && socket->error)
        return take_error(socket);
    if (ready == 0)
        return at_end(sim, socket) ? 0 : -EAGAIN;
    size = sim_part_of(sim, size < ready ? size : ready);
    take(socket, data, size, flags & MSG_PEEK);
    if (!(flags & MSG_PEEK) && socket->peer)
        sim_look(sim, socket->peer); /* there is room */
    return (int64_t)size;
}

int64_t sim_receive_parts(struct sim *sim, struct sim_socket *socket, const struct msghdr *message, int flags)
{
    int64_t total = 0;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++) {
        const struct iovec *part = &message->msg_iov[i];
        int64_t result = sim_receive(sim, socket, part->iov_base, part->iov_len, flags);
        if (result < 0)
            return total ? total : result;
        total += result;
        if ((size_t)result < part->iov_len)
            break;
    }
    return total;
}

/* ==== sending ==== */

static size_t room(const struct sim_socket *to)
{
    return to->queued < WINDOW ? WINDOW - to->queued : 0;
}

static int64_t may_send(struct sim *sim, struct sim_socket *socket)
{
    if (socket->error)
        return take_error(socket);
    if (socket->shut || !socket->peer)
        return -EPIPE;
    if (random_chance(&sim->random, sim->weather.reset)) {
        sim_break(sim, socket, ECONNRESET);
        return -ECONNRESET;
    }
    return room(socket->peer) ? 0 : -EAGAIN;
}

int64_t sim_send(struct sim *sim, struct sim_socket *socket, const void *data, size_t size)
{
    struct sim_socket *to = socket->peer;
    int64_t error = may_send(sim, socket);
    if (error || size == 0)
        return error;
    size = sim_part_of(sim, size < room(to) ? size : room(to));
    struct sim_segment *segment = memory_alloc(sizeof *segment + size);
    if (!segment)
        return -ENOMEM;
    int64_t due = arrival(sim, to);
    if (!sim_later(sim, due, SIM_LOOK, to, NULL)) {
        memory_free(segment);
        return -ENOMEM;
    }
    *segment = (struct sim_segment){.due = due, .size = size};
    memcpy(segment->data, data, size);
    list_add_last(&to->segments, &segment->link);
    to->queued += size;
    EDDY_INVARIANT(to->queued <= WINDOW && due >= to->last_due);
    to->last_due = due;
    return (int64_t)size;
}

int64_t sim_send_parts(struct sim *sim, struct sim_socket *socket, const struct msghdr *message)
{
    int64_t total = 0;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++) {
        const struct iovec *part = &message->msg_iov[i];
        int64_t result = sim_send(sim, socket, part->iov_base, part->iov_len);
        if (result < 0)
            return total ? total : result;
        total += result;
        if ((size_t)result < part->iov_len)
            break;
    }
    return total;
}

/* ==== ends ==== */

static void send_end(struct sim *sim, struct sim_socket *socket)
{
    struct sim_socket *to = socket->peer;
    if (socket->shut || !to)
        return;
    socket->shut = true;
    to->finished = true;
    to->end_due = to->last_due = arrival(sim, to);
    if (!sim_later(sim, to->end_due, SIM_LOOK, to, NULL)) {
        to->end_due = sim->now; /* the segments in flight are read first nevertheless */
        sim_look(sim, to);
    }
}

int sim_shutdown(struct sim *sim, struct sim_socket *socket, int how)
{
    if (socket->state != SIM_JOINED || (!socket->peer && !socket->finished))
        return -ENOTCONN;
    if (how != SHUT_RD)
        send_end(sim, socket);
    if (how != SHUT_WR) {
        sim_drop_segments(socket);
        socket->finished = true;
        socket->end_due = sim->now;
    }
    sim_look(sim, socket);
    return 0;
}

void sim_break(struct sim *sim, struct sim_socket *socket, int error)
{
    struct sim_socket *ends[] = {socket, socket->peer};
    for (int i = 0; i < 2 && ends[i]; i++) {
        sim_drop_segments(ends[i]);
        ends[i]->error = error;
        ends[i]->finished = ends[i]->shut = true;
        ends[i]->end_due = sim->now;
        sim_look(sim, ends[i]);
    }
}

static bool breaks_when_closed(const struct sim_socket *socket)
{
    struct linger linger = {0};
    socklen_t size = sizeof linger;
    if (socket->fd >= 0)
        getsockopt(socket->fd, SOL_SOCKET, SO_LINGER, &linger, &size);
    return socket->queued > 0 || (linger.l_onoff && linger.l_linger == 0);
}

/* Like TCP: closing a socket with unread bytes, or with SO_LINGER 0, resets the connection. */
void sim_part(struct sim *sim, struct sim_socket *socket)
{
    struct sim_socket *peer = socket->peer;
    if (!peer)
        return;
    if (!peer->error && breaks_when_closed(socket))
        sim_break(sim, peer, ECONNRESET);
    send_end(sim, socket);
    socket->peer = NULL;
    peer->peer = NULL;
    sim_look(sim, peer);
    sim_socket_unref(peer);
    sim_socket_unref(socket);
}

unsigned sim_ready(const struct sim *sim, const struct sim_socket *socket)
{
    unsigned events = 0;
    if (socket->state == SIM_LISTENS)
        return list_is_empty(&socket->backlog) ? 0 : POLLIN;
    if (socket->state != SIM_JOINED)
        return POLLOUT | POLLHUP;
    if (socket->error)
        events |= POLLERR | POLLHUP | POLLIN | POLLOUT;
    if (arrived(sim, socket) || at_end(sim, socket))
        events |= POLLIN;
    if (at_end(sim, socket))
        events |= POLLRDHUP | (socket->shut || !socket->peer ? POLLHUP : 0);
    if (!socket->peer || room(socket->peer))
        events |= POLLOUT;
    return events;
}
