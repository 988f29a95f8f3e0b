/* SPDX-License-Identifier: MIT */
/* arena.h - memory that lives as long as one message, and is given back at once. Most messages need no more than its
 * first room, which takes no allocation. */
#ifndef EDDY_HTTP_ARENA_H
#define EDDY_HTTP_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    char *at, *end;             /* the free room */
    struct arena_block *blocks; /* from malloc */
    _Alignas(16) char first[1024];
};

void arena_begin(struct arena *arena);
/* Memory for `size` bytes, aligned for any object of 8 bytes; NULL: there is none. */
void *arena_take(struct arena *arena, size_t size);
/* A copy with a 0 byte after it. */
char *arena_copy(struct arena *arena, const char *text, size_t size);
/* Frees all; the arena may be used again. */
void arena_end(struct arena *arena);

#endif
