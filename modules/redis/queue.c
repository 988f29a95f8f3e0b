/* SPDX-License-Identifier: MIT */
/*
 * queue.c - see queue.h.
 *
 * Invariant: one place for each reply that is due. A place whose call was given up is NULL, so that the replies after
 * it keep their order.
 */
#include "queue.h"

#include <stdlib.h>

enum { LEAST = 64 };

static struct call **place_of(const struct queue *q, uint64_t number)
{
    return &q->at[number & (q->capacity - 1)];
}

size_t queue_size(const struct queue *q)
{
    return (size_t)(q->end - q->first);
}

bool queue_reserve(struct queue *q, size_t more)
{
    size_t capacity = q->capacity ? q->capacity : LEAST;
    while (capacity - queue_size(q) < more || capacity < queue_size(q))
        capacity *= 2;
    if (capacity == q->capacity)
        return true;
    struct queue wider = {calloc(capacity, sizeof *q->at), capacity, q->first, q->end};
    if (!wider.at)
        return false;
    for (uint64_t i = q->first; i < q->end; i++)
        *place_of(&wider, i) = *place_of(q, i);
    free(q->at);
    *q = wider;
    return true;
}

uint64_t queue_add(struct queue *q, struct call *call)
{
    *place_of(q, q->end) = call;
    return q->end++;
}

struct call *queue_take(struct queue *q)
{
    return *place_of(q, q->first++);
}

void queue_forget(struct queue *q, uint64_t number, size_t count)
{
    for (uint64_t i = number > q->first ? number : q->first; i < number + count && i < q->end; i++)
        *place_of(q, i) = NULL;
}

void queue_free(struct queue *q)
{
    free(q->at);
    *q = (struct queue){0};
}
