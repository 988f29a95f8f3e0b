/* SPDX-License-Identifier: MIT */
/* loop_end.h - the end of a loop, see loop_end.c. */
#ifndef EDDY_CORE_LOOP_END_H
#define EDDY_CORE_LOOP_END_H

struct eddy_loop;

/* Called on the thread that runs the loop: when it returns no task is left, and no other thread can reach the loop. */
void loop_finish(struct eddy_loop *loop);
/* Called on the same thread: closes results that were not fetched and that end with the loop. */
void remotes_end(struct eddy_loop *loop);

#endif
