/* SPDX-License-Identifier: MIT */
/*
 * transport_socket.c - a connected stream socket as a transport.
 *
 * While it waits for bytes it holds no buffer: the driver finds one when they arrive.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "io/socket.h"
#include "io/transport.h"
#include "os/memory.h"
#include "os/stranger.h"

struct socket_transport {
    struct transport transport;
    int fd;
    bool is_unix;
    bool in_stream; /* its memory is a part of the stream's, which lives longer */
    bool of_others; /* the caller has opened it: it may block, and other processes may share the open file */
};

static int fd_of(const struct transport *t)
{
    return ((const struct socket_transport *)(const void *)t)->fd;
}

static bool is_unix(const struct transport *t)
{
    return ((const struct socket_transport *)(const void *)t)->is_unix;
}

static bool is_of_others(const struct transport *t)
{
    return ((const struct socket_transport *)(const void *)t)->of_others;
}

/* This operation of the driver is the rest of the transport's operation. */
static int64_t wait_for(struct transport_op *op, struct operation *inner)
{
    operation_run(&inner->awaitable);
    op->awaitable.awaitable.failure = inner->awaitable.awaitable.failure;
    return op->result = inner->result;
}

static void receive(struct transport_op *op)
{
    struct operation inner = socket_recv_lent(fd_of(op->transport), is_unix(op->transport));
    if (wait_for(op, &inner) > 0)
        *op->u.chunk = (struct chunk){inner.what.u.lent.data, inner.what.u.lent.id};
}

static int64_t receive_here(struct transport *t, struct chunk *chunk, struct eddy_failure **failure)
{
    const struct driver_op *op = operation_receive_lent(fd_of(t), is_unix(t), failure);
    if (op->result > 0)
        *chunk = (struct chunk){op->u.lent.data, op->u.lent.id};
    return op->result;
}

static void receive_into(struct transport_op *op)
{
    struct operation inner = socket_recv(fd_of(op->transport), op->u.room.data, op->u.room.size, 0);
    wait_for(op, &inner);
}

static void give_back(struct transport *t, struct chunk *chunk)
{
    driver_give_back(t->loop->driver, chunk->data, chunk->id);
}

static void send_one(struct transport_op *op)
{
    const struct iovec *part = op->u.bytes.parts;
    struct operation inner = socket_send(fd_of(op->transport), part->iov_base, part->iov_len, 0);
    wait_for(op, &inner);
}

static void send_several(struct transport_op *op)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)op->u.bytes.parts,
                             .msg_iovlen = (size_t)op->u.bytes.count};
    struct operation inner = socket_sendmsg(fd_of(op->transport), &message, 0);
    wait_for(op, &inner);
}

static void send_bytes(struct transport_op *op)
{
    if (op->u.bytes.count == 1)
        send_one(op);
    else
        send_several(op);
}

static int64_t send_now(struct transport *t, const void *data, size_t size)
{
    return driver_send_now(t->loop->driver, fd_of(t), data, size);
}

static int64_t try_file(const struct transport_op *op)
{
    return net_send_file(op->transport->loop->driver, fd_of(op->transport), op->u.file.fd, op->u.file.offset,
                         op->u.file.size);
}

/* A socket can be ready and yet never accept a file's pages (Linux 6.18, TCP on loopback, a peer that does not
 * read): a piece is copied then. */
static void send_file(struct transport_op *op)
{
    struct operation ready = socket_poll(fd_of(op->transport), POLLOUT);
    op->result = -EINVAL;
    if (is_of_others(op->transport) && stranger_is_blocking(fd_of(op->transport)))
        return; /* sendfile(2) would wait */
    op->result = try_file(op);
    if (op->result != -EAGAIN || wait_for(op, &ready) < 0 || op->awaitable.awaitable.failure)
        return;
    op->result = try_file(op);
    if (op->result == -EAGAIN)
        op->result = -EINVAL;
}

static void send_message(struct transport_op *op)
{
    struct operation inner = socket_sendmsg(fd_of(op->transport), op->u.message, 0);
    op->result = -EOPNOTSUPP;
    if (is_unix(op->transport))
        wait_for(op, &inner);
}

static void receive_message(struct transport_op *op)
{
    struct operation inner = socket_recvmsg(fd_of(op->transport), op->u.message, 0);
    op->result = -EOPNOTSUPP;
    if (is_unix(op->transport))
        wait_for(op, &inner);
}

static void send_end(struct transport_op *op)
{
    int error = net_shutdown(op->transport->loop->driver, fd_of(op->transport), SHUT_WR);
    /* ENOTCONN: the peer has reset the connection, which cannot be ended in one direction then. */
    op->result = error == -ENOTCONN ? 0 : error;
}

static void close_socket(struct transport *t)
{
    if (t->reset)
        net_reset(t->loop->driver, fd_of(t));
    if (is_of_others(t))
        driver_release(t->loop->driver, fd_of(t)); /* closing alone would not end the watching */
    socket_close(t->loop, fd_of(t));
    if (!((struct socket_transport *)(void *)t)->in_stream)
        memory_free(t);
}

static bool get_name(struct transport *t, bool peer, struct eddy_address *address)
{
    return socket_name(t->loop->driver, fd_of(t), peer, address) == 0;
}

/* A peer without a name, or one that has reset the connection, is described by the local address. */
static size_t format_name(struct transport *t, bool peer, char *buffer, size_t size)
{
    struct eddy_address address;
    char own[128] = "a closed socket";
    if (get_name(t, peer, &address) && (!peer || address.size > sizeof(sa_family_t)))
        return eddy_address_format(&address, buffer, size);
    if (get_name(t, false, &address))
        eddy_address_format(&address, own, sizeof own);
    int length = snprintf(buffer, size, peer ? "a peer of %s" : "%s", own);
    return length < 0 ? 0 : (size_t)length;
}

static const struct transport_type socket_transport_type = {
    .name = "socket",
    .receive = receive,
    .receive_into = receive_into,
    .receive_here = receive_here,
    .give_back = give_back,
    .send = send_bytes,
    .send_now = send_now,
    .send_file = send_file,
    .send_message = send_message,
    .receive_message = receive_message,
    .send_end = send_end,
    .close = close_socket,
    .descriptor = fd_of,
    .format_name = format_name,
};

static struct transport *fill(struct socket_transport *t, struct eddy_loop *loop, int fd, bool of_unix)
{
    t->transport.type = &socket_transport_type;
    t->transport.loop = loop;
    t->fd = fd;
    t->is_unix = of_unix;
    return &t->transport;
}

struct transport *socket_transport(struct eddy_loop *loop, int fd, bool of_unix)
{
    struct socket_transport *t = memory_alloc_zeroed(sizeof *t);
    return t ? fill(t, loop, fd, of_unix) : NULL;
}

const size_t socket_transport_size = sizeof(struct socket_transport);

struct transport *socket_transport_in(void *memory, struct eddy_loop *loop, int fd, bool of_unix)
{
    struct socket_transport *t = memory;
    t->in_stream = true;
    return fill(t, loop, fd, of_unix);
}

void socket_transport_take(struct transport *t)
{
    ((struct socket_transport *)(void *)t)->of_others = true;
    if (!stranger_is_blocking(fd_of(t)))
        driver_adopt(t->loop->driver, fd_of(t));
}
