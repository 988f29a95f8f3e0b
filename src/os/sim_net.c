/* SPDX-License-Identifier: MIT */
/*
 * sim_net.c - sockets of the simulation: the operations on them, and the calls that do not wait.  See sim.h.
 *
 * TCP sockets that are made through net.h belong to the simulation. A connection to a port that no socket of this
 * loop listens on, and one from outside, belongs to the kernel and passes to the epoll driver.
 */
#define _GNU_SOURCE
#include "os/sim.h"

#include "base/assert.h"
#include "base/random.h"
#include "os/clock.h"
#include "os/driver_fault.h"
#include "os/memory.h"
#include "os/net.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* ==== operations ==== */

static void finish(struct sim *sim, struct driver_op *op)
{
    struct sim_socket *socket = sim_find(sim, op->fd);
    if (socket)
        sim_forget(sim, socket, op);
    epoll_finish_op(&sim->epoll, op);
}

static struct list *queue_of(struct sim_socket *socket, const struct driver_op *op)
{
    switch (op->kind) {
    case DRIVER_POLL: return &socket->pollers;
    case DRIVER_RECV:
    case DRIVER_RECV_LENT:
    case DRIVER_RECVMSG:
    case DRIVER_READ: return &socket->readers;
    default: return &socket->writers;
    }
}

static int64_t receive_lent(struct sim *sim, struct sim_socket *socket, struct driver_op *op)
{
    struct lent_buffer *buffer = lent_take(&sim->epoll.lent);
    if (!buffer)
        return -ENOMEM;
    int64_t result = sim_receive(sim, socket, buffer->data, sizeof buffer->data, 0);
    if (result <= 0) {
        lent_put(&sim->epoll.lent, buffer);
        return result;
    }
    op->u.lent.data = buffer->data;
    sim->epoll.driver.lent++;
    return result;
}

static int64_t poll_now(const struct sim *sim, const struct sim_socket *socket, unsigned wanted)
{
    unsigned events = sim_ready(sim, socket) & (wanted | POLLERR | POLLHUP);
    return events ? (int64_t)events : -EAGAIN;
}

/* A connect on it is in flight. A send or receive waits for its outcome, and so does another connect. */
static bool is_connecting(const struct sim_socket *socket)
{
    LIST_EACH(const struct driver_op, op, &socket->writers, link)
        if (op->state == SIM_CONNECTS)
            return true;
    return false;
}

/* The result of the system call, or of an injected fault. */
static int64_t call(struct sim *sim, struct sim_socket *socket, struct driver_op *op)
{
    int fault = driver_fault();
    if (fault < 0 && fault != -EAGAIN && fault != -EINTR) /* after those the call is made again */
        return fault;
    if (socket->state == SIM_FRESH && is_connecting(socket))
        return -EAGAIN;
    if (op->kind != DRIVER_POLL && socket->state != SIM_JOINED)
        return -ENOTCONN;
    switch (op->kind) {
    case DRIVER_POLL: return poll_now(sim, socket, op->u.poll.events);
    case DRIVER_RECV: return sim_receive(sim, socket, op->u.buffer.data, op->u.buffer.size, op->u.buffer.flags);
    case DRIVER_READ: return sim_receive(sim, socket, op->u.buffer.data, op->u.buffer.size, 0);
    case DRIVER_RECV_LENT: return receive_lent(sim, socket, op);
    case DRIVER_RECVMSG: return sim_receive_parts(sim, socket, op->u.message.data, op->u.message.flags);
    case DRIVER_SEND:
    case DRIVER_WRITE: return sim_send(sim, socket, op->u.buffer.data, op->u.buffer.size);
    case DRIVER_SENDMSG: return sim_send_parts(sim, socket, op->u.message.data);
    case DRIVER_CONNECT: return -EISCONN;
    default: return -EINVAL;
    }
}

static void leave_queue(struct sim *sim, struct list *queue, struct driver_op *op)
{
    EDDY_INVARIANT(sim->waiting > 0 && (op->state == SIM_WAITS || op->state == SIM_CONNECTS));
    list_remove(queue, &op->link);
    sim->waiting--;
}

static void run_queue(struct sim *sim, struct sim_socket *socket, struct list *queue)
{
    for (struct driver_op *op; (op = first_op(queue)) && op->state == SIM_WAITS;) {
        op->result = call(sim, socket, op);
        if (op->result == -EAGAIN)
            return;
        leave_queue(sim, queue, op);
        finish(sim, op);
    }
}

static void run_pollers(struct sim *sim, struct sim_socket *socket)
{
    for (struct driver_op *op = first_op(&socket->pollers), *next; op; op = next) {
        next = LIST_NEXT(op, struct driver_op, link);
        op->result = call(sim, socket, op);
        if (op->result == -EAGAIN)
            continue;
        leave_queue(sim, &socket->pollers, op);
        finish(sim, op);
    }
}

void sim_settle(struct sim *sim)
{
    for (struct sim_socket *socket; (socket = LIST_FIRST(&sim->looks, struct sim_socket, look));) {
        list_remove(&sim->looks, &socket->look);
        socket->to_look = false;
        run_queue(sim, socket, &socket->readers);
        run_queue(sim, socket, &socket->writers);
        run_pollers(sim, socket);
        sim_socket_unref(socket);
    }
}

static bool enqueue(struct sim *sim, struct sim_socket *socket, struct driver_op *op, uint8_t state)
{
    op->state = state;
    list_add_last(queue_of(socket, op), &op->link);
    sim->waiting++;
    return false;
}

/* Once an operation has been done, it may complete at once or, false, in the next wait. */
static bool complete_now(struct sim *sim, struct driver_op *op)
{
    if (!random_chance(&sim->random, sim->weather.late))
        return true;
    op->state = SIM_WAITS;
    finish(sim, op);
    return false;
}

static bool is_write(const struct driver_op *op)
{
    return op->kind == DRIVER_SEND || op->kind == DRIVER_WRITE || op->kind == DRIVER_SENDMSG;
}

/* As if the kernel's buffer were full for a moment: other tasks run in between, and the clock may move. */
static bool waits_first(struct sim *sim, struct sim_socket *socket, const struct driver_op *op)
{
    return is_write(op) && random_chance(&sim->random, sim->weather.late) &&
           sim_later(sim, sim->now + sim_delay(sim), SIM_LOOK, socket, NULL);
}

static bool submit_joined(struct sim *sim, struct sim_socket *socket, struct driver_op *op)
{
    op->state = 0;
    if (op->kind == DRIVER_POLL || (list_is_empty(queue_of(socket, op)) && !waits_first(sim, socket, op))) {
        op->result = call(sim, socket, op);
        if (op->result != -EAGAIN)
            return complete_now(sim, op);
    }
    return enqueue(sim, socket, op, SIM_WAITS);
}

static bool submit_accept(struct sim *sim, struct sim_socket *socket, struct driver_op *op)
{
    if (list_is_empty(&socket->backlog))
        return epoll_submit(&sim->epoll.driver, op);
    op->result = sim_accept(sim, socket, op);
    op->state = 0;
    return complete_now(sim, op);
}

static bool submit_connect(struct sim *sim, struct sim_socket *socket, struct driver_op *op)
{
    union sim_address address = {.any.sa_family = AF_UNSPEC};
    if (op->u.address.length <= sizeof address)
        memcpy(&address, op->u.address.data, op->u.address.length);
    if (!is_connecting(socket) && !sim_find_listener(sim, &address)) { /* the kernel knows the listener */
        sim_leave_table(sim, socket);
        epoll_adopt(&sim->epoll.driver, op->fd);
        return epoll_submit(&sim->epoll.driver, op);
    }
    if (!sim_later(sim, sim->now + sim_delay(sim), SIM_CONNECT, socket, op)) {
        op->result = -ENOMEM;
        return true;
    }
    return enqueue(sim, socket, op, SIM_CONNECTS);
}

static bool submit_to_socket(struct driver *driver, struct sim_socket *socket, struct driver_op *op)
{
    struct sim *sim = sim_of(driver);
    if (op->kind == DRIVER_ACCEPT && socket->state == SIM_LISTENS)
        return submit_accept(sim, socket, op);
    if (op->kind == DRIVER_CONNECT && socket->state == SIM_FRESH)
        return submit_connect(sim, socket, op);
    if (is_connecting(socket))
        return enqueue(sim, socket, op, SIM_WAITS);
    if (op->kind == DRIVER_POLL && socket->state == SIM_LISTENS && list_is_empty(&socket->backlog))
        return epoll_submit(driver, op); /* a connection from outside may come first */
    if (socket->state == SIM_JOINED || op->kind == DRIVER_POLL)
        return submit_joined(sim, socket, op);
    return epoll_submit(driver, op); /* the kernel reports the error */
}

/* With a separate series: how many writes the outside accepts at once does not change the seed's decisions here. */
static bool submit_to_world(struct driver *driver, struct driver_op *op)
{
    struct sim *sim = sim_of(driver);
    if (!epoll_submit(driver, op))
        return false;
    if (!is_write(op) || !random_chance(&sim->random_of_world, sim->weather.late))
        return true;
    epoll_finish_op(&sim->epoll, op);
    return false;
}

bool sim_submit(struct driver *driver, struct driver_op *op)
{
    struct sim_socket *socket = sim_find(sim_of(driver), op->fd);
    bool done = socket ? submit_to_socket(driver, socket, op) : submit_to_world(driver, op);
    sim_settle(sim_of(driver));
    return done;
}

/* ==== cancelling ==== */

static void end_cancelled(struct sim *sim, struct driver_op *op)
{
    struct sim_socket *socket = sim_find(sim, op->fd);
    leave_queue(sim, queue_of(socket, op), op);
    op->result = -ECANCELED;
    finish(sim, op);
    sim_look(sim, socket); /* other operations may have waited for its turn, or its connection */
}

void sim_cancel(struct driver *driver, struct driver_op *op)
{
    struct sim *sim = sim_of(driver);
    struct sim_socket *socket = sim_find(sim, op->fd);
    if (op->state == SIM_ON_FILE) {
        sim_cancel_file(sim, op);
        return;
    }
    if (op->state != SIM_WAITS && op->state != SIM_CONNECTS) {
        epoll_cancel(driver, op);
        return;
    }
    bool again = op->cancelled;
    op->cancelled = true;
    if (again)
        return;
    if (random_chance(&sim->random, sim->weather.deaf_cancel) &&
        sim_later(sim, sim->now + sim_delay(sim), SIM_CANCEL, socket, op))
        return;
    end_cancelled(sim, op);
    sim_settle(sim);
}

/* ==== events ==== */

static void try_connect(struct sim *sim, struct sim_socket *socket, struct driver_op *op)
{
    union sim_address address;
    memcpy(&address, op->u.address.data, op->u.address.length);
    int result = socket->state == SIM_JOINED ? 0 : sim_meet(sim, socket, &address); /* or another connect did it */
    if (result == -EAGAIN && sim_later(sim, sim->now + CLOCK_SECOND / 100, SIM_CONNECT, socket, op))
        return; /* like TCP: it is tried again until there is room */
    leave_queue(sim, &socket->writers, op);
    op->result = result;
    finish(sim, op);
    sim_look(sim, socket);
}

static void run_event(struct sim *sim, const struct sim_event *event)
{
    if (event->kind == SIM_LOOK)
        sim_look(sim, event->socket);
    else if (event->op && event->kind == SIM_FILE)
        sim_run_file(sim, event->op);
    else if (event->op && event->kind == SIM_CONNECT)
        try_connect(sim, event->socket, event->op);
    else if (event->op)
        end_cancelled(sim, event->op);
}

void sim_run_events(struct sim *sim)
{
    struct sim_event event;
    while (sim_take_event(sim, &event)) {
        run_event(sim, &event);
        sim_settle(sim);
        if (event.socket)
            sim_socket_unref(event.socket);
    }
}

/* ==== the calls that do not wait ==== */

static int open_socket(struct driver *driver, int family, int type, int protocol)
{
    bool ours = (family == AF_INET || family == AF_INET6) && type == SOCK_STREAM;
    return ours ? sim_new_descriptor(sim_of(driver), family) : net_kernel.open(driver, family, type, protocol);
}

static int bind_socket(struct driver *driver, int fd, const struct sockaddr *address, socklen_t size)
{
    return net_kernel.bind(driver, fd, address, size);
}

static int listen_socket(struct driver *driver, int fd, int backlog)
{
    struct sim *sim = sim_of(driver);
    struct sim_socket *socket = sim_find(sim, fd);
    int error = net_kernel.listen(driver, fd, backlog);
    if (error || !socket || socket->state != SIM_FRESH)
        return error;
    socklen_t size = sizeof socket->own;
    error = net_kernel.name(driver, fd, false, &socket->own.any, &size);
    if (error)
        return error;
    socket->state = SIM_LISTENS;
    socket->backlog_limit = backlog > 0 ? (size_t)backlog : 1;
    list_add_first(&sim->listeners, &socket->listener);
    epoll_adopt(driver, fd);
    return 0;
}

static int shut_down(struct driver *driver, int fd, int how)
{
    struct sim_socket *socket = sim_find(sim_of(driver), fd);
    if (!socket || socket->state != SIM_JOINED)
        return net_kernel.shutdown(driver, fd, how);
    int error = sim_shutdown(sim_of(driver), socket, how);
    sim_settle(sim_of(driver));
    return error;
}

static int get_name(struct driver *driver, int fd, bool peer, struct sockaddr *address, socklen_t *size)
{
    struct sim_socket *socket = sim_find(sim_of(driver), fd);
    if (!socket || socket->state != SIM_JOINED)
        return net_kernel.name(driver, fd, peer, address, size);
    const union sim_address *name = peer ? &socket->peer_name : &socket->own;
    socklen_t length = name->any.sa_family == AF_INET6 ? sizeof name->v6 : sizeof name->v4;
    if (peer && !socket->peer && !socket->finished)
        return -ENOTCONN;
    memcpy(address, name, *size < length ? *size : length);
    *size = length;
    return 0;
}

static int set_option(struct driver *driver, int fd, int level, int option, const void *value, socklen_t size)
{
    return net_kernel.set_option(driver, fd, level, option, value, size);
}

static int get_option(struct driver *driver, int fd, int level, int option, void *value, socklen_t *size)
{
    return net_kernel.get_option(driver, fd, level, option, value, size);
}

static int64_t send_file(struct driver *driver, int fd, int file, int64_t offset, size_t size)
{
    return sim_find(sim_of(driver), fd) ? -EINVAL : net_kernel.send_file(driver, fd, file, offset, size);
}

/* The same for bytes in memory, above the driver. */
static int64_t hold_up(struct driver *driver, size_t *size)
{
    struct sim *sim = sim_of(driver);
    *size = sim_part_of(sim, *size);
    return random_chance(&sim->random, sim->weather.late) ? sim_delay(sim) : -1;
}

static void reset(struct driver *driver, int fd)
{
    struct sim_socket *socket = sim_find(sim_of(driver), fd);
    if (!socket) {
        net_kernel.reset(driver, fd);
        return;
    }
    sim_break(sim_of(driver), socket, ECONNRESET);
    sim_settle(sim_of(driver));
}

const struct driver_net net_sim = {
    .open = open_socket,
    .bind = bind_socket,
    .listen = listen_socket,
    .shutdown = shut_down,
    .name = get_name,
    .set_option = set_option,
    .get_option = get_option,
    .send_file = send_file,
    .reset = reset,
    .hold_up = hold_up,
};

void sim_adopt(struct driver *driver, int fd)
{
    if (!sim_find(sim_of(driver), fd))
        epoll_adopt(driver, fd);
}

void sim_release(struct driver *driver, int fd)
{
    if (!sim_find(sim_of(driver), fd))
        epoll_release(driver, fd);
}

static bool has_operations(const struct sim_socket *socket)
{
    return !list_is_empty(&socket->readers) || !list_is_empty(&socket->writers) || !list_is_empty(&socket->pollers);
}

bool sim_is_busy(struct driver *driver, int fd)
{
    const struct sim_socket *socket = sim_find(sim_of(driver), fd);
    return (socket && has_operations(socket)) || epoll_is_busy(driver, fd);
}

void sim_close_fd(struct driver *driver, int fd)
{
    struct sim *sim = sim_of(driver);
    struct sim_socket *socket = sim_find(sim, fd), *pending;
    if (socket) {
        EDDY_ASSERT(!has_operations(socket), "descriptor %d is closed while operations on it are in flight", fd);
        if (socket->state == SIM_LISTENS)
            list_remove(&sim->listeners, &socket->listener);
        while ((pending = sim_take_pending(socket))) {
            sim_break(sim, pending, ECONNRESET);
            sim_part(sim, pending);
            sim_socket_unref(pending);
        }
        sim_part(sim, socket);
        sim_leave_table(sim, socket);
        sim_settle(sim);
    }
    epoll_close_fd(driver, fd);
}

void sim_finish(struct sim *sim)
{
    for (int fd = 0; (size_t)fd < sim->sockets.count; fd++)
        if (sim_find(sim, fd))
            sim_close_fd(&sim->epoll.driver, fd);
    EDDY_ASSERT(!sim->waiting && list_is_empty(&sim->looks) && list_is_empty(&sim->listeners),
                "a simulation ends and has work left");
    sim_events_free(sim);
    fd_table_free(&sim->sockets);
}
