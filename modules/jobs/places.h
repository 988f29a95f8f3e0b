/* SPDX-License-Identifier: MIT */
/* places.h - places and turns for jobs: those of a higher priority first, and then in the order of asking. */
#ifndef EDDY_JOBS_PLACES_H
#define EDDY_JOBS_PLACES_H

#include <eddy.h>

/* A number of places. */
struct places {
    size_t free;
    struct places_waiter *first; /* none waits while a place is free */
};
#define PLACES_INIT(places) {.free = (places)}

/* Waits for a place. Fails with ECANCELED. */
eddy_async_declare(void, places_enter, (struct places *, p), (int, priority));
/* Gives it to the next one. */
void places_leave(struct places *p);

/* So many jobs a second begin, and not more. */
struct pace {
    struct places turn;   /* one place */
    double rate;        /* jobs a second; 0: no limit */
    double next;        /* time at which the next one may begin, in seconds of eddy_time() */
};
#define PACE_INIT(jobs) {.turn = PLACES_INIT(1), .rate = (jobs)}

/* Waits until a job may begin and has a slot, which its caller leaves. A job that has its turn is not overtaken by one
 * of a higher priority of its function. Fails with ECANCELED. */
eddy_async_declare(void, pace_enter, (struct pace *, p), (struct places *, slots), (int, priority));

#endif
