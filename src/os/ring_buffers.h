/* SPDX-License-Identifier: MIT */
/*
 * ring_buffers.h - the store of buffers from which the kernel takes one when bytes have arrived, shared by all
 * connections.
 *
 * Invariant: a buffer belongs to the kernel (in the shared ring), or to the driver, which gives it back by
 * ring_buffers_put. The store grows by a chunk when the kernel finds it empty, up to a limit; it never shrinks.
 */
#ifndef EDDY_OS_RING_BUFFERS_H
#define EDDY_OS_RING_BUFFERS_H

#if defined(EDDY_WITH_URING)

#include "os/lent.h"
#include "os/ring.h"

/* Data that arrived before it was asked for: bytes in a buffer, or an accepted socket. */
struct stock {
    struct stock *next;
    char *data;           /* the rest of the bytes */
    int64_t size;         /* number of those bytes; or the socket */
    unsigned id;          /* of the buffer */
};

struct ring_buffer {
    struct stock stock;   /* first: its place in a list, while the driver has it and it was not read */
    void *block;          /* the block of memory that contains its chunk: in the first buffer of the chunk */
    _Alignas(MEMORY_LINE) char data[LENT_SIZE]; /* see lent_buffer */
};

struct ring_buffers {
    struct io_uring_buf_ring *shared; /* NULL: none */
    struct ring_buffer **chunks;      /* indexed by id / chunk_size */
    unsigned capacity;                /* in buffers: a power of two, set by the code that opens the ring */
    unsigned chunk_size, count;       /* numbers of buffers: in a chunk, and in all */
    bool refused;                     /* the kernel has no shared buffers, or there was no memory */
};

/* Makes the store when it is first needed. False: there is none, and never will be. */
bool ring_buffers_ready(struct ring_buffers *buffers, struct ring *ring);
/* Adds a chunk. False: the limit is reached, or there is no memory. */
bool ring_buffers_grow(struct ring_buffers *buffers);
static inline struct ring_buffer *ring_buffers_at(const struct ring_buffers *buffers, unsigned id)
{
    return &buffers->chunks[id / buffers->chunk_size][id % buffers->chunk_size];
}
/* Gives a buffer back to the kernel. */
void ring_buffers_put(struct ring_buffers *buffers, unsigned id);
/* Called after ring_close. */
void ring_buffers_free(struct ring_buffers *buffers);

#endif
#endif
