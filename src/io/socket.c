/* SPDX-License-Identifier: MIT */
/* socket.c - operations on sockets as awaitables. */
#define EDDY_LIBRARY
#include "io/socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>

#include "core/impl.h"

/* ==== whole messages ==== */

struct receive_all {
    struct operation operation;
    size_t room; /* size of the memory for ancillary data */
    size_t got;  /* bytes so far */
};

/* False: the message has no more room. */
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

/* The bytes that arrived are the result, for whatever reason the wait for more ended. After descriptors nothing more
 * is received. */
static bool receive_more(struct operation *operation, struct driver_op *op)
{
    struct receive_all *self = container_of(operation, struct receive_all, operation);
    struct msghdr *message = op->u.message.data;
    if (op->result > 0)
        self->got += (size_t)op->result;
    if (op->result > 0 && advance(message, (size_t)op->result) && !message->msg_controllen && !op->cancelled) {
        message->msg_controllen = self->room;
        return true;
    }
    if (self->got)
        op->result = (int64_t)self->got;
    return false;
}

eddy_async_define(int64_t, socket_recvmsg_all, (int, fd), (struct msghdr *, message), (int, flags))
{
    struct receive_all all = {socket_recvmsg(fd, message, flags), .room = message->msg_controllen};
    all.operation.goes_on = receive_more;
    return eddy_await(&all.operation);
}

/* ==== connecting ==== */

struct operation socket_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    struct sockaddr *to = (struct sockaddr *)(uintptr_t)address; /* only read */
    return OPERATION_OF(.kind = DRIVER_CONNECT, .fd = fd, .u.address = {.data = to, .length = size});
}

/* Seconds between tries while the server's queue is full: there is no event for room in it. */
static const double first_pause = 0.001, longest_pause = 0.05;

/* Another connect on the socket is in flight, perhaps a cancelled one: its outcome is also the outcome of this one,
 * whichever asks the kernel first. */
eddy_async(int64_t, outcome_of_connect, (int, fd), (const struct sockaddr *, address), (socklen_t, size))
{
    int64_t result = eddy_await(socket_poll(fd, POLLOUT));
    if (result >= 0)
        result = eddy_await(socket_connect(fd, address, size));
    return result == -EISCONN ? 0 : result;
}

eddy_async_define(int64_t, socket_connect_patiently, (int, fd), (const struct sockaddr *, address), (socklen_t, size))
{
    for (double pause = first_pause;; pause = pause * 2 < longest_pause ? pause * 2 : longest_pause) {
        int64_t result = eddy_await(socket_connect(fd, address, size));
        if (result == -EALREADY)
            return eddy_await(outcome_of_connect(fd, address, size));
        if (!net_queue_is_full(address, size, result))
            return result;
        eddy_await(eddy_sleep(pause));
    }
}

/* ==== sockets ==== */

int socket_open(int family)
{
    struct driver *driver = current.loop->driver;
    int on = 1, fd = net_open(driver, family, SOCK_STREAM, 0);
    /* Set on a listening socket; accepted sockets inherit it. */
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

int socket_name(struct driver *driver, int fd, bool peer, struct eddy_address *address)
{
    struct eddy_address name = {.size = 0};
    socklen_t size = sizeof name.data;
    int error = net_name(driver, fd, peer, address_any(&name), &size);
    if (error)
        return error;
    name.size = size < sizeof name.data ? size : sizeof name.data;
    *address = name;
    return 0;
}

bool socket_is_fifo(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}
