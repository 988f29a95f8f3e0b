/* SPDX-License-Identifier: MIT */
/* arena.c - see arena.h. */
#include "cli/arena.h"

#include <stdio.h>
#include <stdlib.h>

struct block {
    struct block *next;               /* the block made before this one */
    _Alignas(max_align_t) char data[]; /* the memory that the caller gets */
};

static struct block *newest;

void *arena_alloc(size_t size)
{
    struct block *block = malloc(sizeof *block + size);
    if (!block) {
        fputs("eddy: no memory left\n", stderr);
        exit(1);
    }
    block->next = newest;
    newest = block;
    return block->data;
}

void arena_release(void)
{
    while (newest) {
        struct block *next = newest->next;
        free(newest);
        newest = next;
    }
}
