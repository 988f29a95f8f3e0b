/* SPDX-License-Identifier: MIT */
/*
 * race.h - several attempts at the same thing, begun one after the other until one succeeds (RFC 8305: happy
 * eyeballs).
 *
 * The next is begun when the last one has failed, or has not succeeded within `stagger` seconds. Invariant: when the
 * race is over, for any reason, no attempt is running, and the results of losers have been discarded.
 */
#ifndef EDDY_IO_RACE_H
#define EDDY_IO_RACE_H

#include <eddy.h>

enum { RACE_MOST = 16 };

/* The i-th attempt: its result (>= 0), or a negative code. */
eddy_async_type(int64_t, race_attempt, (void *, argument), (size_t, i));

struct race {
    race_attempt attempt;
    void *argument;
    size_t count;                        /* number of attempts; at most RACE_MOST */
    double stagger;                      /* seconds; INFINITY: one after the other */
    void (*discard)(int64_t brought);    /* discards a loser's result */
    int64_t results[RACE_MOST];          /* by attempt */
    int winner;                          /* index of the winner; -1: no attempt won, and each result says why */
};

/* Sets winner and results. Fails only by cancellation, and only if no attempt won; otherwise the request is
 * delivered at the next await. */
eddy_async_declare(void, race_run, (struct race *, race));

#endif
