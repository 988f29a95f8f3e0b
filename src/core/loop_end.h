/* SPDX-License-Identifier: MIT */
/* loop_end.h - the end of a loop, see loop_end.c. */
#ifndef EDDY_CORE_LOOP_END_H
#define EDDY_CORE_LOOP_END_H

struct eddy_loop;

/* Called on the thread that runs the loop: when it returns no task is left, and no other thread can reach the loop. */
void loop_finish(struct eddy_loop *loop);
/* On the same thread: results that no thread has fetched, and that are nothing without the loop, are closed. */
void remotes_end(struct eddy_loop *loop);

#endif
