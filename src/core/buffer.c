/* SPDX-License-Identifier: MIT */
/* buffer.c - see buffer.h. */
#include "core/buffer.h"

#include <stdint.h>
#include <string.h>

#include "os/memory.h"

enum { FIRST = 512 };

bool buffer_reserve(struct eddy_buffer *b, size_t size)
{
    if (size >= SIZE_MAX / 2 - b->size)
        return false;
    size_t needed = b->size + size + 1, capacity = b->capacity ? b->capacity : FIRST;
    if (needed <= b->capacity)
        return true;
    while (capacity < needed)
        capacity *= 2;
    char *data = memory_grow(b->data, capacity);
    if (!data)
        return false;
    b->data = data;
    b->capacity = capacity;
    return true;
}

void buffer_grew(struct eddy_buffer *b, size_t size)
{
    b->size += size;
    b->data[b->size] = 0;
}

bool eddy_buffer_append(eddy_buffer *b, const void *data, size_t size)
{
    if (!buffer_reserve(b, size))
        return false;
    if (size)
        memcpy(b->data + b->size, data, size);
    buffer_grew(b, size);
    return true;
}

void eddy_buffer_free(eddy_buffer *b)
{
    memory_free(b->data);
    *b = (struct eddy_buffer){0};
}
