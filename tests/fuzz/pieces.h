/* SPDX-License-Identifier: MIT */
/*
 * pieces.h - what a reader makes of bytes that come in pieces.
 *
 * The target includes the reader.h of its module before, and has the function take_all. Each piece is a block of
 * its own, so that AddressSanitizer sees what is read after its end.
 */
#ifndef TESTS_FUZZ_PIECES_H
#define TESTS_FUZZ_PIECES_H

#include "fuzz.h"

/* Adds what the reader has now to the sum. False: the bytes were refused. */
static bool take_all(struct reader *reader, uint64_t *sum);

static uint64_t read_pieces(size_t limit, const char *data, size_t size, size_t piece)
{
    struct reader reader = {.limit = limit};
    uint64_t sum = 0;
    bool good = true;
    reader_reset(&reader);
    for (size_t at = 0; good && at < size; at += piece) {
        size_t part = size - at < piece ? size - at : piece;
        char *copy = malloc(part);
        if (!copy)
            DIE("no memory");
        memcpy(copy, data + at, part);
        if (!reader_give(&reader, (eddy_slice){copy, part}))
            DIE("no memory");
        good = take_all(&reader, &sum);
        if (!reader_keep(&reader))
            DIE("no memory");
        free(copy);
    }
    reader_reset(&reader);
    return sum;
}

#endif
