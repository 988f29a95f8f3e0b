/* SPDX-License-Identifier: MIT */
/*
 * circle.h - tasks that wait for each other's end, and circles of them, in which none would ever end.
 *
 * A task waits by watches: one on the task that it awaits, one on each that it gathers or that its group's block
 * waits for. The kind of a watch tells which task waits by it. So all tasks that cannot end before a given task can
 * be found from there.
 *
 * Invariant: no task waits for itself, neither directly nor through others. An await that would close a circle is
 * refused. If the end of a frame or of a group's block would close it, another await of the circle ends instead,
 * since these ends must wait.
 */
#ifndef EDDY_CORE_CIRCLE_H
#define EDDY_CORE_CIRCLE_H

#include "core/task.h"

struct wait_kind {
    /* The task that cannot go on before the watched task has ended; NULL: there is none, or it can go on. */
    struct task *(*waiter)(struct watch *watch);
    /* Makes the wait fail; NULL: the end of a frame or block waits, which cannot fail. */
    void (*refuse)(struct watch *watch, struct eddy_failure *failure);
};

/* During a search for waiters: the task cannot end before the one that they wait for. */
static inline bool circle_is_stuck(const struct task *task)
{
    return task->behind != NULL;
}
/* True: it waits for the end of other tasks. */
static inline bool circle_has_link(const struct task *task)
{
    return task->joins || task->joins_many;
}

struct eddy_failure *circle_search(struct task *self, struct task *task);

/* self is about to wait for task; task NULL: it has begun to wait for several. Returns NULL if it may wait; else
 * EDDY_WAITS_FOR_ITSELF, with the members' names and where they were spawned. */
static inline struct eddy_failure *circle_closed(struct task *self, struct task *task)
{
    if (__builtin_expect((task && !circle_has_link(task)) || !self->watches.first, 1))
        return NULL;
    return circle_search(self, task);
}
/* self is about to wait for task at the end of a frame, or, if task is NULL, for several at the end of a block. Ends
 * waits for self until this closes no circle. */
void circle_break(struct task *self, struct task *task);

#endif
