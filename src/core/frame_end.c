/* SPDX-License-Identifier: MIT */
/*
 * frame_end.c - a frame ends: the tasks that it spawned are cancelled and waited for.
 *
 * Invariant: a frame never leaves its tasks running; its locals remain whole until the tasks have
 * ended.
 */
#include "core/frame_end.h"

#include <errno.h>

#include "core/cancel.h"
#include "core/circle.h"
#include "core/current.h"
#include "core/join.h"

static void cancel_children(struct task *first)
{
    for (struct task *task = first; task; task = task->sibling)
        task->asked = task->state != TASK_DONE; /* if the task has ended, its failure must still be reported */
    for (struct task *task = first; task; task = task->sibling)
        task_hurry_marked(task, "the function that spawned it has ended");
    for (struct task *task = first; task; task = task->sibling)
        task->asked = false;
}

static void end_children(void **children)
{
    struct task *self = current.task;
    for (struct task *task = *children; self && task; task = task->sibling)
        circle_break(self, task);
    cancel_children(*children);
    while (*children) {
        struct task *task = *children;
        if (self) {
            circle_break(self, task);
            task_wait_end(self, task);
        }
        task_give_up_handle(task);
    }
}

/*
 * After a plain return the body's frame lies below the stack pointer, unused but whole: tasks that were lent its
 * locals still end cleanly, since eddy_frame_end goes on below the lowest address that the body had reached when it
 * spawned. (For the same reason a body that spawns is never inlined: see ED_NEVER_INLINED in macros.h.)
 */
void frame_end_below(struct task *first, char *caller)
{
    int saved = errno;
    struct fake_frame frame = first->fake_frame;
    bool kept = fake_frame_keep(frame);
    if (first->spawn_frame < caller)
        switch_unpoison(first->spawn_frame, (size_t)(caller - first->spawn_frame));
    end_children(first->sibling_link);
    if (kept)
        fake_frame_give(frame);
    errno = saved;
}
