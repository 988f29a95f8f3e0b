/* SPDX-License-Identifier: MIT */
/* socket.c - operations on sockets as awaitables. */
#define EDDY_LIBRARY
#include "io/socket.h"

#include <errno.h>
#include <netinet/tcp.h>

#include "core/failure.h"

/* ==== the awaitable ==== */

static void end(struct socket_op *self, int64_t result)
{
    bool cancelled = result == -ECANCELED && self->asked;
    self->result = result;
    native_complete(&self->awaitable, cancelled ? &failure_cancelled : NULL);
}

static void take(struct socket_op *self, const struct driver_op *op)
{
    if (op->kind == DRIVER_RECV_LENT && op->result > 0) {
        self->data = op->u.lent.data;
        self->lent_id = op->u.lent.id;
    }
    end(self, op->result);
}

static void on_completion(struct driver_op *op)
{
    struct task *task = (struct task *)(void *)((char *)op - offsetof(struct task, wait.op));
    take((struct socket_op *)(void *)task->waits_for, op);
}

static void describe(const struct socket_op *self, struct driver_op *op)
{
    *op = (struct driver_op){.kind = self->kind, .fd = self->fd, .complete = on_completion};
    switch (self->kind) {
    case DRIVER_POLL: op->u.poll.events = (unsigned)self->flags; break;
    case DRIVER_ACCEPT: break;
    case DRIVER_RECV_LENT: op->u.lent.single = self->flags != 0; break;
    case DRIVER_CONNECT:
        op->u.address.data = self->data;
        op->u.address.length = (socklen_t)self->size;
        break;
    case DRIVER_RECVMSG:
    case DRIVER_SENDMSG:
        op->u.message.data = self->data;
        op->u.message.flags = self->flags;
        break;
    default:
        op->u.buffer.data = self->data;
        op->u.buffer.size = self->size;
        op->u.buffer.flags = self->flags;
    }
}

static void start(struct eddy_awaitable *a)
{
    struct socket_op *self = (struct socket_op *)(void *)a;
    struct task *task = owner_of(a);
    struct driver_op *op = &task->wait.op;
    describe(self, op);
    if (driver_submit(task->loop->driver, op))
        take(self, op);
}

static void cancel(struct eddy_awaitable *a)
{
    struct task *task = owner_of(a);
    ((struct socket_op *)(void *)a)->asked = true;
    driver_cancel(task->loop->driver, &task->wait.op);
}

/* Accepted, but the task was cancelled before it could take it. */
static void close_accepted(struct eddy_awaitable *a)
{
    struct socket_op *self = (struct socket_op *)(void *)a;
    if (self->result >= 0)
        socket_close(current.loop, (int)self->result);
}

static const struct eddy_awaitable_type socket_type = {
    .name = "socket operation", .start = start, .cancel = cancel, .size = sizeof(struct socket_op)};
static const struct eddy_awaitable_type accept_type = {
    .name = "accept", .start = start, .cancel = cancel, .undo = close_accepted, .size = sizeof(struct socket_op)};

static struct socket_op make(uint8_t kind, int fd, const void *data, size_t size, int flags)
{
    struct socket_op op = {ED_HEADER(socket_type), .kind = kind, .fd = fd};
    op.data = (void *)(uintptr_t)data;
    op.size = size;
    op.flags = flags;
    return op;
}

struct socket_op socket_recv(int fd, void *data, size_t size, int flags)
{
    return make(DRIVER_RECV, fd, data, size, flags);
}

struct socket_op socket_send(int fd, const void *data, size_t size, int flags)
{
    return make(DRIVER_SEND, fd, data, size, flags);
}

struct socket_op socket_recv_lent(int fd, bool single)
{
    return make(DRIVER_RECV_LENT, fd, NULL, 0, single);
}

struct socket_op socket_recvmsg(int fd, struct msghdr *message, int flags)
{
    return make(DRIVER_RECVMSG, fd, message, sizeof *message, flags);
}

struct socket_op socket_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return make(DRIVER_SENDMSG, fd, message, sizeof *message, flags);
}

struct socket_op socket_read(int fd, void *data, size_t size)
{
    return make(DRIVER_READ, fd, data, size, 0);
}

struct socket_op socket_write(int fd, const void *data, size_t size)
{
    return make(DRIVER_WRITE, fd, data, size, 0);
}

struct socket_op socket_accept(int fd)
{
    struct socket_op op = make(DRIVER_ACCEPT, fd, NULL, 0, 0);
    op.awaitable.awaitable.type = &accept_type;
    return op;
}

struct socket_op socket_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    return make(DRIVER_CONNECT, fd, address, size, 0);
}

struct socket_op socket_poll(int fd, unsigned events)
{
    return make(DRIVER_POLL, fd, NULL, 0, (int)events);
}

/* ==== sockets ==== */

int socket_open(int family)
{
    struct driver *driver = current.loop->driver;
    int on = 1, fd = net_open(driver, family, SOCK_STREAM, 0);
    /* A listening socket hands this on to those that it accepts. */
    if (fd >= 0 && family != AF_UNIX)
        net_set_option(driver, fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void socket_close(struct eddy_loop *loop, int fd)
{
    int saved = errno;
    driver_close_fd(loop->driver, fd);
    errno = saved;
}
