/* SPDX-License-Identifier: MIT */
/* ring_buffers.c - see ring_buffers.h. */
#define _GNU_SOURCE
#include "os/ring_buffers.h"

#if defined(EDDY_WITH_URING)

#include "os/memory.h"

#include <string.h>
#include <sys/mman.h>

enum { CHUNK = 64 };

static size_t shared_size(const struct ring_buffers *buffers)
{
    return buffers->capacity * sizeof(struct io_uring_buf);
}

/* On separate pages, which a forked child does not get, since the kernel writes to them. */
static struct io_uring_buf_ring *map_shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    madvise(memory, size, MADV_DONTFORK);
    return memory;
}

static bool open_buffers(struct ring_buffers *buffers, struct ring *ring)
{
    buffers->chunk_size = buffers->capacity < CHUNK ? buffers->capacity : CHUNK;
    buffers->chunks = memory_alloc_zeroed(buffers->capacity / buffers->chunk_size * sizeof *buffers->chunks);
    buffers->shared = buffers->chunks ? map_shared(shared_size(buffers)) : NULL;
    if (!buffers->shared)
        return false;
    struct io_uring_buf_reg registration = {.ring_addr = (uintptr_t)buffers->shared,
                                            .ring_entries = buffers->capacity};
    io_uring_buf_ring_init(buffers->shared);
    return io_uring_register_buf_ring(&ring->io, &registration, 0) == 0 && ring_buffers_grow(buffers);
}

bool ring_buffers_ready(struct ring_buffers *buffers, struct ring *ring)
{
    if (buffers->count == 0 && !buffers->refused)
        buffers->refused = buffers->capacity == 0 || !open_buffers(buffers, ring);
    return !buffers->refused;
}

bool ring_buffers_grow(struct ring_buffers *buffers)
{
    if (buffers->count == buffers->capacity)
        return false;
    void *block = memory_alloc(buffers->chunk_size * sizeof(struct ring_buffer) + MEMORY_LINE);
    if (!block)
        return false;
    struct ring_buffer *chunk = memory_first_line(block);
    chunk->block = block;
    buffers->chunks[buffers->count / buffers->chunk_size] = chunk;
    for (unsigned i = 0; i < buffers->chunk_size; i++)
        ring_buffers_put(buffers, buffers->count++);
    return true;
}

void ring_buffers_put(struct ring_buffers *buffers, unsigned id)
{
    struct ring_buffer *buffer = ring_buffers_at(buffers, id);
    EDDY_INVARIANT(id < buffers->capacity);
    io_uring_buf_ring_add(buffers->shared, buffer->data, sizeof buffer->data, (unsigned short)id,
                          io_uring_buf_ring_mask(buffers->capacity), 0);
    io_uring_buf_ring_advance(buffers->shared, 1);
}

void ring_buffers_free(struct ring_buffers *buffers)
{
    for (unsigned i = 0; i < buffers->count; i += buffers->chunk_size)
        memory_free(buffers->chunks[i / buffers->chunk_size]->block);
    if (buffers->shared)
        munmap(buffers->shared, shared_size(buffers));
    memory_free(buffers->chunks);
}

#endif
