/* SPDX-License-Identifier: MIT */
/*
 * ring_buffers.h - buffers that a ring's kernel side takes from when something has come: one store for all connections.
 *
 * Invariant: a buffer is the kernel's (in the shared ring), or the driver's, which gives it back by ring_buffers_put.
 * The store grows by a chunk when the kernel finds it empty, up to a limit; it never shrinks.
 */
#ifndef EDDY_OS_RING_BUFFERS_H
#define EDDY_OS_RING_BUFFERS_H

#if defined(EDDY_WITH_URING)

#include "os/lent.h"
#include "os/ring.h"

/* Something that came before it was asked for: bytes in a buffer, or an accepted socket. */
struct stock {
    struct stock *next;
    char *data;           /* the rest of the bytes */
    int64_t size;         /* of it; or the socket */
    unsigned id;          /* of the buffer */
};

struct ring_buffer {
    struct stock stock;   /* first: its place in a list, while the driver has it and it was not read */
    void *block;          /* of memory, which its chunk lies in: of the first of the chunk */
    _Alignas(MEMORY_LINE) char data[LENT_SIZE]; /* see lent_buffer */
};

struct ring_buffers {
    struct io_uring_buf_ring *shared; /* NULL: none */
    struct ring_buffer **chunks;      /* by id / chunk_size */
    unsigned capacity;                /* of buffers: a power of two, set by whoever opens the ring */
    unsigned chunk_size, count;       /* buffers that there are */
    bool refused;                     /* the kernel has no shared buffers, or there was no memory */
};

/* Made at first need.  False: there are none, and never will be. */
bool ring_buffers_ready(struct ring_buffers *buffers, struct ring *ring);
/* A chunk more.  False: the limit, or no memory. */
bool ring_buffers_grow(struct ring_buffers *buffers);
static inline struct ring_buffer *ring_buffers_at(const struct ring_buffers *buffers, unsigned id)
{
    return &buffers->chunks[id / buffers->chunk_size][id % buffers->chunk_size];
}
/* It is the kernel's again. */
void ring_buffers_put(struct ring_buffers *buffers, unsigned id);
/* After ring_close. */
void ring_buffers_free(struct ring_buffers *buffers);

#endif
#endif
