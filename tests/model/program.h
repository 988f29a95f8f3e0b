/* SPDX-License-Identifier: MIT */
/*
 * program.h - a random program: a tree of operations made from a seed. It can be printed and made smaller.
 *
 * Invariant: what an operation does depends on its own members only, not on how many random numbers other operations
 * have drawn. So the rest of a program behaves the same when a part of it is taken out.
 */
#ifndef TESTS_MODEL_PROGRAM_H
#define TESTS_MODEL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum op_kind {
    /* blocks: they contain operations */
    OP_SEQUENCE,
    OP_TASKS,      /* each part in its own task; `which`: how they are treated, see enum with_tasks */
    OP_GROUP,      /* each part in a task of a group; `which`: see enum with_group */
    OP_TIMEOUT,
    OP_MOVE_ON,
    OP_FAIL_AFTER,
    OP_SHIELD,
    OP_WITHIN,     /* await_for */
    OP_LOCK,
    OP_SEMAPHORE,
    OP_CLEAN_UP,   /* followed by clean-up that waits */
    OP_LAST_BLOCK = OP_CLEAN_UP,
    /* single operations, without parts */
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
    OP_FUTURE,     /* `count` tasks wait for one; `which`: how the future ends */
    OP_TALK,       /* over a connection; `which` bit 0: a pair instead of a server; bit 1: the writer is cancelled */
    OP_HAND_OVER,  /* a task makes an object that must be freed */
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

/* The parts of a block; the outermost block has TASKS. */
enum { MOST_PARTS = 6, MOST_TASKS = 1024, QUEUES = 4, LOCKS = 2 };

struct op {
    enum op_kind kind;
    unsigned which, count;  /* by kind */
    unsigned size;          /* bytes */
    double seconds;         /* duration of a timeout or a sleep */
    bool caught;            /* its failure is caught here, except a cancellation */
    bool off, bare;         /* removed when making smaller; only its parts run */
    struct op *parts, *next;
};

struct op *program_make(uint64_t seed);
void program_free(struct op *program);
void program_print(FILE *file, const struct op *program);
/* Number of operations that are not removed. */
unsigned program_size(const struct op *program);
/*
 * Makes the program smaller in the next way: a part is removed, or a block is replaced by its parts. `step` counts
 * from 0. Returns NULL after the last way; else the operation that was changed, for program_restore if the rest does
 * not fail any more.
 */
struct op *program_shrink(struct op *program, unsigned step);
void program_restore(struct op *changed);

#endif
