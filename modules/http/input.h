/* SPDX-License-Identifier: MIT */
/*
 * input.h - the bytes of a connection, and the bodies among them, for the server and the client.
 *
 * Invariant: the bytes that arrived and were not taken are [begin, end), which lies where the stream has lent them, or
 * in `own` once they did not come in one piece. A read that fails or is cancelled leaves them as they were.
 */
#ifndef EDDY_HTTP_INPUT_H
#define EDDY_HTTP_INPUT_H

#include <eddy/keywords.h>

#include "arena.h"
#include "chunks.h"
#include "eddy/http.h"

struct input {
    eddy_stream *stream;
    const char *begin, *end;
    eddy_buffer own;
    double deadline; /* that the stream has */
};

static inline size_t input_size(const struct input *in)
{
    return (size_t)(in->end - in->begin);
}

/* Receives more bytes after those that are there; result: their number, 0 at the end. The bytes may move. */
async_declare(size_t, input_more, (struct input *, in));
void input_end(struct input *in);
/* Calls of the stream end `seconds` from now; the timer is moved only if that makes a difference. */
void input_set_deadline(struct input *in, double seconds);

struct inflater;

enum body_kind { BODY_NONE, BODY_SIZED, BODY_CHUNKED, BODY_TO_THE_END };

/* The body of a message that is received. */
struct eddy_http_body {
    struct input *in;
    enum body_kind kind;
    uint64_t left;        /* of BODY_SIZED: bytes to come */
    struct chunks chunks; /* of BODY_CHUNKED */
    bool ended;           /* all of it was taken */
    bool expected;        /* the peer waits for "100 Continue" before it sends */
    int refused;          /* the status that answers why it could not be read; 0: it could */
    const char *why;      /* a sentence for the log, if it is refused */
    double seconds;       /* for the next bytes to arrive; 0: for ever */
    size_t most;          /* bytes that eddy_http_read_all takes */
    struct arena *arena;  /* of the message */
    struct inflater *inflater; /* NULL: the body is not compressed */
    eddy_slice packed;    /* compressed bytes that wait to be unpacked */
    eddy_slice pending;   /* bytes that eddy_http_read has not copied yet */
};

/* Reads and drops at most `most` bytes of what is left. True: the body has ended. */
async_declare(bool, body_drop, (struct eddy_http_body *, body), (size_t, most));

#endif
