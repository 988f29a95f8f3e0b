/* SPDX-License-Identifier: MIT */
/* queue.h - the calls that wait for replies, in the order of their commands: a ring. */
#ifndef EDDY_REDIS_QUEUE_H
#define EDDY_REDIS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

struct queue {
    struct call **at;
    size_t capacity;     /* a power of two, or 0 */
    uint64_t first, end; /* numbers of the next reply, and of the one after the last */
};

/* Room for more. False: no memory. */
bool queue_reserve(struct queue *q, size_t more);
/* Adds a call, which room was reserved for; returns the number of its reply. */
uint64_t queue_add(struct queue *q, struct call *call);
/* The call of the next reply; NULL: it was given up. The queue is not empty. */
struct call *queue_take(struct queue *q);
/* The replies of these numbers are dropped when they come; some of them may have come. */
void queue_forget(struct queue *q, uint64_t number, size_t count);
size_t queue_size(const struct queue *q);
void queue_free(struct queue *q);

#endif
