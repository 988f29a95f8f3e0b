/* SPDX-License-Identifier: MIT */
/* driver_epoll_call.c - the system calls of the epoll driver's operations; none of them waits. */
#define _GNU_SOURCE
#include "os/driver_epoll.h"

#include "os/socket_call.h"
#include "os/stranger.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>

static int64_t answer(int64_t got)
{
    return got < 0 ? -errno : got;
}

static int64_t poll_now(int fd, unsigned events)
{
    struct pollfd entry = {.fd = fd, .events = (short)events};
    if (fd < 0) /* poll(2) ignores this descriptor */
        return -EBADF;
    int count = poll(&entry, 1, 0);
    if (count < 0)
        return -errno;
    if (count == 0)
        return -EAGAIN;
    return (entry.revents & POLLNVAL) != 0 ? -EBADF : (unsigned short)entry.revents;
}

/* An interrupted call goes on by itself. -EAGAIN is a result: the queue of a Unix socket is full, and the call had
 * no effect. */
static int64_t begin_connect(const struct driver_op *op)
{
    int64_t result = stranger_connect(op);
    return result == -EALREADY || result == -EINTR ? -EINPROGRESS : result;
}

/* The event may be an older one: only a writable socket has an outcome. A second connect returns the outcome and
 * leaves the socket usable for another connect; after SO_ERROR it would stay in the state of connecting. */
static int64_t end_connect(const struct driver_op *op)
{
    int64_t ready = poll_now(op->fd, POLLOUT);
    if (ready < 0)
        return ready == -EAGAIN ? -EINPROGRESS : ready;
    int64_t result = begin_connect(op);
    return result == -EISCONN ? 0 : result;
}

/* musl's recvmsg reads also a message that is not there. */
static int64_t receive_message(const struct driver_op *op)
{
    struct msghdr *message = op->u.message.data;
    return message ? answer(recvmsg(op->fd, message, op->u.message.flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) : -EFAULT;
}

/* For a socket that other code left blocking: only its own task waits, not the loop. */
enum { NOW = MSG_DONTWAIT | MSG_NOSIGNAL };

int64_t epoll_call(const struct driver_op *op, bool waited)
{
    void *data = op->u.buffer.data;
    size_t size = op->u.buffer.size;
    switch (op->kind) {
    case DRIVER_POLL: return poll_now(op->fd, op->u.poll.events);
    case DRIVER_ACCEPT:
        return answer(
            accept4(op->fd, op->u.address.data, op->u.address.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    case DRIVER_CONNECT: return waited ? end_connect(op) : begin_connect(op);
    case DRIVER_RECV: return answer(socket_call_receive(op->fd, data, size, op->u.buffer.flags | MSG_DONTWAIT));
    case DRIVER_SEND: return answer(socket_call_send(op->fd, data, size, op->u.buffer.flags | NOW));
    case DRIVER_RECVMSG: return receive_message(op);
    case DRIVER_SENDMSG: return answer(sendmsg(op->fd, op->u.message.data, op->u.message.flags | NOW));
    case DRIVER_READ: return answer(read(op->fd, data, driver_length(size)));
    case DRIVER_WRITE: return answer(write(op->fd, data, driver_length(size)));
    default: return -EINVAL;
    }
}

bool epoll_is_tcp(int fd)
{
    int protocol = 0;
    socklen_t size = sizeof protocol;
    return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == IPPROTO_TCP;
}
