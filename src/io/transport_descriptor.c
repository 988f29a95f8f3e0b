/* SPDX-License-Identifier: MIT */
/*
 * transport_descriptor.c - a transport of pipes, ttys and other descriptors for read(2) and write(2).
 *
 * While it waits for bytes it holds no buffer: it waits until there are some, and then finds a buffer for them. A
 * descriptor that the caller has opened in blocking mode remains blocking, since the shell or the other programs of
 * a pipeline share the open file. A pipe or a tty is opened once more, in non-blocking mode, and the bytes go
 * through the new descriptor.
 */
#define _GNU_SOURCE /* O_DIRECT */
#define EDDY_LIBRARY
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/impl.h"
#include "io/socket.h"
#include "io/transport.h"
#include "os/memory.h"
#include "os/stranger.h"

enum { CHUNK = 8192 };

struct descriptor_transport {
    struct transport transport;
    int in, out;       /* -1: the stream does not have this direction, or has it no more; may be equal */
    int given[2];      /* the caller's descriptors, if different; closed with in and out.  -1: none */
    bool shared;       /* others may have the same open file */
    bool ended;        /* `out` was closed to tell the reader that nothing more comes */
};

static struct descriptor_transport *self_of(const struct transport *t)
{
    return (struct descriptor_transport *)(uintptr_t)t;
}

/* The failure, if there is one, becomes the operation's. */
static int64_t wait_for(struct transport_op *op, struct operation *inner)
{
    eddy_run_generic(&inner->awaitable);
    op->awaitable.awaitable.failure = inner->awaitable.awaitable.failure;
    return op->result = op->awaitable.awaitable.failure ? -ECANCELED : inner->result;
}

/* A regular file is always ready: the read gives its result. */
static bool becomes_readable(struct transport_op *op, int fd)
{
    struct operation ready = socket_poll(fd, POLLIN);
    return wait_for(op, &ready) > 0;
}

static void read_some(struct transport_op *op, int fd, void *data, size_t size)
{
    struct operation inner = socket_read(fd, data, size);
    if (wait_for(op, &inner) == -EIO) /* a tty whose other side is closed */
        op->result = 0;
}

static void receive(struct transport_op *op)
{
    int fd = self_of(op->transport)->in;
    op->result = fd < 0 ? -EBADF : 0;
    if (fd < 0 || !becomes_readable(op, fd))
        return;
    char *data = memory_alloc(CHUNK);
    if (!data) {
        op->result = -ENOMEM;
        return;
    }
    read_some(op, fd, data, CHUNK);
    if (op->result > 0)
        *op->u.chunk = (struct chunk){.data = data};
    else
        memory_free(data);
}

static void receive_into(struct transport_op *op)
{
    int fd = self_of(op->transport)->in;
    op->result = fd < 0 ? -EBADF : 0;
    if (fd >= 0)
        read_some(op, fd, op->u.room.data, op->u.room.size);
    /* A FIFO that no writer has opened yet is not at its end. */
    if (op->result == 0 && op->u.room.size && socket_is_fifo(fd) && becomes_readable(op, fd))
        read_some(op, fd, op->u.room.data, op->u.room.size);
}

static void give_back(struct transport *t, struct chunk *chunk)
{
    (void)t;
    memory_free(chunk->data);
}

static void send_bytes(struct transport_op *op)
{
    int fd = self_of(op->transport)->out;
    const struct iovec *part = op->u.bytes.parts;
    if (fd < 0) {
        op->result = self_of(op->transport)->ended ? -EPIPE : -EBADF;
        return;
    }
    while (part->iov_len == 0 && part + 1 < op->u.bytes.parts + op->u.bytes.count)
        part++;
    struct operation inner = socket_write(fd, part->iov_base, part->iov_len);
    wait_for(op, &inner);
}

static void close_way(struct descriptor_transport *self, int *fd, int *given)
{
    struct eddy_loop *loop = self->transport.loop;
    if (*fd >= 0 && self->shared)
        driver_release(loop->driver, *fd); /* closing alone would not end the watching */
    if (*fd >= 0)
        socket_close(loop, *fd);
    if (*given >= 0)
        close(*given);
    *fd = *given = -1;
}

static void close_out(struct descriptor_transport *self)
{
    if (self->out != self->in)
        close_way(self, &self->out, &self->given[1]);
    self->out = -1;
}

/* A pipe ends when it is closed; one descriptor for both directions cannot end one of them. */
static void send_end(struct transport_op *op)
{
    struct descriptor_transport *self = self_of(op->transport);
    op->result = self->out == self->in ? -EOPNOTSUPP : 0;
    if (op->result != 0)
        return;
    self->ended |= self->out >= 0;
    close_out(self);
}

static void close_both(struct transport *t)
{
    struct descriptor_transport *self = self_of(t);
    close_out(self);
    close_way(self, &self->in, &self->given[0]);
    memory_free(self);
}

static int descriptor(const struct transport *t)
{
    const struct descriptor_transport *self = self_of(t);
    if (self->in >= 0)
        return self->given[0] >= 0 ? self->given[0] : self->in;
    return self->given[1] >= 0 ? self->given[1] : self->out;
}

static const char *kind_of(int fd)
{
    struct stat facts;
    if (fd < 0 || fstat(fd, &facts) != 0)
        return "a closed descriptor";
    if (S_ISFIFO(facts.st_mode))
        return "a pipe";
    return isatty(fd) ? "a tty" : "a descriptor";
}

static size_t format_name(struct transport *t, bool peer, char *buffer, size_t size)
{
    int fd = descriptor(t);
    (void)peer;
    int length = snprintf(buffer, size, "%s (%d)", kind_of(fd), fd);
    return length < 0 ? 0 : (size_t)length;
}

static const struct transport_type descriptor_transport_type = {
    .name = "descriptor",
    .receive = receive,
    .receive_into = receive_into,
    .give_back = give_back,
    .send = send_bytes,
    .send_end = send_end,
    .close = close_both,
    .descriptor = descriptor,
    .format_name = format_name,
};

struct transport *descriptor_transport(struct eddy_loop *loop, int in, int out)
{
    struct descriptor_transport *t = memory_alloc_zeroed(sizeof *t);
    if (!t)
        return NULL;
    *t = (struct descriptor_transport){
        .transport = {.type = &descriptor_transport_type, .loop = loop}, .in = in, .out = out, .given = {-1, -1}};
    return &t->transport;
}

/* ==== descriptors that other code has opened ==== */

/* Of a terminal both sides are ttys; opening the master's file makes another terminal. */
static bool can_be_opened_again(int fd)
{
    struct stat facts;
    int number;
    if (fstat(fd, &facts) != 0)
        return false;
    return S_ISFIFO(facts.st_mode) || (isatty(fd) && ioctl(fd, TIOCGPTN, &number) != 0);
}

/* -1: not possible. */
static int open_again(int fd)
{
    char path[32];
    if (!can_be_opened_again(fd))
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, (fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_DIRECT)) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

/* A file that cannot be opened again is used as it is, as a stranger: each call on it finds out how not to wait. */
static void take_way(struct descriptor_transport *self, int *fd, int *given)
{
    if (*fd < 0)
        return;
    int again = stranger_is_blocking(*fd) ? open_again(*fd) : -1;
    if (again >= 0) {
        *given = *fd;
        *fd = again;
    }
    if (again >= 0 || !stranger_is_blocking(*fd))
        driver_adopt(self->transport.loop->driver, *fd);
}

void descriptor_transport_take(struct transport *t)
{
    struct descriptor_transport *self = self_of(t);
    bool same = self->out == self->in;
    self->shared = true;
    take_way(self, &self->in, &self->given[0]);
    if (same)
        self->out = self->in;
    else
        take_way(self, &self->out, &self->given[1]);
}
