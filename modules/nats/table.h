/* SPDX-License-Identifier: MIT */
/* table.h - objects by number: a hash table of links that lie in the objects. */
#ifndef EDDY_NATS_TABLE_H
#define EDDY_NATS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first member of an object. */
struct entry {
    struct entry *next;
    uint64_t number;
};

struct table {
    struct entry **at;
    size_t capacity;  /* a power of two, or 0 */
    size_t count;
};

/* False: no memory. The number is in no entry of the table. */
bool table_add(struct table *t, struct entry *e);
struct entry *table_find(const struct table *t, uint64_t number);
/* Returns it; NULL: it is not there. */
struct entry *table_remove(struct table *t, uint64_t number);
void table_free(struct table *t);

#endif
