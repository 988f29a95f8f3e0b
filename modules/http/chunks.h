/* SPDX-License-Identifier: MIT */
/*
 * chunks.h - the chunked body of a message, taken apart as its bytes arrive, in pieces of any size.
 *
 * Pure, and strict: the size of a chunk is hexadecimal digits alone, lines end with CR LF, extensions and trailers are
 * checked, counted against a limit, and dropped.
 */
#ifndef EDDY_HTTP_CHUNKS_H
#define EDDY_HTTP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero at the beginning of a body, but for the limit. */
struct chunks {
    int state;       /* what the next byte belongs to */
    uint64_t left;   /* bytes of the chunk to come, or its size as far as it was read */
    unsigned digits; /* of the size */
    size_t dropped;  /* bytes of extensions and trailers so far */
    size_t limit;    /* on them */
    const char *why; /* what is wrong, after chunks_take gave -1 */
};

/*
 * Takes bytes from [data, data + size) until it meets bytes of the body, or the end. Returns how many it took; *body:
 * the bytes of the body among them, which are the last ones (NULL: there are none). -1: the body is not valid.
 */
int64_t chunks_take(struct chunks *chunks, const char *data, size_t size, const char **body, size_t *body_size);
/* True: the last byte of the body and its trailers was taken. */
bool chunks_ended(const struct chunks *chunks);

#endif
