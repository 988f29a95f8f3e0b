/* SPDX-License-Identifier: MIT */
/*
 * block.h - memory for tasks and their parts: slabs of equal blocks, reused last in first out.
 *
 * A slab is one block of memory.h: its head, then blocks with a word before each that names the slab.  Invariant:
 * only the first slab of a class has blocks that were never taken.
 *
 * Taking a block counts as a request that may be refused. Under sanitizers and Memcheck each block is a separate
 * block of memory.h, so that they detect uses after it was given back.
 */
#ifndef EDDY_CORE_BLOCK_H
#define EDDY_CORE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "os/memory.h"

enum { BLOCK_STEP = 16, BLOCK_CLASSES = 64, BLOCK_SLACK = 4096 };

struct block_slab;

struct blocks {
    void *free[BLOCK_CLASSES];               /* the free blocks, chained through their first word */
    struct block_slab *slabs[BLOCK_CLASSES]; /* the newest first */
    size_t classes;                          /* sizes from this class on have no slabs; 0: no size has slabs */
    size_t live;                             /* number of blocks of slabs in use */
    size_t carved;                           /* number of blocks of slabs that were ever taken */
};

void blocks_init(struct blocks *blocks);
/* True: most blocks of the slabs are free, because many tasks have ended. */
static inline bool blocks_are_slack(const struct blocks *blocks)
{
    return blocks->carved > BLOCK_SLACK && blocks->live < blocks->carved / 8;
}
/* Gives back all slabs with no block in use. */
void blocks_trim(struct blocks *blocks);
/* The slow part: there is no free block, or the size has no slabs. */
void *block_make(struct blocks *blocks, size_t size);

/* The size of a class's blocks leaves room for a word before the next one. */
static inline size_t block_class(size_t size)
{
    return (size + sizeof(void *) - 1) / BLOCK_STEP;
}

static inline void *block_pop(struct blocks *blocks, size_t class)
{
    void *block = blocks->free[class];
    blocks->free[class] = *(void **)block;
    blocks->live++;
    return block;
}

/* A block that was in use before; NULL: block_take may have one. */
static inline void *block_take_again(struct blocks *blocks, size_t size)
{
    size_t class = block_class(size);
    if (class >= BLOCK_CLASSES || !blocks->free[class] || memory_may_fail())
        return NULL;
    return block_pop(blocks, class);
}

/* A block at a multiple of 16; NULL: no memory. */
static inline void *block_take(struct blocks *blocks, size_t size)
{
    size_t class = block_class(size);
    if (class >= blocks->classes || !blocks->free[class])
        return block_make(blocks, size);
    return memory_fault() ? NULL : block_pop(blocks, class);
}

static inline void block_give(struct blocks *blocks, void *block, size_t size)
{
    size_t class = block_class(size);
    if (class >= blocks->classes) {
        memory_free(block);
        return;
    }
    *(void **)block = blocks->free[class];
    blocks->free[class] = block;
    blocks->live--;
}

#endif
