/* SPDX-License-Identifier: MIT */
/*
 * sigpipe.h - SIGPIPE while a loop runs on a thread: blocked there, so that a write to a closed connection is an
 * error (EPIPE) and never the end of the program.
 *
 * Invariant: the program's disposition for the signal is never changed, and in the thread's mask only this signal
 * is.
 */
#ifndef EDDY_OS_SIGPIPE_H
#define EDDY_OS_SIGPIPE_H

#include <stdbool.h>

/* The state before the loop. */
struct sigpipe {
    bool blocked; /* it was in the mask of the thread */
    bool pending; /* it was pending */
};

/* Nothing is changed, and so nothing must be restored. */
static inline struct sigpipe sigpipe_as_it_is(void)
{
    return (struct sigpipe){.blocked = true, .pending = true};
}
/* Blocks it on this thread. */
struct sigpipe sigpipe_block(void);
/* Takes one that became pending meanwhile, and unblocks the signal unless it was blocked before. Keeps errno. */
void sigpipe_restore(const struct sigpipe *before);

#endif
