/* SPDX-License-Identifier: MIT */
/*
 * unclaimed.c - results that nobody takes: of detached tasks, of a group's without a slot, of those that a frame or a
 * gather leaves behind.
 *
 * Invariant: a result is taken at most once: by an await, by a slot, by who runs the loop, or here.
 */
#include "core/unclaimed.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct eddy_freeing *first; /* under the lock: a program may load others while its loops run */

void eddy_freeing_add(struct eddy_freeing *freeing)
{
    pthread_mutex_lock(&lock);
    freeing->next = first;
    first = freeing;
    pthread_mutex_unlock(&lock);
}

void eddy_freeing_remove(struct eddy_freeing *freeing)
{
    pthread_mutex_lock(&lock);
    struct eddy_freeing **link = &first;
    while (*link && *link != freeing)
        link = &(*link)->next;
    if (*link)
        *link = freeing->next;
    pthread_mutex_unlock(&lock);
}

void eddy_free_unclaimed(struct eddy_awaitable *a)
{
    pthread_mutex_lock(&lock);
    struct eddy_freeing *freeing = first;
    while (freeing && freeing->body != a->awaitable.type->body)
        freeing = freeing->next;
    void (*function)(struct eddy_awaitable *) = freeing ? freeing->free : NULL;
    pthread_mutex_unlock(&lock);
    if (function)
        function(a);
}
