/* SPDX-License-Identifier: MIT */
/* arena.c - see arena.h. */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096 };

struct arena_block {
    struct arena_block *next;
    char data[];
};

void arena_begin(struct arena *arena)
{
    arena->at = arena->first;
    arena->end = arena->first + sizeof arena->first;
    arena->blocks = NULL;
}

/* Room that is left in the block before is lost until the end. */
static char *add_block(struct arena *arena, size_t size)
{
    size_t room = size > BLOCK ? size : BLOCK;
    struct arena_block *block = malloc(sizeof *block + room);
    if (!block)
        return NULL;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->at = block->data;
    arena->end = block->data + room;
    return block->data;
}

void *arena_take(struct arena *arena, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if ((size_t)(arena->end - arena->at) < size && !add_block(arena, size))
        return NULL;
    char *taken = arena->at;
    arena->at += size;
    return taken;
}

char *arena_copy(struct arena *arena, const char *text, size_t size)
{
    char *copy = arena_take(arena, size + 1);
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = 0;
    }
    return copy;
}

void arena_end(struct arena *arena)
{
    for (struct arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    arena_begin(arena);
}
