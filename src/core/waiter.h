/* SPDX-License-Identifier: MIT */
/* waiter.h - a place in the wait queue of a lock, queue, ...: it lies in the task, whose `waits_for` is the
 * operation. */
#ifndef EDDY_CORE_WAITER_H
#define EDDY_CORE_WAITER_H

#include "base/list.h"
#include "eddy/lock.h"

struct waiter {
    struct list_link link;
    struct eddy_waiters *list; /* NULL: in none */
};

#endif
