/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the struct of a stream, for the files of this folder.
 *
 * Invariants: bytes that arrived and were not yet taken lie in [begin, end), which is in what the transport has lent or
 * in the stream's own memory, never in both; the transport is closed only when no operation on it is under way; the
 * struct lives until it was closed, its readers and writers have left, and the handler that it was made for has ended.
 */
#ifndef EDDY_IO_STREAM_H
#define EDDY_IO_STREAM_H

#include "core/impl.h"
#include "io/transport.h"
#include "os/memory.h"

/* A stream's place in the server that accepted it; see server.c. */
struct connection {
    struct eddy_server *server;      /* NULL: the stream was not accepted by a server */
    const struct eddy_address *at;   /* where it was accepted: the server's, valid while the stream is open */
    struct task *task;               /* its handler */
    int64_t since;                   /* when it was accepted, on the loop's clock */
    struct watch watch;              /* of the handler's end */
    bool handshakes;                 /* its TLS is still to come: the handler has not begun */
    struct list_link link;           /* in the server's list of them */
};

struct eddy_stream {
    struct eddy_loop *loop;
    struct transport *transport;  /* NULL: closed */
    struct task *reader, *writer; /* the tasks inside a call; NULL: none */
    struct chunk chunk;           /* bytes that the transport has lent; without data: there are none */
    char *begin, *end;            /* what arrived and was not taken */
    char *own;                    /* memory for what is longer than the transport lends; NULL: none now */
    size_t capacity;              /* of own */
    size_t limit;                 /* the greatest number of bytes of a line before its separator */
    eddy_slice partial;           /* the bytes that a failed read had got */
    char *peer;                   /* the peer's name, once it was asked for; NULL: not asked for yet */
    struct timer deadline;        /* the deadline: when it comes, calls that wait fail */
    size_t sent;                  /* bytes that the last write sent, if it failed; 0: it did not fail */
    bool cut;                     /* the last write was cut short: nothing is sent until eddy_stream_continue */
    unsigned references;          /* of the code that opened it, and of the server */
    int broken;                   /* an errno value: what arrived could not be kept; reads fail with it */
    bool closed;                  /* closing was asked for; the transport is closed when it is not in use */
    bool late;                    /* the deadline has come */
    bool at_end;                  /* the peer has ended its side, or stream_drain pretends that it has */
    bool too_long;                /* the line at `begin` was too long: the next read of a line drops it first */
    bool idle;                    /* its handler says that no message is under way while a read waits */
    bool used;                    /* bytes were received or sent */
    bool waits;                   /* its reader waits for a message's first byte */
    bool halfway;                 /* a read has part of its bytes in its caller's memory */
    bool draining;                /* the server that accepted it closes, and it was told */
    int gone;                     /* a call has failed with this code because the peer went away; 0: none has */
    struct connection connection;
};

/* Closes it; tasks that wait in it fail with EDDY_STREAM_CLOSED.  Does not drop a reference. */
void stream_close(struct eddy_stream *s);
void stream_unref(struct eddy_stream *s);
/* The stream of a descriptor that has just been connected to peer (NULL: not known), or NULL without memory, when the
 * descriptor stays the caller's. */
struct eddy_stream *stream_of_socket(struct eddy_loop *loop, int fd, bool is_unix, const char *peer);

/* ---- entering and leaving, for stream.c and its relatives ---- */

/* user: &s->reader or &s->writer.  0, or why the running task may not use it now. */
int stream_enter(struct eddy_stream *s, struct task **user);
void stream_leave_reader(struct eddy_stream *s);

/* A write under way; see stream_begin_write. */
struct stream_write {
    struct eddy_stream *stream;
    size_t sent, size; /* how many bytes are to be sent; SIZE_MAX: as many as there are */
    bool broken;       /* the peer is gone, so it sees from the end of the connection that bytes are missing */
};
/* The running task writes: 0, or why it may not now.  end (deferred) leaves, and notes whether it was cut short. */
int stream_begin_write(struct eddy_stream *s);
void stream_end_write(struct stream_write *write);
/* Notes the code with which the write fails, and returns it. */
int stream_write_error(struct stream_write *write, int error);
void stream_leave_writer(struct eddy_stream *s);
/* What a result below zero, or the state of the stream, means: a code, or 0. */
int stream_error(struct eddy_stream *s, int64_t result);
/*
 * The server closes: a read that waits, or will wait, for the first byte of a message finds the end of the stream
 * instead.  Such a wait is one of a stream on which nothing has come or gone yet (unless it is `young`: its peer may
 * be about to speak), or that its handler has marked as idle.
 */
void stream_drain(struct eddy_stream *s, bool young);
/* Around a read's wait for bytes.  False: it must not wait, nothing more is wanted. */
bool stream_begin_wait(struct eddy_stream *s);
/* What the wait gave: bytes, 0 at the end, or a negative code. */
int64_t stream_end_wait(struct eddy_stream *s, int64_t result);
/* For messages; valid while the stream is. */
const char *stream_peer(struct eddy_stream *s);
/* Frees the memory of the input with all bytes in it. */
static inline void stream_drop_input(struct eddy_stream *s)
{
    transport_give_back(s->transport, &s->chunk);
    memory_free(s->own);
    s->own = s->begin = s->end = NULL;
    s->capacity = 0;
}
/* Sends [data + *sent, data + size): 0, or why not all could be; *sent: how much was, with what had been before, also
 * when it was cancelled. */
eddy_async_declare(int, stream_send_all, (struct eddy_stream *, s), (const char *, data), (size_t, size),
                   (size_t *, sent));
/* A piece: how much, or a negative code; *sent grows by what went out, also when it fails. */
eddy_async_declare(int64_t, stream_send_some, (struct eddy_stream *, s), (const struct iovec *, parts), (int, count),
                   (size_t *, sent));

#endif
