/* SPDX-License-Identifier: MIT */
/*
 * sigpipe.h - SIGPIPE while a loop runs on a thread: blocked there, so that a write to a peer that has gone is an error
 * (EPIPE) and never the end of the program.
 *
 * Invariant: what the program does with the signal (its disposition) is never changed, and of the thread's mask nothing
 * but this one signal is.
 */
#ifndef EDDY_OS_SIGPIPE_H
#define EDDY_OS_SIGPIPE_H

#include <stdbool.h>

/* How it was before. */
struct sigpipe {
    bool blocked; /* in the mask of the thread */
    bool pending; /* it had been raised, and not been delivered */
};

/* Blocks it on this thread. */
struct sigpipe sigpipe_block(void);
/* Takes one that became pending meanwhile, and unblocks it unless it was blocked before.  Keeps errno. */
void sigpipe_restore(const struct sigpipe *before);

#endif
