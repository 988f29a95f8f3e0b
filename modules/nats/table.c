/* SPDX-License-Identifier: MIT */
/* table.c - see table.h. Numbers are given in order, so that their last bits spread them. */
#define EDDY_LIBRARY
#include "table.h"

#include <stdlib.h>

enum { LEAST = 64 };

static struct entry **bucket_of(const struct table *t, uint64_t number)
{
    return &t->at[number & (t->capacity - 1)];
}

static bool grow(struct table *t)
{
    struct table wider = {.capacity = t->capacity ? t->capacity * 2 : LEAST, .count = t->count};
    wider.at = calloc(wider.capacity, sizeof *wider.at);
    if (!wider.at)
        return false;
    for (size_t i = 0; i < t->capacity; i++)
        for (struct entry *e = t->at[i], *next; e; e = next) {
            struct entry **bucket = bucket_of(&wider, e->number);
            next = e->next;
            e->next = *bucket;
            *bucket = e;
        }
    free(t->at);
    *t = wider;
    return true;
}

bool table_add(struct table *t, struct entry *e)
{
    if (t->count == t->capacity && !grow(t))
        return false;
    struct entry **bucket = bucket_of(t, e->number);
    e->next = *bucket;
    *bucket = e;
    t->count++;
    return true;
}

struct entry *table_find(const struct table *t, uint64_t number)
{
    struct entry *e = t->capacity ? *bucket_of(t, number) : NULL;
    while (e && e->number != number)
        e = e->next;
    return e;
}

struct entry *table_remove(struct table *t, uint64_t number)
{
    if (!t->capacity)
        return NULL;
    for (struct entry **link = bucket_of(t, number); *link; link = &(*link)->next)
        if ((*link)->number == number) {
            struct entry *e = *link;
            *link = e->next;
            t->count--;
            return e;
        }
    return NULL;
}

void table_free(struct table *t)
{
    free(t->at);
    *t = (struct table){0};
}
