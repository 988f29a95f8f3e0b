/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the struct of a stream, for the files of this folder.
 *
 * Invariants: bytes that arrived and were not yet taken lie in buffer[begin, end); a descriptor is closed only when
 * no operation on it is in flight; the struct lives until it was closed, its readers and writers have left, and the
 * handler that it was made for has ended.
 */
#ifndef EDDY_IO_STREAM_H
#define EDDY_IO_STREAM_H

#include "io/socket.h"

/* A stream's place in the server that accepted it; see server.c. */
struct connection {
    struct eddy_server *server;      /* NULL: not of a server */
    struct task *task;               /* its handler */
    struct watch watch;              /* of the handler's end */
    struct connection *next, **link; /* all of the server */
};

struct eddy_stream {
    struct eddy_loop *loop;
    int fd;                       /* -1: closed */
    bool closed;                  /* asked for; fd follows when it is not in use */
    bool at_end;                  /* the peer has sent its last */
    int broken;                   /* an errno value: what arrived could not be kept; reads fail with it */
    struct task *reader, *writer; /* inside a call; NULL: nobody */
    unsigned references;          /* of who opened it, and of the server */
    char *buffer;                 /* NULL: none yet */
    size_t begin, end, capacity;
    size_t limit; /* most that a line may have before its separator */
    union address peer;
    struct connection connection;
};

/* Takes the descriptor over, with one reference; NULL: no memory, and the descriptor stays the caller's. */
struct eddy_stream *stream_new(struct eddy_loop *loop, int fd, const union address *peer);
/* Closes it; those who wait in it fail with EDDY_STREAM_CLOSED.  Takes no reference away. */
void stream_close(struct eddy_stream *s);
void stream_unref(struct eddy_stream *s);

#endif
