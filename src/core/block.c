/* SPDX-License-Identifier: MIT */
/* block.c - making slabs, carving blocks, giving them back. The invariant stands in block.h. */
#include "core/block.h"

#include "core/switch.h"
#include "os/valgrind.h"

#include <stdint.h>

enum { FIRST_COUNT = 4, LARGEST_SLAB = 64 * 1024 };

struct block_slab {
    struct block_slab *next; /* next slab of the same class */
    uint32_t count;          /* number of blocks that fit into it */
    uint32_t carved;         /* number of blocks that were ever taken */
    uint32_t free;           /* number of free blocks: counted by blocks_trim, meaningless otherwise */
};

/* Number of bytes from the head to the first block and the word before it. */
#define FIRST_BLOCK ((sizeof(struct block_slab) + sizeof(void *) + BLOCK_STEP - 1) / BLOCK_STEP * BLOCK_STEP)

static struct block_slab **slab_of(void *block)
{
    return (struct block_slab **)block - 1;
}

/* Number of bytes from one block to the next. */
static size_t stride_of(size_t class)
{
    return (class + 1) * BLOCK_STEP;
}

/* Only Memcheck answers a request of its own; Callgrind, which counts other programs' instructions, does not. */
static bool each_for_itself(void)
{
#ifdef EDDY_SANITIZED
    return true;
#else
    char byte = 0;
    return VALGRIND_MAKE_MEM_DEFINED(&byte, 1) != 0;
#endif
}

void blocks_init(struct blocks *blocks)
{
    *blocks = (struct blocks){.classes = each_for_itself() ? 0 : BLOCK_CLASSES};
}

static struct block_slab *add_slab(struct blocks *blocks, size_t class)
{
    struct block_slab *newest = blocks->slabs[class];
    size_t count = newest ? newest->count * (size_t)2 : FIRST_COUNT;
    if (count * stride_of(class) > LARGEST_SLAB)
        count = LARGEST_SLAB / stride_of(class);
    struct block_slab *slab = memory_alloc(FIRST_BLOCK + count * stride_of(class));
    if (!slab)
        return NULL;
    *slab = (struct block_slab){.next = newest, .count = (uint32_t)count};
    return blocks->slabs[class] = slab;
}

static void *carve(struct blocks *blocks, struct block_slab *slab, size_t class)
{
    char *block = (char *)slab + FIRST_BLOCK + slab->carved++ * stride_of(class);
    *slab_of(block) = slab;
    blocks->carved++;
    blocks->live++;
    return block;
}

void *block_make(struct blocks *blocks, size_t size)
{
    size_t class = block_class(size);
    if (class >= blocks->classes)
        return memory_alloc(size);
    struct block_slab *slab = blocks->slabs[class];
    if (slab && slab->carved < slab->count)
        return memory_fault() ? NULL : carve(blocks, slab, class);
    slab = add_slab(blocks, class);
    return slab ? carve(blocks, slab, class) : NULL;
}

/* ---- giving back ---- */

static void count_free(struct blocks *blocks, size_t class)
{
    for (struct block_slab *slab = blocks->slabs[class]; slab; slab = slab->next)
        slab->free = 0;
    for (void *block = blocks->free[class]; block; block = *(void **)block)
        (*slab_of(block))->free++;
}

/* The free blocks of the remaining slabs keep their order. */
static void forget_doomed_blocks(struct blocks *blocks, size_t class)
{
    void **link = &blocks->free[class];
    for (void *block = *link; block; block = *(void **)block) {
        if ((*slab_of(block))->free == (*slab_of(block))->carved)
            continue;
        *link = block;
        link = block;
    }
    *link = NULL;
}

static void trim_class(struct blocks *blocks, size_t class)
{
    count_free(blocks, class);
    forget_doomed_blocks(blocks, class);
    for (struct block_slab **link = &blocks->slabs[class], *slab; (slab = *link);) {
        if (slab->free != slab->carved) {
            link = &slab->next;
            continue;
        }
        *link = slab->next;
        blocks->carved -= slab->carved;
        memory_free(slab);
    }
}

void blocks_trim(struct blocks *blocks)
{
    for (size_t class = 0; class < blocks->classes; class++)
        if (blocks->slabs[class])
            trim_class(blocks, class);
}
