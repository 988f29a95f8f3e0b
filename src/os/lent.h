/* SPDX-License-Identifier: MIT */
/*
 * lent.h - buffers that a driver lends: taken when there are bytes to receive, given back when these have been read.
 * Invariant: a free buffer is in the list of one driver; a few are kept, the others go back to the allocator.
 */
#ifndef EDDY_OS_LENT_H
#define EDDY_OS_LENT_H

#include "base/list.h"
#include "os/memory.h"

#include <stddef.h>

enum {
    LENT_SIZE = 16384, /* size of a buffer, in bytes; with half as much, messages of 64 KiB cost 1.6 times as much */
    LENT_KEPT = 64     /* free buffers that a driver keeps: as many as epoll may need at once */
};

/* The data begin at a cache line: the kernel copies 4 to 7 % slower to and from other addresses. */
struct lent_buffer {
    struct lent_buffer *next; /* free: the next free one */
    void *block;              /* the block of memory that contains it */
    _Alignas(MEMORY_LINE) char data[LENT_SIZE];
};

struct lent_buffers {
    struct lent_buffer *first; /* free ones */
    size_t count;              /* of them */
};

/* NULL: no memory. */
struct lent_buffer *lent_take(struct lent_buffers *buffers);
void lent_put(struct lent_buffers *buffers, struct lent_buffer *buffer);
/* The buffer that contains `data`. */
struct lent_buffer *lent_of(void *data);
void lent_free(struct lent_buffers *buffers);

#endif
