/* SPDX-License-Identifier: MIT */
/* reader.h - finds the ends of replies in the bytes that arrive, RESP2 and RESP3. */
#ifndef EDDY_REDIS_READER_H
#define EDDY_REDIS_READER_H

#include "../shared/pieces.h"
#include "eddy/redis.h"

enum { MOST_LEVELS = 32 }; /* arrays in arrays; Redis itself does not write that many */

/* A whole reply, as it arrived; valid until the next call for its reader. */
struct view {
    const char *data;
    size_t size;
    size_t parts;  /* values in it, itself included */
    size_t bytes;  /* of all texts, with a 0 byte each */
};

/* What is known of the reply that has arrived in part. */
struct scan {
    size_t at;                  /* bytes that are understood */
    size_t looked;              /* bytes that contain no end of the line that begins at `at` */
    size_t left[MOST_LEVELS + 1]; /* values that each level still needs; [0]: the reply */
    int level;
    size_t parts, bytes;
};

struct reader {
    struct pieces pieces;
    struct scan scan;
    size_t limit;      /* bytes of a reply */
    const char *why;   /* what was wrong */
};

enum reader_result { READER_REPLY, READER_MORE, READER_BAD, READER_LARGE };

/* Bytes have arrived; they must live until reader_keep. False: no memory. */
bool reader_give(struct reader *r, eddy_slice bytes);
/* The next reply. READER_MORE: it has not arrived whole. */
enum reader_result reader_next(struct reader *r, struct view *view);
/* Before the next bytes are read: keeps what is left. False: no memory. */
bool reader_keep(struct reader *r);
/* Forgets everything: for another connection. */
void reader_reset(struct reader *r);

/* The first line of a value: its kind is *at. Returns what follows the line; NULL: it is wrong, or not whole. */
const char *reader_line(const char *at, const char *end, int64_t *number);

#endif
