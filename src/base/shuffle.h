/* SPDX-License-Identifier: MIT */
/*
 * shuffle.h - shuffles a linked list by a seed.
 *
 * Each order is as likely as any other. It needs no memory, and n log n steps: even a hundred thousand items that
 * are ready in the same pass cost a fraction of a microsecond each.
 */
#ifndef EDDY_BASE_SHUFFLE_H
#define EDDY_BASE_SHUFFLE_H

#include <stdint.h>

/* The first link in an item of such a list; the last item's link is NULL. */
struct shuffle_link {
    struct shuffle_link *next;
};

/* Returns the new first item; NULL if there are no items. */
struct shuffle_link *shuffle(struct shuffle_link *first, uint64_t *random);

#endif
