/* SPDX-License-Identifier: MIT */
/*
 * hibernation.h - which stacks sleep, and when: those of tasks that have been parked for a second, and, where more
 * tasks begin than stacks are free, those of all that are parked.
 *
 * Invariant: a task whose stack was put to sleep has `wake_up` as the beginning of its turn, which takes the nap
 * back, even if the stack was woken meanwhile.
 */
#ifndef EDDY_CORE_HIBERNATION_H
#define EDDY_CORE_HIBERNATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eddy/loop.h"

struct eddy_loop;
struct task;

/* Stacks that one look puts to sleep at most: then I/O is looked at again. */
enum { HIBERNATION_NAPS = 256 };

struct hibernation {
    bool on;      /* some of the loop's tasks may sleep */
    bool all;     /* all of them */
    bool young;   /* some may have been parked for long enough at `next` */
    int64_t next; /* when it looks for them again, on the driver's clock */
};

/* NULL, or why no stack can sleep, as the end of a sentence. */
const char *hibernation_refusal(const eddy_loop_options *options);
/* Returns 0, or an errno value: ENOTSUP: there is such a reason. */
int hibernation_begin(struct eddy_loop *loop);
/* A task of the running loop may sleep; if none can, this is reported once a process. */
void hibernation_allow(struct task *task);
/* Called before the loop waits until `deadline`: puts stacks to sleep, and returns the time to wait until. */
int64_t hibernation_look(struct eddy_loop *loop, int64_t deadline);
/* A stack of that size will be taken next. */
void hibernation_make_room(size_t size);

#endif
