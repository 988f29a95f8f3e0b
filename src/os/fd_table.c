/* SPDX-License-Identifier: MIT */
/* fd_table.c - see fd_table.h. */
#include "os/fd_table.h"

#include "base/assert.h"
#include "os/memory.h"

#include <string.h>

enum { FIRST_COUNT = 32 };

void *fd_table_grow(struct fd_table *table, int fd, size_t size)
{
    EDDY_ASSERT(fd >= 0 && (size_t)fd >= table->count, "the table has an entry for descriptor %d", fd);
    size_t count = table->count ? table->count : FIRST_COUNT;
    while (count <= (size_t)fd)
        count *= 2;
    char *entries = memory_grow(table->entries, count * size);
    if (!entries)
        return NULL;
    memset(entries + table->count * size, 0, (count - table->count) * size);
    table->entries = entries;
    table->count = count;
    return entries + (size_t)fd * size;
}

void fd_table_free(struct fd_table *table)
{
    memory_free(table->entries);
    *table = (struct fd_table){.entries = NULL};
}
