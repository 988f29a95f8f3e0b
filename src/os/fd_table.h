/* SPDX-License-Identifier: MIT */
/*
 * fd_table.h - a driver's knowledge of each descriptor: an array of entries, indexed by descriptor.
 *
 * Invariant: an entry that was never written is all zeros.  Entries move when the table grows: hold a descriptor, not
 * the address of its entry, across fd_table_make.
 */
#ifndef EDDY_OS_FD_TABLE_H
#define EDDY_OS_FD_TABLE_H

#include <stddef.h>

struct fd_table {
    void *entries;
    size_t count; /* of them */
};

/* NULL: the table does not reach that far. `size`: of an entry, in bytes; it is always the same for one table. */
static inline void *fd_table_find(const struct fd_table *table, int fd, size_t size)
{
    return (unsigned)fd < table->count ? (char *)table->entries + (size_t)fd * size : NULL;
}

/* Makes the table large enough; fd >= 0.  NULL: no memory. */
void *fd_table_grow(struct fd_table *table, int fd, size_t size);

/* The same, but makes the table large enough. NULL: no memory, or a negative descriptor. */
static inline void *fd_table_make(struct fd_table *table, int fd, size_t size)
{
    void *entry = fd_table_find(table, fd, size);
    return entry || fd < 0 ? entry : fd_table_grow(table, fd, size);
}

void fd_table_free(struct fd_table *table);

#endif
