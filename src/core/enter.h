/* SPDX-License-Identifier: MIT */
/*
 * enter.h - a thread begins to run a loop, and ends.
 *
 * Invariant: a loop is run by one thread at a time, and a thread runs one loop at a time.  Between two runs the loop's
 * tasks stay where they are, and other threads may post to it.
 */
#ifndef EDDY_CORE_ENTER_H
#define EDDY_CORE_ENTER_H

#include "core/current.h"
#include "eddy/loop.h"
#include "os/sigpipe.h"

struct eddy_allocator;
struct eddy_failure;

/* What a thread had before it ran a loop. */
struct before {
    struct current current;
    const struct eddy_allocator *allocator;
    struct sigpipe sigpipe;
};

/* Why this thread can run no loop now: it runs one.  NULL: it can. */
struct eddy_failure *loop_check_thread(void);
/* The loop of that name is this thread's to run, until loop_end_run; or why it is not. */
struct eddy_failure *loop_claim(const eddy_loop *name, struct eddy_loop **loop);
/* The code of a refusal, which is misuse and printed unless the loop has only been closed. */
int loop_refusal(struct eddy_failure *failure);
/* What this thread does from now on is the loop's. */
void loop_begin_run(struct eddy_loop *loop, struct before *before);
/* The same for who only looks at it: nothing runs, and nothing is written, so that SIGPIPE is left alone. */
void loop_begin_look(struct eddy_loop *loop, struct before *before);
/* loop NULL: it has been closed. */
void loop_end_run(struct eddy_loop *loop, const struct before *before);
/* The failure of a run whose driver has failed. */
struct eddy_failure *loop_driver_failed(const struct eddy_loop *loop);

#endif
