/* SPDX-License-Identifier: MIT */
/*
 * program.h - a random program: a tree of operations that a seed decides, which can be printed and made smaller.
 *
 * Invariant: what an operation does depends on its own members only, not on how many random numbers others have drawn.
 * So the rest of a program does the same when a part of it is taken out.
 */
#ifndef TESTS_MODEL_PROGRAM_H
#define TESTS_MODEL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum op_kind {
    /* blocks: they run others */
    OP_SEQUENCE,
    OP_TASKS,      /* each in a task of its own; `which`: what is done about them, see enum with_tasks */
    OP_GROUP,      /* each in a task of a group; `which`: see enum with_group */
    OP_TIMEOUT,
    OP_MOVE_ON,
    OP_FAIL_AFTER,
    OP_SHIELD,
    OP_WITHIN,     /* await_for */
    OP_LOCK,
    OP_SEMAPHORE,
    OP_CLEAN_UP,   /* and then clean-up that waits */
    OP_LAST_BLOCK = OP_CLEAN_UP,
    /* single operations */
    OP_SLEEP,
    OP_PUT,
    OP_GET,
    OP_SET_EVENT,
    OP_CLEAR_EVENT,
    OP_WAIT_EVENT,
    OP_WAIT_CONDITION,
    OP_NOTIFY,
    OP_BARRIER,
    OP_RESET_BARRIER,
    OP_FUTURE,     /* `count` tasks wait for one; `which`: how it ends */
    OP_TALK,       /* over a connection; `which` bit 0: a pair instead of a server; bit 1: the writer is cancelled */
    OP_HAND_OVER,  /* a task makes something that has to be freed */
    OP_GENERATE,
    OP_THINK,      /* a blocking function */
    OP_CALL_LATER,
    OP_CANCEL,     /* the `count`-th task */
    OP_FAIL,
    OP_KINDS
};

enum with_tasks { JOIN_EACH, JOIN_WITHIN, JOIN_NONE, DETACH, GATHER, GATHER_SETTLED, WAIT_FIRST, AS_COMPLETED,
                  CANCEL_ONE, SHIELD_ONE, WITH_TASKS };
enum with_group { GROUP_PLAIN, GROUP_CANCELLED, GROUP_FAILS, GROUP_WAITS, WITH_GROUP };
enum future_end { FUTURE_RESULT, FUTURE_ERROR, FUTURE_CANCELLED, FUTURE_ENDS };

/* PARTS: of a block but the outermost, which has TASKS. */
enum { MOST_PARTS = 6, MOST_TASKS = 1024, QUEUES = 4, LOCKS = 2 };

struct op {
    enum op_kind kind;
    unsigned which, count;  /* by kind */
    unsigned size;          /* bytes */
    double seconds;         /* a time-out, a sleep */
    bool caught;            /* its failure stays here, but for a cancellation */
    bool off, bare;         /* made smaller: it is left out; only its parts run */
    struct op *parts, *next;
};

struct op *program_make(uint64_t seed);
void program_free(struct op *program);
void program_print(FILE *file, const struct op *program);
/* Operations that are not left out. */
unsigned program_size(const struct op *program);
/*
 * Makes it smaller in the way that comes next: a part is left out, or a block replaced by its parts.  `step` counts
 * from 0.  NULL: that was all; else the operation that was changed, for program_restore if the rest does not fail any
 * more.
 */
struct op *program_shrink(struct op *program, unsigned step);
void program_restore(struct op *changed);

#endif
