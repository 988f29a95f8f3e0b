/* SPDX-License-Identifier: MIT */
/* reader.h - finds the operations of the protocol in the bytes that arrive. */
#ifndef EDDY_NATS_READER_H
#define EDDY_NATS_READER_H

#include "../shared/pieces.h"
#include "eddy/nats.h"

/* A whole operation, as it arrived; valid until the next call for its reader. */
struct view {
    uint64_t sid;                       /* of a message: the number of its subscription */
    eddy_slice subject, reply, headers, data;
    eddy_slice text;                    /* what follows INFO and -ERR */
};

struct reader {
    struct pieces pieces;
    size_t looked;     /* bytes that contain no end of the first line */
    size_t needed;     /* bytes of the operation; 0: its line is not known yet */
    size_t limit;      /* bytes of a message */
    const char *why;   /* what was wrong */
};

enum reader_result {
    READER_MORE, READER_MESSAGE, READER_INFO, READER_PING, READER_PONG, READER_OK, READER_ERROR, READER_BAD,
    READER_LARGE
};

/* Bytes have arrived; they must live until reader_keep. False: no memory. */
bool reader_give(struct reader *r, eddy_slice bytes);
/* The next operation. READER_MORE: it has not arrived whole. */
enum reader_result reader_next(struct reader *r, struct view *view);
/* Before the next bytes are read: keeps what is left. False: no memory. */
bool reader_keep(struct reader *r);
/* Forgets everything: for another connection. */
void reader_reset(struct reader *r);

#endif
