/* SPDX-License-Identifier: MIT */
/* shuffle.c - two shuffled halves, merged at random: see shuffle.h. */
#include "base/shuffle.h"

#include <stddef.h>

#include "base/random.h"

/* Each remaining item is the next one with the same probability: so the next one comes from a half with the
 * probability of that half's share. */
static struct shuffle_link *merge(struct shuffle_link *a, size_t left, struct shuffle_link *b, size_t right,
                                  uint64_t *random)
{
    struct shuffle_link *first = NULL, **end = &first;
    while (left && right) {
        bool from_a = random_below(random, left + right) < left;
        struct shuffle_link **half = from_a ? &a : &b;
        *(from_a ? &left : &right) -= 1;
        *end = *half;
        end = &(*half)->next;
        *half = *end;
    }
    *end = left ? a : b;
    return first;
}

/* Removes `count` items from *rest. */
static struct shuffle_link *take_shuffled(struct shuffle_link **rest, size_t count, uint64_t *random)
{
    if (count == 1) {
        struct shuffle_link *one = *rest;
        *rest = one->next;
        one->next = NULL;
        return one;
    }
    struct shuffle_link *a = take_shuffled(rest, count / 2, random);
    struct shuffle_link *b = take_shuffled(rest, count - count / 2, random);
    return merge(a, count / 2, b, count - count / 2, random);
}

struct shuffle_link *shuffle(struct shuffle_link *first, uint64_t *random)
{
    size_t count = 0;
    for (const struct shuffle_link *one = first; one; one = one->next)
        count++;
    return count ? take_shuffled(&first, count, random) : NULL;
}
