/* SPDX-License-Identifier: MIT */
/*
 * level.h - the scopes of trio's kind that a task is in, as a tree; a cancelled one reaches every task inside it.
 *
 * A place of the tree is a scope (or shield) that a task has opened, the block of a task group, what a server keeps its
 * handlers in, or the task itself: a task of a group lies in the place of its group's block, one that a frame owns in
 * the innermost scope that was open when it was spawned, one that was detached or kept in none.  A task that is in no
 * scope has no place, and costs nothing.
 *
 * Invariant: from task->level, its innermost place, `outer` leads through all that it is in.  Who is in a cancelled
 * place has been asked to end, or is shielded from it; what outlives a cancelled place stays cancelled.
 */
#ifndef EDDY_CORE_LEVEL_H
#define EDDY_CORE_LEVEL_H

#include "core/task.h"

struct eddy_loop;

enum level_kind { LEVEL_SCOPE, LEVEL_GROUP, LEVEL_TASK };

struct level {
    struct level *outer;         /* NULL: it is in no place */
    struct list inner;           /* the places directly inside */
    struct list_link link;       /* its neighbours among the places directly inside `outer` */
    struct eddy_loop *loop;      /* the loop whose memory it is */
    struct task *task;           /* the task that opened the scope, or the task itself; NULL: a group */
    unsigned char kind;          /* an enum level_kind */
    bool cancelled;              /* it has been cancelled itself */
    bool shield;                 /* a shield: cancelled places around it do not reach what is inside */
    bool reached;                /* every await inside fails: it or one around it is cancelled, and no shield between */
    bool ending;                 /* it or one around it is cancelled, whatever is between */
    bool fresh;                  /* reached just now: its task still has to be asked */
};

/* A scope that the task opens.  NULL: no memory. */
struct level *level_open(struct task *task, bool shield);
/* A place for the tasks of a group, or of a server, inside of `outer` (perhaps NULL).  NULL: no memory. */
struct level *level_of_group(struct eddy_loop *loop, struct level *outer);
/* It has ended; NULL is allowed. */
void level_close(struct level *level);
/* From now on every await of every task inside fails; they are asked at once.  reason: perhaps NULL. */
void level_cancel(struct level *level, const char *reason);

/* A new task goes into `outer`.  False: no memory. */
bool level_join(struct task *task, struct level *outer);
/* Takes a task out of the place that it was spawned in. */
void level_leave(struct task *task);
/* The task ends. */
void level_forget(struct task *task);

/* Is it in a cancelled place and not shielded from it? */
static inline bool level_reaches(const struct task *task)
{
    return task->level && task->level->reached;
}
/* Is it in a cancelled place, shielded or not?  Then it has been asked to end, or will be when its shield ends. */
static inline bool level_is_ending(const struct task *task)
{
    return task->level && task->level->ending;
}

#endif
