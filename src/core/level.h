/* SPDX-License-Identifier: MIT */
/*
 * level.h - the scopes of trio's kind that a task is in, as a tree; a cancelled one reaches every task inside it.
 *
 * A place of the tree is a scope (or shield) that a task has opened, the block of a task group, a server's place for
 * its handlers, or a task itself. A task of a group lies in the place of its group's block. A task that a frame owns
 * lies in the innermost scope that was open at its spawn. A task that was detached or kept lies in none. A task that
 * is in no scope has no place, and costs nothing.
 *
 * Invariant: from task->level, its innermost place, `outer` leads through all places that the task is in. A task in
 * a cancelled place has been cancelled, or is shielded from it; a task that outlives a cancelled place remains
 * cancelled.
 */
#ifndef EDDY_CORE_LEVEL_H
#define EDDY_CORE_LEVEL_H

#include "core/task.h"

struct eddy_loop;

enum level_kind { LEVEL_SCOPE, LEVEL_GROUP, LEVEL_TASK };

struct level {
    struct level *outer;         /* the place around it; NULL: there is none */
    struct list inner;           /* the places directly inside */
    struct list_link link;       /* its neighbours among the places directly inside `outer` */
    struct eddy_loop *loop;      /* the loop that owns the memory */
    struct task *task;           /* the task that opened the scope, or the task itself; NULL: a group */
    unsigned char kind;          /* a value of enum level_kind */
    bool cancelled;              /* it has been cancelled itself */
    bool shield;                 /* a shield: cancelled places around it do not reach inside */
    bool reached;                /* every await inside fails: it or one around it is cancelled, no shield between */
    bool ending;                 /* this place or one around it is cancelled, with or without a shield between */
    bool fresh;                  /* newly reached: its task must still be cancelled */
};

/* Makes a scope that the task opens. NULL: no memory. */
struct level *level_open(struct task *task, bool shield);
/* A place for the tasks of a group, or of a server, inside `outer` (which may be NULL). NULL: no memory. */
struct level *level_of_group(struct eddy_loop *loop, struct level *outer);
/* The place has ended; NULL is allowed. */
void level_close(struct level *level);
/* From now on every await of every task inside fails; the tasks are cancelled at once. reason: may be NULL. */
void level_cancel(struct level *level, const char *reason);

/* Puts a new task into `outer`. False: no memory. */
bool level_join(struct task *task, struct level *outer);
/* Takes a task out of the place that it was spawned in. */
void level_leave(struct task *task);
/* Number of the task's own scopes that are cancelled, and kept out by a shield; each has made one request. */
uint32_t level_kept_out(const struct task *task);
/* Number of requests to the task that were not withdrawn, without those. */
uint32_t level_reaching_requests(const struct task *task);
/* The task ends. */
void level_forget(struct task *task);

/* True: it is in a cancelled place and not shielded from it. */
static inline bool level_reaches(const struct task *task)
{
    return task->level && task->level->reached;
}
/* True: it is in a cancelled place, shielded or not. Then it has been cancelled, or will be when its shield ends. */
static inline bool level_is_ending(const struct task *task)
{
    return task->level && task->level->ending;
}

#endif
