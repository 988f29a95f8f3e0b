/* SPDX-License-Identifier: MIT */
/* loop_end.h - the end of a loop, see loop_end.c. */
#ifndef EDDY_CORE_LOOP_END_H
#define EDDY_CORE_LOOP_END_H

struct eddy_loop;

/* On the loop's thread, which runs it: when this returns no task is left, and no other thread can reach it. */
void loop_finish(struct eddy_loop *loop);
/* On the same thread: results that no thread has fetched, and that are nothing without the loop, are closed. */
void remotes_end(struct eddy_loop *loop);

#endif
