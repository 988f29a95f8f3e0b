/* SPDX-License-Identifier: MIT */
/* lent.c - a list of free buffers: see lent.h. */
#include "os/lent.h"

#include "base/assert.h"

static struct lent_buffer *lent_new(void)
{
    void *block = memory_alloc(sizeof(struct lent_buffer) + MEMORY_LINE);
    if (!block)
        return NULL;
    struct lent_buffer *buffer = memory_first_line(block);
    buffer->block = block;
    return buffer;
}

struct lent_buffer *lent_take(struct lent_buffers *buffers)
{
    struct lent_buffer *buffer = buffers->first;
    if (!buffer)
        return lent_new();
    buffers->first = buffer->next;
    buffers->count--;
    return buffer;
}

void lent_put(struct lent_buffers *buffers, struct lent_buffer *buffer)
{
    EDDY_INVARIANT(buffers->count <= LENT_KEPT && (buffers->count == 0) == !buffers->first);
    if (buffers->count == LENT_KEPT) {
        memory_free(buffer->block);
        return;
    }
    buffer->next = buffers->first;
    buffers->first = buffer;
    buffers->count++;
}

struct lent_buffer *lent_of(void *data)
{
    return container_of((char (*)[LENT_SIZE])data, struct lent_buffer, data);
}

void lent_free(struct lent_buffers *buffers)
{
    for (struct lent_buffer *buffer; (buffer = buffers->first);) {
        buffers->first = buffer->next;
        memory_free(buffer->block);
    }
}
