/* SPDX-License-Identifier: MIT */
/*
 * socket.h - the operations on sockets, pipes and other descriptors, and calls on sockets.
 *
 * Each function makes an operation, which is awaited; see core/operation.h. The descriptor must stay open, and the
 * memory must live, until the await has ended.
 */
#ifndef EDDY_IO_SOCKET_H
#define EDDY_IO_SOCKET_H

#include <eddy.h>

#include "core/impl.h"
#include "io/address.h"
#include "os/net.h"

static inline struct operation socket_recv(int fd, void *data, size_t size, int flags)
{
    return OPERATION_OF(.kind = DRIVER_RECV, .fd = fd, .u.buffer = {data, size, flags});
}
/* The lent buffer is in `what.u.lent` of the operation. single: nothing may be received before it is asked for. */
static inline struct operation socket_recv_lent(int fd, bool single)
{
    return OPERATION_OF(.kind = DRIVER_RECV_LENT, .fd = fd, .u.lent.single = single);
}
static inline struct operation socket_send(int fd, const void *data, size_t size, int flags)
{
    void *bytes = (void *)(uintptr_t)data; /* only read */
    return OPERATION_OF(.kind = DRIVER_SEND, .fd = fd, .u.buffer = {bytes, size, flags});
}
static inline struct operation socket_recvmsg(int fd, struct msghdr *message, int flags)
{
    return OPERATION_OF(.kind = DRIVER_RECVMSG, .fd = fd, .u.message = {message, flags});
}
static inline struct operation socket_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct msghdr *parts = (struct msghdr *)(uintptr_t)message; /* only read */
    return OPERATION_OF(.kind = DRIVER_SENDMSG, .fd = fd, .u.message = {parts, flags});
}
static inline struct operation socket_read(int fd, void *data, size_t size)
{
    return OPERATION_OF(.kind = DRIVER_READ, .fd = fd, .u.buffer = {data, size, 0});
}
static inline struct operation socket_write(int fd, const void *data, size_t size)
{
    void *bytes = (void *)(uintptr_t)data; /* only read */
    return OPERATION_OF(.kind = DRIVER_WRITE, .fd = fd, .u.buffer = {bytes, size, 0});
}
static inline struct operation socket_poll(int fd, unsigned events)
{
    return OPERATION_OF(.kind = DRIVER_POLL, .fd = fd, .u.poll.events = events);
}
/* Result: the socket, not adopted. */
static inline struct operation socket_accept(int fd)
{
    return OPERATION_OF(.kind = DRIVER_ACCEPT, .fd = fd);
}
/* One try: -EAGAIN if the queue of a Unix socket is full. */
struct operation socket_connect(int fd, const struct sockaddr *address, socklen_t size);
/* Waits for room in that queue. The same results, except -EAGAIN. */
eddy_async_declare(int64_t, socket_connect_patiently, (int, fd), (const struct sockaddr *, address), (socklen_t, size));
/* MSG_WAITALL: bytes until the parts of the message are full, the stream ends or fails, or the task is cancelled
 * (which is then delivered at its next await). Changes the message. */
eddy_async_declare(int64_t, socket_recvmsg_all, (int, fd), (struct msghdr *, message), (int, flags));

/* A non-blocking stream socket of the running loop, or a negative errno value.  Closed by socket_close. */
int socket_open(int family);
void socket_close(struct eddy_loop *loop, int fd);
/* A socket that is closed when the scope is left, unless it was passed on (fd -1): eddy_defer(socket_drop, &held). */
struct held_socket {
    struct eddy_loop *loop;
    int fd;
};
void socket_drop(struct held_socket *held);
/* The address of the peer, or its own. Returns 0, or a negative errno value, and *address is as before. */
int socket_name(struct driver *driver, int fd, bool peer, struct eddy_address *address);
/* A pipe, with or without a name. */
bool socket_is_fifo(int fd);

#endif
