/* SPDX-License-Identifier: MIT */
/*
 * crossing.h - calls between threads, and how a task waits for other threads.
 *
 * Invariant: a thread that took a crossing out of its list is the only one that may wake the task; until then the
 * task waits, so its header, in which the crossing lies, remains.
 */
#ifndef EDDY_CORE_CROSSING_H
#define EDDY_CORE_CROSSING_H

#include "base/list.h"

/* A call from another thread. */
struct remote_call {
    struct remote_call *next;
    void (*function)(void *);
    void *argument;
    uint64_t of_pool; /* a thread of the pool reports its end: the number of its job; 0: not of a pool */
};

struct crossing {
    struct list_link link;   /* in a list of tasks and threads, which may belong to several loops */
    struct list *list;       /* that list; NULL: it was taken out */
    struct remote_call call; /* posted to the task's loop to wake it; no function: a thread waits */
};

#endif
