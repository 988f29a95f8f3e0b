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
#include <netinet/in.h>

#include "core/current.h"
#include "core/loop.h"

struct socket_op {
    struct eddy_awaitable awaitable;
    int64_t result;       /* as the system call's, or a negative errno value */
    uint8_t kind;         /* an enum driver_op_kind */
    bool asked;           /* to end early, by the cancellation of its task */
    int fd;               /* open until it has ended */
    void *data;           /* buffer, or address */
    size_t size;          /* of data */
    int flags;            /* MSG_ values, or poll events */
    socklen_t *size_slot; /* accept: where the size of the address goes */
};

/* An address of a host: what getaddrinfo gives for TCP. */
union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Waits until it has ended; gives the failure that a cancellation is, else NULL. */
struct socket_op socket_recv(int fd, void *data, size_t size, int flags);
struct socket_op socket_send(int fd, const void *data, size_t size, int flags);
/* Result: the socket, not adopted.  address, if not NULL, lies off the stack, *size being its room. */
struct socket_op socket_accept(int fd, union address *address, socklen_t *size);
struct socket_op socket_connect(int fd, const struct sockaddr *address, socklen_t size);
struct socket_op socket_poll(int fd, unsigned events);

/* A non-blocking socket of the running loop, or a negative errno value.  Closed by socket_close. */
int socket_open(int family);
void socket_close(struct eddy_loop *loop, int fd);
socklen_t address_size(const union address *address);
int address_port(const union address *address);
/* "127.0.0.1:80", "[::1]:80"; "an unknown address" for other families; as snprintf. */
size_t address_format(const union address *address, char *buffer, size_t size);

#endif
