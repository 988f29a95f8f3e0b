/* SPDX-License-Identifier: MIT */
/* list.c - memory of list_of(T). */
#include <stdint.h>

#include "eddy/macros.h"
#include "os/memory.h"

void *eddy_list_grow(void *items, size_t *capacity, size_t item_size)
{
    size_t larger = *capacity ? *capacity * 2 : 8;
    if (larger > SIZE_MAX / item_size)
        return NULL;
    void *grown = memory_grow(items, larger * item_size);
    if (grown)
        *capacity = larger;
    return grown;
}

void eddy_list_drop(void *items)
{
    memory_free(items);
}
