/* SPDX-License-Identifier: MIT */
/*
 * block.h - memory for tasks: freed blocks are kept by size and handed out again, last in first out.
 *
 * Not under sanitizers, whose own quarantine finds what is used too late.
 */
#ifndef EDDY_CORE_BLOCK_H
#define EDDY_CORE_BLOCK_H

#include <stddef.h>

#include "core/switch.h"
#include "os/memory.h"

enum { BLOCK_STEP = 16, BLOCK_CLASSES = 64, BLOCK_KEPT = 4096 };

struct blocks {
    void *free[BLOCK_CLASSES];    /* chained through their first word */
    unsigned count[BLOCK_CLASSES];
};

static inline size_t block_class(size_t size)
{
    return (size - 1) / BLOCK_STEP;
}

static inline void *block_take(struct blocks *blocks, size_t size)
{
    size_t class = block_class(size);
    if (class >= BLOCK_CLASSES)
        return memory_alloc(size);
    void *block = blocks->free[class];
    if (!block)
        return memory_alloc((class + 1) * BLOCK_STEP);
    if (memory_fault())
        return NULL;
    blocks->free[class] = *(void **)block;
    blocks->count[class]--;
    return block;
}

static inline void block_give(struct blocks *blocks, void *block, size_t size)
{
    size_t class = block_class(size);
#ifdef EDDY_SANITIZED
    class = BLOCK_CLASSES;
#endif
    if (class >= BLOCK_CLASSES || blocks->count[class] >= BLOCK_KEPT) {
        memory_free(block);
        return;
    }
    *(void **)block = blocks->free[class];
    blocks->free[class] = block;
    blocks->count[class]++;
}

static inline void blocks_free(struct blocks *blocks)
{
    for (size_t class = 0; class < BLOCK_CLASSES; class++)
        for (void *block; (block = blocks->free[class]);) {
            blocks->free[class] = *(void **)block;
            blocks->count[class]--;
            memory_free(block);
        }
}

#endif
