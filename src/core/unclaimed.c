/* SPDX-License-Identifier: MIT */
/*
 * unclaimed.c - results that are never taken: of detached tasks, of a group's tasks without a slot, of tasks that
 * outlive a frame or a gather.
 *
 * Invariant: a result is taken at most once: by an await, by a slot, by the code that runs the loop, or here.
 */
#include "core/unclaimed.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock: a program may load others while its loops run. */
static struct eddy_freeing *of_any_thread; /* results that any thread may free, at any time */
static struct eddy_freeing *of_loop;       /* results that end with their loop: streams, servers, files, processes */

static void add(struct eddy_freeing **list, struct eddy_freeing *freeing)
{
    pthread_mutex_lock(&lock);
    freeing->next = *list;
    *list = freeing;
    pthread_mutex_unlock(&lock);
}

void eddy_freeing_add(struct eddy_freeing *freeing)
{
    add(&of_any_thread, freeing);
}

void eddy_freeing_add_of_loop(struct eddy_freeing *freeing)
{
    add(&of_loop, freeing);
}

static void take_out(struct eddy_freeing **link, const struct eddy_freeing *freeing)
{
    while (*link && *link != freeing)
        link = &(*link)->next;
    if (*link)
        *link = freeing->next;
}

void eddy_freeing_remove(struct eddy_freeing *freeing)
{
    pthread_mutex_lock(&lock);
    take_out(&of_any_thread, freeing);
    take_out(&of_loop, freeing);
    pthread_mutex_unlock(&lock);
}

static struct eddy_freeing *find(struct eddy_freeing *freeing, void (*body)(void))
{
    while (freeing && freeing->body != body)
        freeing = freeing->next;
    return freeing;
}

void eddy_free_unclaimed(struct eddy_awaitable *a)
{
    void (*body)(void) = a->awaitable.type->body;
    bool loop_ends = a->awaitable.flags & ED_FLAG_LOOP_ENDS;
    pthread_mutex_lock(&lock);
    struct eddy_freeing *freeing = find(of_loop, body);
    if (!freeing && loop_ends)
        a->awaitable.flags &= (uint8_t)~ED_FLAG_LOOP_ENDS;
    else if (!freeing)
        freeing = find(of_any_thread, body);
    void (*function)(struct eddy_awaitable *) = freeing ? freeing->free : NULL;
    pthread_mutex_unlock(&lock);
    if (function)
        function(a);
}
