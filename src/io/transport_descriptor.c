/* SPDX-License-Identifier: MIT */
/*
 * transport_descriptor.c - pipes, ttys and whatever else read(2) and write(2) do for, as a transport.
 *
 * While it waits for bytes no buffer is held: it waits until there are some, and then finds a buffer for them.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/failure.h"
#include "io/socket.h"
#include "io/transport.h"
#include "os/memory.h"

enum { CHUNK = 8192 };

struct descriptor_transport {
    struct transport transport;
    int in, out; /* -1: no such way, or no longer; perhaps the same */
};

static struct descriptor_transport *self_of(const struct transport *t)
{
    return (struct descriptor_transport *)(uintptr_t)t;
}

/* The failure, if there is one, becomes the operation's. */
static int64_t wait_for(struct transport_op *op, struct socket_op *inner)
{
    eddy_run_generic(&inner->awaitable);
    op->awaitable.awaitable.failure = inner->awaitable.awaitable.failure;
    return op->result = op->awaitable.awaitable.failure ? -ECANCELED : inner->result;
}

/* A regular file is always ready, and says so by the read. */
static bool becomes_readable(struct transport_op *op, int fd)
{
    struct socket_op ready = socket_poll(fd, POLLIN);
    return wait_for(op, &ready) > 0;
}

static void read_some(struct transport_op *op, int fd, void *data, size_t size)
{
    struct socket_op inner = socket_read(fd, data, size);
    if (wait_for(op, &inner) == -EIO) /* a tty whose other side has gone */
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
    while (part->iov_len == 0 && part + 1 < op->u.bytes.parts + op->u.bytes.count)
        part++;
    struct socket_op inner = socket_write(fd, part->iov_base, part->iov_len);
    wait_for(op, &inner);
}

static void close_out(struct descriptor_transport *self)
{
    if (self->out >= 0 && self->out != self->in)
        socket_close(self->transport.loop, self->out);
    self->out = -1;
}

/* A pipe ends when it is closed; what is one descriptor for both ways has no end of its own. */
static void send_end(struct transport_op *op)
{
    struct descriptor_transport *self = self_of(op->transport);
    op->result = self->out == self->in ? -EOPNOTSUPP : 0;
    if (op->result == 0)
        close_out(self);
}

static void close_both(struct transport *t)
{
    struct descriptor_transport *self = self_of(t);
    close_out(self);
    if (self->in >= 0)
        socket_close(t->loop, self->in);
    memory_free(self);
}

static int descriptor(const struct transport *t)
{
    const struct descriptor_transport *self = self_of(t);
    return self->in >= 0 ? self->in : self->out;
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

/* A write to a pipe that nobody reads shall be an error, not the end of the program; write(2) has no flag for that.  A
 * program's own handler stays. */
static void ignore_sigpipe(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL) {
        now.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &now, NULL);
    }
}

struct transport *descriptor_transport(struct eddy_loop *loop, int in, int out)
{
    struct descriptor_transport *t = memory_alloc_zeroed(sizeof *t);
    if (!t)
        return NULL;
    *t = (struct descriptor_transport){{.type = &descriptor_transport_type, .loop = loop}, in, out};
    if (out >= 0)
        ignore_sigpipe();
    return &t->transport;
}
