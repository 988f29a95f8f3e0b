/* SPDX-License-Identifier: MIT */
/*
 * shuffle.h - the order of a linked list, decided by a seed.
 *
 * Each order is as likely as any other.  It needs no memory, and n log n steps: also a hundred thousand items that are
 * ready in the same pass cost a fraction of a microsecond each.
 */
#ifndef EDDY_BASE_SHUFFLE_H
#define EDDY_BASE_SHUFFLE_H

#include <stdint.h>

/* The link that begins an item of such a list; the last one's is NULL. */
struct shuffle_link {
    struct shuffle_link *next;
};

/* Gives the new first item; NULL for no item. */
struct shuffle_link *shuffle(struct shuffle_link *first, uint64_t *random);

#endif
