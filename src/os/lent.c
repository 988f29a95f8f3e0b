/* SPDX-License-Identifier: MIT */
/* lent.c - a list of free buffers: see lent.h. */
#include "os/lent.h"

struct lent_buffer *lent_new(void)
{
    void *block = memory_alloc(sizeof(struct lent_buffer) + MEMORY_LINE);
    if (!block)
        return NULL;
    struct lent_buffer *buffer = memory_first_line(block);
    buffer->block = block;
    return buffer;
}

void lent_free_one(struct lent_buffer *buffer)
{
    memory_free(buffer->block);
}

void lent_free(struct lent_buffers *buffers)
{
    for (struct lent_buffer *buffer; (buffer = buffers->first);) {
        buffers->first = buffer->next;
        lent_free_one(buffer);
    }
}
