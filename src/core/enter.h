/* SPDX-License-Identifier: MIT */
/*
 * enter.h - a thread begins and ends running a loop. Invariant: a loop is run by one thread at a time, and a thread
 * runs one loop at a time. Between two runs the loop's tasks remain where they are, and other threads may post to
 * it.
 */
#ifndef EDDY_CORE_ENTER_H
#define EDDY_CORE_ENTER_H

#include "core/current.h"
#include "eddy/loop.h"
#include "os/sigpipe.h"

struct eddy_allocator;
struct eddy_failure;

/* The thread's state before it ran a loop. */
struct before {
    struct current current;
    const struct eddy_allocator *allocator;
    struct sigpipe sigpipe;
};

/* Why this thread can run no loop now: it is running one. NULL: it can. */
struct eddy_failure *loop_check_thread(void);
/* The loop of that name, which this thread may run until loop_end_run; or the reason why it may not. */
struct eddy_failure *loop_claim(const eddy_loop *name, struct eddy_loop **loop);
/* The code of a refusal, which is misuse and is printed, unless the loop was only closed. */
int loop_refusal(struct eddy_failure *failure);
/* From now on this thread works for the loop. */
void loop_begin_run(struct eddy_loop *loop, struct before *before);
/* The same for a host that has code of its own between the steps: SIGPIPE is not touched. */
void loop_begin_visit(struct eddy_loop *loop, struct before *before);
/* The same for a caller that only looks at the loop: no task runs, and nothing is written, so SIGPIPE is not
 * touched. */
void loop_begin_look(struct eddy_loop *loop, struct before *before);
/* loop NULL: it has been closed. */
void loop_end_run(struct eddy_loop *loop, const struct before *before);
/* The failure of a run whose driver has failed. */
struct eddy_failure *loop_driver_failed(const struct eddy_loop *loop);

#endif
