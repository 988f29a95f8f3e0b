/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the struct of a stream, for the files of this folder.
 *
 * Invariants: bytes that arrived and were not yet taken lie in [begin, end), which is either in the buffer that the
 * transport has lent or in the stream's own memory. The transport is closed only when no operation on it is in
 * flight. The struct lives until it was closed, its readers and writers have left, and the handler that it was made
 * for has ended.
 */
#ifndef EDDY_IO_STREAM_H
#define EDDY_IO_STREAM_H

#include "base/assert.h"
#include "core/impl.h"
#include "io/transport.h"
#include "os/memory.h"

/* A stream's place in the server that accepted it; see server.c. */
struct connection {
    struct eddy_server *server;      /* NULL: the stream was not accepted by a server */
    const struct eddy_address *at;   /* the server's address that accepted it, valid while the stream is open */
    struct task *task;               /* its handler */
    int64_t since;                   /* when the loop looked and it was accepted, on the loop's clock */
    struct watch watch;              /* watches the end of the handler */
    bool handshakes;                 /* its TLS handshake is not finished: the handler has not begun */
    struct list_link link;           /* in the server's list of streams */
};

struct eddy_stream {
    struct eddy_loop *loop;
    struct transport *transport;  /* NULL: closed */
    struct task *reader, *writer; /* the tasks inside a call; NULL: none */
    struct chunk chunk;           /* bytes that the transport has lent; without data: there are none */
    char *begin, *end;            /* the bytes that arrived and were not taken */
    char *own;                    /* memory for data longer than the transport's buffer; NULL: none now */
    size_t capacity;              /* of own */
    size_t limit;                 /* the greatest number of bytes of a line before its separator */
    eddy_slice partial;           /* the bytes that a failed read had received */
    char *peer;                   /* the peer's name, once it was asked for; NULL: not asked for yet */
    struct timer deadline;        /* the deadline: when it comes, calls that wait fail */
    size_t sent;                  /* bytes that the last write sent, if it failed; 0: it did not fail */
    bool cut;                     /* the last write was cut short: nothing is sent until eddy_stream_continue */
    unsigned references;          /* references: of the code that opened it, and of the server */
    int broken;                   /* an errno value: bytes that arrived could not be kept; reads fail with it */
    bool closed;                  /* closing was asked for; the transport is closed when it is not in use */
    bool late;                    /* the deadline has come */
    bool at_end;                  /* the peer has ended its side, or stream_drain pretends that it has */
    bool too_long;                /* the line at `begin` was too long: the next read of a line drops it first */
    bool idle;                    /* its handler says that no message is under way while a read waits */
    bool used;                    /* bytes were received or sent */
    bool waits;                   /* its reader waits for a message's first byte */
    bool halfway;                 /* a read has part of its bytes in its caller's memory */
    bool draining;                /* the server that accepted it is closing, and has told the stream */
    int gone;                     /* the code with which a call failed because the peer disconnected; 0: none */
    struct connection connection;
};

/* Closes it; tasks that wait in it fail with EDDY_STREAM_CLOSED.  Does not drop a reference. */
void stream_close(struct eddy_stream *s);
void stream_unref(struct eddy_stream *s);
/* The stream of a descriptor that has just been connected to peer (NULL: not known), or NULL without memory, and
 * then the descriptor still belongs to the caller. */
struct eddy_stream *stream_of_socket(struct eddy_loop *loop, int fd, bool is_unix, const char *peer);

/* ---- entering and leaving, for the files stream*.c ---- */

int stream_enter_otherwise(struct eddy_stream *s, struct task **user);
/* user: &s->reader or &s->writer. Returns 0, or the code for why the running task may not use it now. */
static inline int stream_enter(struct eddy_stream *s, struct task **user)
{
    struct task *task = current.task;
    if (__builtin_expect(!task || *user || s->loop != current.loop || s->closed || s->late, 0))
        return stream_enter_otherwise(s, user);
    *user = task;
    return 0;
}
void stream_free_what_is_over(struct eddy_stream *s);
/* Frees memory that is not needed any more. After most reads and writes all of it is. */
static inline void stream_settle(struct eddy_stream *s)
{
    if (__builtin_expect(s->closed || s->references == 0, 0))
        stream_free_what_is_over(s);
}
static inline void stream_leave_reader(struct eddy_stream *s)
{
    EDDY_INVARIANT(s->reader == current.task);
    s->reader = NULL;
    stream_settle(s);
}
static inline void stream_leave_writer(struct eddy_stream *s)
{
    EDDY_INVARIANT(s->writer == current.task);
    s->writer = NULL;
    stream_settle(s);
}

/* A write in progress; see stream_begin_write. */
struct stream_write {
    struct eddy_stream *stream;
    size_t sent, size; /* number of bytes to send; SIZE_MAX: all */
    bool broken;       /* the peer is gone; the end of the connection tells it that bytes are missing */
};
/* The running task begins to write. Returns 0, or the code for why it may not now. end (deferred) leaves, and notes
 * whether the write was cut short. */
int stream_begin_write(struct eddy_stream *s);
void stream_end_write(struct stream_write *write);
/* Records the code with which the write fails, and returns it. */
int stream_write_error(struct stream_write *write, int error);
/* The meaning of a result below zero, or of the state of the stream: a code, or 0. */
int stream_error(struct eddy_stream *s, int64_t result);
/*
 * The server closes: a read that waits, or will wait, for the first byte of a message finds the end of the stream
 * instead. This applies to a stream on which nothing was received or sent yet (unless it is `young`: its peer may be
 * about to send), or that its handler has marked as idle.
 */
void stream_drain(struct eddy_stream *s, bool young);
/* If it is idle, its reader finds the end. */
void stream_note_drained(struct eddy_stream *s);
/* Called before and after a read waits for bytes. False: it must not wait, since nothing more is wanted. */
static inline bool stream_begin_wait(struct eddy_stream *s)
{
    if (__builtin_expect(s->draining, 0))
        stream_note_drained(s);
    if (__builtin_expect(s->at_end, 0))
        return s->waits = false;
    return s->waits = true;
}
int64_t stream_end_wait_otherwise(struct eddy_stream *s, int64_t result);
/* The result of the wait: number of bytes, 0 at the end, or a negative code. */
static inline int64_t stream_end_wait(struct eddy_stream *s, int64_t result)
{
    if (__builtin_expect(result <= 0 || s->closed, 0))
        return stream_end_wait_otherwise(s, result);
    s->at_end = s->waits = false;
    s->used = true;
    return result;
}
/* For messages; valid as long as the stream. */
const char *stream_peer(struct eddy_stream *s);
/* Frees the memory of the input with all bytes in it. */
static inline void stream_drop_input(struct eddy_stream *s)
{
    transport_give_back(s->transport, &s->chunk);
    if (s->own)
        memory_free(s->own);
    s->own = s->begin = s->end = NULL;
    s->capacity = 0;
}
/* Sends [data + *sent, data + size). Returns 0, or the code for why not all bytes could be sent. *sent: the bytes
 * sent so far, also after a cancellation. */
eddy_async_declare(int, stream_send_all, (struct eddy_stream *, s), (const char *, data), (size_t, size),
                   (size_t *, sent));
/* Sends a piece. Returns the number of bytes, or a negative code; *sent grows by the bytes that were sent, also
 * after a failure. */
eddy_async_declare(int64_t, stream_send_some, (struct eddy_stream *, s), (const struct iovec *, parts), (int, count),
                   (size_t *, sent));

#endif
