/* SPDX-License-Identifier: MIT */
/*
 * transport.h - the lower layer of a stream: it moves bytes to and from a peer, over a socket, two pipes, memory, or
 * another transport (TLS).
 *
 * Invariants:
 *   1. At most one receive and one send are in flight at a time, each by its own task.
 *   2. An operation runs on the task that awaits it and waits only by native awaitables, or by operations of the
 *   transport below. So closing the stream can end the waiting (task_interrupt).
 *   3. After transport_stop each operation, new or in flight, ends with -ECANCELED, or with what it had done.
 *   4. A lent buffer is valid until it is given back, and is given back before `close`.
 *
 * A result is >= 0, or a negative code (of errno or of Eddy's own). An error that needs words is raised instead, as
 * by any awaitable; the cancellation of the task is always raised.
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
    unsigned id;  /* for the transport itself */
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
    /* Receives bytes: in *chunk, or into `room`. Result: their number, 0 at the end. Bytes that have arrived when it
     * is cancelled are left for the next receive. receive_into may be NULL: the stream then copies. */
    void (*receive)(struct transport_op *op);
    void (*receive_into)(struct transport_op *op);
    /* The same as `receive` without an awaitable, for a task that native_is_free. NULL: `receive` does it. */
    int64_t (*receive_here)(struct transport *t, struct chunk *chunk, struct eddy_failure **failure);
    void (*give_back)(struct transport *t, struct chunk *chunk);
    /* Takes at least one byte to be sent. Result: their number. The memory belongs to the caller again when it has
     * ended. When it fails, a result above 0 tells how many bytes it has taken nevertheless. */
    void (*send)(struct transport_op *op);
    /* The same without waiting; -EAGAIN: the bytes must wait. NULL: they may always have to. */
    int64_t (*send_now)(struct transport *t, const void *data, size_t size);
    /* Sends bytes of a file without a copy. Result: their number, 0 at its end; -EINVAL: not possible for this file.
     * NULL: never possible. */
    void (*send_file)(struct transport_op *op);
    /* Like sendmsg and recvmsg of a Unix socket, for descriptors that are sent along. NULL: it is not a Unix socket. */
    void (*send_message)(struct transport_op *op);
    void (*receive_message)(struct transport_op *op);
    /* Tells the peer that no more bytes will be sent. Result: 0. */
    void (*send_end)(struct transport_op *op);
    /* Sends the last words before an orderly close (TLS: close_notify). Result: 0. NULL: there are none. */
    void (*finish)(struct transport_op *op);
    /* Frees it and the transport below; no operation is in flight. Never suspends. */
    void (*close)(struct transport *t);
    /* The descriptor that operations use; -1: there is none. */
    int (*descriptor)(const struct transport *t);
    /* The peer's address or its own, as text; as snprintf. */
    size_t (*format_name)(struct transport *t, bool peer, char *buffer, size_t size);
};

/* The head of every transport's own struct. */
struct transport {
    const struct transport_type *type;
    struct eddy_loop *loop;
    struct transport *below;  /* the transport below, which it closes; NULL: there is none */
    bool stopped;             /* operations fail; so do those of all transports below it */
    bool reset;               /* closing breaks the connection off, if possible; the same for all below it */
};

struct transport_op transport_receive(struct transport *t, struct chunk *chunk);
/* Waiting that was ended by task_interrupt is no failure of the task: the code that did it has recorded the reason in
 * the stream. Returns the result of the operation. */
int64_t transport_after_failure(struct eddy_failure **failure, int64_t result);
struct transport_op transport_receive_into(struct transport *t, void *data, size_t size);
struct transport_op transport_send(struct transport *t, const struct iovec *parts, int count);
/* -EOPNOTSUPP if the transport has no such operation. */
struct transport_op transport_send_file(struct transport *t, int fd, int64_t offset, size_t size);
struct transport_op transport_send_message(struct transport *t, struct msghdr *message);
struct transport_op transport_receive_message(struct transport *t, struct msghdr *message);
struct transport_op transport_send_end(struct transport *t);
struct transport_op transport_finish(struct transport *t);
/* Does nothing for a chunk without data; it has none afterwards. */
static inline void transport_give_back(struct transport *t, struct chunk *chunk)
{
    if (chunk->data)
        t->type->give_back(t, chunk);
    chunk->data = NULL;
}
/* Operations fail from now on (or do so no more), here and below. task_interrupt wakes a task that waits. */
void transport_stop(struct transport *t, bool stopped);
/* The connection will be closed in the middle of a message: the peer must not take that for a normal end. */
void transport_reset(struct transport *t);
void transport_close(struct transport *t);

/* For the methods of a transport: runs a coroutine (a variable) as the rest of the operation. */
#define TRANSPORT_RUN(op, coroutine)                                                                                   \
    do {                                                                                                               \
        (op)->awaitable.awaitable.failure = eddy_run_here(&(coroutine).awaitable);                                     \
        (op)->result = (coroutine).result;                                                                             \
    } while (0)

/* ==== the transports of this folder; NULL: no memory, and the descriptors still belong to the caller ==== */

/* A connected stream socket, adopted by the driver. A Unix socket receives nothing ahead of need: a descriptor that
 * came along would be lost. */
struct transport *socket_transport(struct eddy_loop *loop, int fd, bool is_unix);
/* The same in memory that the caller provides, all zeros, which must live until it is closed. */
extern const size_t socket_transport_size;
struct transport *socket_transport_in(void *memory, struct eddy_loop *loop, int fd, bool is_unix);
/* The caller has opened it: it is adopted here, unless it blocks. */
void socket_transport_take(struct transport *t);
/* Pipes, ttys, and other descriptors for read(2) and write(2); -1: this direction does not exist. Non-blocking,
 * adopted; both may be the same. */
struct transport *descriptor_transport(struct eddy_loop *loop, int in, int out);
/* The caller has opened them: they are adopted here, or others in their place, unless they block. */
void descriptor_transport_take(struct transport *t);
/* Two connected ends in memory. */
bool memory_transports(struct eddy_loop *loop, struct transport *ends[2]);

/* ==== a stream's side of it ==== */

/* Takes over the transport, with one reference; NULL: no memory, and the transport still belongs to the caller. */
struct eddy_stream *stream_new(struct transport *t);
/* For eddy_start_tls, which changes the transport of a live stream: takes reading and writing for the running task.
 * Returns 0, or the code of the failure if that is impossible now.  Until stream_release no other task reads, writes,
 * or closes the transport. */
int stream_seize(struct eddy_stream *s);
void stream_release(struct eddy_stream *s);
/* For a stream that was seized, or that is new. */
struct transport *stream_transport(struct eddy_stream *s);
void stream_set_transport(struct eddy_stream *s, struct transport *t);
/* The bytes that were received and not read. */
size_t stream_buffered(const struct eddy_stream *s);
/* The same bytes, which the caller then owns (memory_free); NULL: there are none, or no memory. */
char *stream_take_buffered(struct eddy_stream *s, size_t *size);

#endif
