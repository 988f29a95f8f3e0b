/* SPDX-License-Identifier: MIT */
/*
 * process.h - the struct of a process, for the files of this folder.
 *
 * Invariant: the loop's list has it from its start until it was given up and has been reaped, whichever comes last.
 * While the process runs, the loop watches its pidfd, or asks for its status by a timer.
 */
#ifndef EDDY_IO_PROCESS_H
#define EDDY_IO_PROCESS_H

#include <eddy.h>

#include "core/impl.h"
#include "os/child.h"

struct eddy_process {
    struct loop_closer closer;
    struct eddy_loop *loop;
    struct driver_op op;    /* waits for the pidfd to become readable */
    struct timer timer;     /* without a pidfd: asks for the status again */
    int64_t pause;          /* time between two such requests, in nanoseconds */
    struct child child;
    struct child_end end;   /* set when it has ended */
    int lost;               /* an errno value: the status was taken by other code */
    bool running;           /* not reaped */
    bool watched;           /* `op` is in flight */
    bool leads;             /* the process leads a group of its own */
    bool given_up;          /* given up by the code that started it */
    bool killed;            /* SIGKILL was sent */
    bool left;              /* its loop is closing, and has given it up */
    eddy_event ended;
    eddy_stream *in, *out, *err; /* NULL: no pipe */
    void (*on_end)(struct eddy_process *process); /* called once when it has ended or was lost, perhaps from inside
                                                     driver_wait; NULL: nothing */
    void *owner;            /* for on_end */
    char name[];            /* the first word of its command, for messages */
};

/* Why a process was not started: an errno value, and what failed. */
struct process_problem {
    int code;
    enum child_step step;
    const char *wrong; /* a sentence about the options, if the code is EINVAL; NULL: nothing is wrong with them */
};

/* Starts a process of the running loop. own NULL: its pipes are streams; else own[0] to own[2] get this program's ends,
 * which do not block and are the caller's; -1: no pipe. NULL: *problem says why. */
struct eddy_process *process_begin(const char *const *arguments, const eddy_process_options *options, int own[3],
                                   struct process_problem *problem);

#endif
