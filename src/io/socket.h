/* SPDX-License-Identifier: MIT */
/*
 * socket.h - the operations of the driver as awaitables, for the files of this folder.
 *
 * Invariant: what the driver holds while an operation is in flight lies in the header of the task that waits; the
 * awaitable (on that task's stack) is read when it starts and written when it ends.  A result below zero
 * is a negative errno value, which the caller turns into an error that says what was being done; only the
 * waiting task's own cancellation fails the await itself.
 */
#ifndef EDDY_IO_SOCKET_H
#define EDDY_IO_SOCKET_H

#include <eddy.h>

#include "core/impl.h"
#include "io/address.h"
#include "os/net.h"

struct socket_op {
    struct eddy_awaitable awaitable;
    int64_t result;       /* as the system call's, or a negative errno value */
    uint8_t kind;         /* an enum driver_op_kind */
    bool asked;           /* to end early, by the cancellation of its task */
    bool all;             /* recvmsg: goes on until there is no room, or no more */
    int fd;               /* open until it has ended */
    void *data;           /* buffer, message, or address; of DRIVER_RECV_LENT: what was lent */
    size_t size;          /* of data; all: room for ancillary data */
    int flags;            /* MSG_ values, or poll events */
    unsigned lent_id;     /* DRIVER_RECV_LENT: for driver_give_back */
    size_t got;           /* all: bytes so far */
};

/* Waits until it has ended; gives the failure that a cancellation is, else NULL. */
struct socket_op socket_recv(int fd, void *data, size_t size, int flags);
/* single: nothing may be received before it is asked for. */
struct socket_op socket_recv_lent(int fd, bool single);
struct socket_op socket_send(int fd, const void *data, size_t size, int flags);
struct socket_op socket_recvmsg(int fd, struct msghdr *message, int flags);
/* MSG_WAITALL: bytes until the parts of the message are full, the stream ends or fails, or the task is asked to end
 * (which it then does in its next await).  Uses the message up. */
struct socket_op socket_recvmsg_all(int fd, struct msghdr *message, int flags);
struct socket_op socket_sendmsg(int fd, const struct msghdr *message, int flags);
struct socket_op socket_read(int fd, void *data, size_t size);
struct socket_op socket_write(int fd, const void *data, size_t size);
/* Result: the socket, not adopted. */
struct socket_op socket_accept(int fd);
/* One try: -EAGAIN if the queue of a Unix socket is full. */
struct socket_op socket_connect(int fd, const struct sockaddr *address, socklen_t size);
/* Waits for room in that queue.  The same results, but for -EAGAIN. */
eddy_async_declare(int64_t, socket_connect_patiently, (int, fd), (const struct sockaddr *, address), (socklen_t, size));
struct socket_op socket_poll(int fd, unsigned events);

/* A non-blocking stream socket of the running loop, or a negative errno value.  Closed by socket_close. */
int socket_open(int family);
void socket_close(struct eddy_loop *loop, int fd);
/* A socket that is closed when the scope is left, unless it was handed on (fd -1): eddy_defer(socket_drop, &held). */
struct held_socket {
    struct eddy_loop *loop;
    int fd;
};
void socket_drop(struct held_socket *held);
/* A pipe, with or without a name. */
bool socket_is_fifo(int fd);

#endif
