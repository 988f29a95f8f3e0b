/* SPDX-License-Identifier: MIT */
/* socket.c - operations on sockets as awaitables. */
#define EDDY_LIBRARY
#include "io/socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include "core/impl.h"

/* ==== the awaitable ==== */

static void end(struct socket_op *self, int64_t result)
{
    bool cancelled = result == -ECANCELED && self->asked;
    self->result = result;
    native_complete(&self->awaitable, cancelled ? &failure_cancelled : NULL);
}

static void on_completion(struct driver_op *op);

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

/* False: there is no room for more. */
static bool advance(struct msghdr *message, size_t size)
{
    for (; message->msg_iovlen > 0 && size >= message->msg_iov->iov_len; message->msg_iov++, message->msg_iovlen--)
        size -= message->msg_iov->iov_len;
    if (message->msg_iovlen == 0)
        return false;
    message->msg_iov->iov_base = (char *)message->msg_iov->iov_base + size;
    message->msg_iov->iov_len -= size;
    return true;
}

/* What came stays, whatever ended the waiting for more.  So do descriptors: what comes with them is the last. */
static int64_t total_so_far(struct socket_op *self, const struct driver_op *op, bool *more)
{
    struct msghdr *message = self->data;
    if (!self->all)
        return op->result;
    if (op->result > 0)
        self->got += (size_t)op->result;
    *more = op->result > 0 && advance(message, (size_t)op->result) && !message->msg_controllen && !self->asked;
    if (*more)
        message->msg_controllen = self->size;
    return self->got ? (int64_t)self->got : op->result;
}

static void take(struct socket_op *self, struct driver_op *op)
{
    bool more = false;
    int64_t result = total_so_far(self, op, &more);
    while (more) {
        describe(self, op);
        if (!driver_submit(owner_of(&self->awaitable)->loop->driver, op))
            return;
        result = total_so_far(self, op, &more);
    }
    if (op->kind == DRIVER_RECV_LENT && op->result > 0) {
        self->data = op->u.lent.data;
        self->lent_id = op->u.lent.id;
    }
    end(self, result);
}

static void on_completion(struct driver_op *op)
{
    struct task *task = container_of(op, struct task, wait.op);
    take((struct socket_op *)(void *)task->waits_for, op);
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

static const struct eddy_awaitable_type socket_type = {
    .name = "socket operation", .start = start, .cancel = cancel, .kind = EDDY_IO, .size = sizeof(struct socket_op)};

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

struct socket_op socket_recvmsg_all(int fd, struct msghdr *message, int flags)
{
    struct socket_op op = make(DRIVER_RECVMSG, fd, message, message->msg_controllen, flags);
    op.all = true;
    return op;
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
    return make(DRIVER_ACCEPT, fd, NULL, 0, 0);
}

struct socket_op socket_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    return make(DRIVER_CONNECT, fd, address, size, 0);
}

/* Seconds between tries at a queue that is full: nothing tells when it has room. */
static const double first_pause = 0.001, longest_pause = 0.05;

eddy_async_define(int64_t, socket_connect_patiently, (int, fd), (const struct sockaddr *, address), (socklen_t, size))
{
    bool is_unix = address && size >= sizeof address->sa_family && address->sa_family == AF_UNIX;
    for (double pause = first_pause;; pause = pause * 2 < longest_pause ? pause * 2 : longest_pause) {
        int64_t result = eddy_await(socket_connect(fd, address, size));
        if (result != -EAGAIN || !is_unix)
            return result;
        eddy_await(eddy_sleep(pause));
    }
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

void socket_drop(struct held_socket *held)
{
    if (held->fd >= 0)
        socket_close(held->loop, held->fd);
}

bool socket_is_fifo(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}
