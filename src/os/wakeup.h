/* SPDX-License-Identifier: MIT */
/*
 * wakeup.h - ends the wait of a driver, from any thread and any signal handler: an eventfd in the driver's wait set.
 *
 * Invariant: the eventfd is written at most once between two waits. It is watched edge-triggered, so it is never
 * read.
 */
#ifndef EDDY_OS_WAKEUP_H
#define EDDY_OS_WAKEUP_H

#include <stdbool.h>

struct wakeup {
    int fd;    /* the eventfd */
    bool rung; /* it has been written since the last wait; atomic */
};

/* Returns 0 or an errno value. */
int wakeup_open(struct wakeup *wakeup);
void wakeup_close(struct wakeup *wakeup);
/* Any thread, any signal handler; errno is kept. */
void wakeup_ring(struct wakeup *wakeup);

/* The driver's thread: the next wait must not sleep. */
static inline bool wakeup_is_rung(const struct wakeup *wakeup)
{
    return __atomic_load_n(&wakeup->rung, __ATOMIC_SEQ_CST);
}

/* The driver's thread, at the end of a wait: from here on wakeup_ring writes again, since the caller may miss
 * announced work when it looks at its queues. True: wakeup_ring was called. */
static inline bool wakeup_take(struct wakeup *wakeup)
{
    return __atomic_load_n(&wakeup->rung, __ATOMIC_SEQ_CST) &&
           __atomic_exchange_n(&wakeup->rung, false, __ATOMIC_SEQ_CST);
}

#endif
