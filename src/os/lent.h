/* SPDX-License-Identifier: MIT */
/*
 * lent.h - buffers that a driver lends: taken when there are bytes to receive, given back when these have been read.
 * Invariant: a free buffer is in the list of one driver; a few are kept, the others go back to the allocator.
 */
#ifndef EDDY_OS_LENT_H
#define EDDY_OS_LENT_H

#include "base/assert.h"
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

struct lent_buffer *lent_new(void);
void lent_free_one(struct lent_buffer *buffer);

/* NULL: no memory. */
static inline struct lent_buffer *lent_take(struct lent_buffers *buffers)
{
    struct lent_buffer *buffer = buffers->first;
    if (!buffer)
        return lent_new();
    buffers->first = buffer->next;
    buffers->count--;
    return buffer;
}

static inline void lent_put(struct lent_buffers *buffers, struct lent_buffer *buffer)
{
    EDDY_INVARIANT(buffers->count <= LENT_KEPT);
    EDDY_EXPENSIVE_INVARIANT((buffers->count == 0) == !buffers->first);
    if (buffers->count == LENT_KEPT) {
        lent_free_one(buffer);
        return;
    }
    buffer->next = buffers->first;
    buffers->first = buffer;
    buffers->count++;
}

/* The buffer that contains `data`. */
static inline struct lent_buffer *lent_of(void *data)
{
    return container_of((char (*)[LENT_SIZE])data, struct lent_buffer, data);
}

void lent_free(struct lent_buffers *buffers);

#endif
