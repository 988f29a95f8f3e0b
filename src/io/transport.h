/* SPDX-License-Identifier: MIT */
/*
 * transport.h - what a stream is made of: bytes to a peer and from it, by way of a socket, two pipes, memory, or by way
 * of another transport (TLS).
 *
 * Invariants:
 *   1. At most one receive and one send are under way at a time; the two may be, by two tasks.
 *   2. An operation runs on the task that awaits it and waits by native awaitables only, or by operations of the
 *      transport below: so whoever closes the stream can end the waiting (task_interrupt).
 *   3. Once transport_stop was called each operation begun or going on ends with -ECANCELED, or with what it had done.
 *   4. What is lent is whole until it is given back, and is given back before `close`.
 *
 * A result is >= 0, or a negative code (of errno or of Eddy's own).  What wants words is raised instead, as any
 * awaitable may fail; the cancellation of the task always is.
 */
#ifndef EDDY_IO_TRANSPORT_H
#define EDDY_IO_TRANSPORT_H

#include <eddy.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct eddy_loop;
struct eddy_stream;
struct transport;

/* Bytes that a transport lends. */
struct chunk {
    char *data;   /* NULL: none */
    unsigned id;  /* the transport's own */
};

/* An operation, awaited: eddy_await(transport_receive(t, &chunk)). */
struct transport_op {
    struct eddy_awaitable awaitable;
    int64_t result;
    struct transport *transport;
    union {
        struct chunk *chunk;                               /* receive */
        struct { void *data; size_t size; } room;          /* receive_into */
        struct { const struct iovec *parts; int count; } bytes; /* send */
        struct { int fd; int64_t offset; size_t size; } file;   /* send_file */
        struct msghdr *message;                            /* send_message, receive_message */
    } u;
};

struct transport_type {
    const char *name;
    /* Bytes that have come, in *chunk, or as many as have, in `room`: how many, 0 at the end.  What had come when it is
     * cancelled is there for the next.  receive_into may be NULL: the stream then copies. */
    void (*receive)(struct transport_op *op);
    void (*receive_into)(struct transport_op *op);
    void (*give_back)(struct transport *t, struct chunk *chunk);
    /* Takes one byte at least: how many.  The memory is the caller's again when it has ended.  When it fails, a result
     * above 0 tells how many it has taken nevertheless. */
    void (*send)(struct transport_op *op);
    /* The same for bytes that need not wait; -EAGAIN: they must.  NULL: they always may have to. */
    int64_t (*send_now)(struct transport *t, const void *data, size_t size);
    /* Bytes of a file that need no copy: how many, 0 at its end; -EINVAL: not of this file.  NULL: none. */
    void (*send_file)(struct transport_op *op);
    /* As sendmsg and recvmsg of a Unix socket, for descriptors that go along.  NULL: it is no Unix socket. */
    void (*send_message)(struct transport_op *op);
    void (*receive_message)(struct transport_op *op);
    /* Tells the peer that nothing more will be sent: 0. */
    void (*send_end)(struct transport_op *op);
    /* The last words before an orderly close (TLS: close_notify): 0.  NULL: none. */
    void (*finish)(struct transport_op *op);
    /* Frees it and what it stands on; nothing is under way.  Never suspends. */
    void (*close)(struct transport *t);
    /* The descriptor that operations use; -1: there is none. */
    int (*descriptor)(const struct transport *t);
    /* Of the peer or its own, as text; as snprintf. */
    size_t (*format_name)(struct transport *t, bool peer, char *buffer, size_t size);
};

/* The head of every transport's own struct. */
struct transport {
    const struct transport_type *type;
    struct eddy_loop *loop;
    struct transport *below;  /* the transport below, which it closes; NULL: there is none */
    bool stopped;             /* operations fail; so do those of all transports below */
    bool reset;               /* closing breaks the connection off, where there is a way to say so; of all below, too */
};

struct transport_op transport_receive(struct transport *t, struct chunk *chunk);
struct transport_op transport_receive_into(struct transport *t, void *data, size_t size);
struct transport_op transport_send(struct transport *t, const struct iovec *parts, int count);
/* -EOPNOTSUPP where the transport has no such operation. */
struct transport_op transport_send_file(struct transport *t, int fd, int64_t offset, size_t size);
struct transport_op transport_send_message(struct transport *t, struct msghdr *message);
struct transport_op transport_receive_message(struct transport *t, struct msghdr *message);
struct transport_op transport_send_end(struct transport *t);
struct transport_op transport_finish(struct transport *t);
/* Does nothing for a chunk without data; it has none afterwards. */
void transport_give_back(struct transport *t, struct chunk *chunk);
/* Operations fail from now on (or do so no more), here and below.  task_interrupt wakes a task that waits. */
void transport_stop(struct transport *t, bool stopped);
/* It will be closed in the middle of a message: the peer must not take that for a normal end. */
void transport_reset(struct transport *t);
void transport_close(struct transport *t);

/* For the methods of a transport: runs a coroutine (a variable) as the rest of the operation. */
#define TRANSPORT_RUN(op, coroutine)                                                                                   \
    do {                                                                                                               \
        (op)->awaitable.awaitable.failure = eddy_run_here(&(coroutine).awaitable);                                     \
        (op)->result = (coroutine).result;                                                                             \
    } while (0)

/* ==== the transports of this folder; NULL: no memory, and the descriptors stay the caller's ==== */

/* A connected stream socket, adopted by the driver.  One of Unix sockets receives nothing ahead: a descriptor that came
 * along would be lost. */
struct transport *socket_transport(struct eddy_loop *loop, int fd, bool is_unix);
/* The caller has opened it: it is adopted here, unless it blocks. */
void socket_transport_take(struct transport *t);
/* Pipes, ttys, any descriptors that read(2) and write(2) do for; -1: there is no such way.  Non-blocking, adopted; both
 * may be the same. */
struct transport *descriptor_transport(struct eddy_loop *loop, int in, int out);
/* The caller has opened them: they are adopted here, or others in their place, unless they block. */
void descriptor_transport_take(struct transport *t);
/* Two connected ends in memory. */
bool memory_transports(struct eddy_loop *loop, struct transport *ends[2]);

/* ==== a stream's side of it ==== */

/* Takes the transport over, with one reference; NULL: no memory, and the transport stays the caller's. */
struct eddy_stream *stream_new(struct transport *t);
/* For eddy_start_tls, which changes the transport of a live stream: takes reading and writing for the running task.
 * Returns 0, or the code of the failure if that is impossible now.  Until stream_release no other task reads, writes,
 * or closes the transport. */
int stream_seize(struct eddy_stream *s);
void stream_release(struct eddy_stream *s);
/* For a stream that was seized, or is new. */
struct transport *stream_transport(struct eddy_stream *s);
void stream_set_transport(struct eddy_stream *s, struct transport *t);
/* The bytes that came and were not read. */
size_t stream_buffered(const struct eddy_stream *s);
/* The same, which are the caller's from now on (memory_free); NULL: there are none, or no memory. */
char *stream_take_buffered(struct eddy_stream *s, size_t *size);

#endif
