/* SPDX-License-Identifier: MIT */
/* level.c - the tree of scopes of trio's kind. The rules are in level.h. */
#include "core/level.h"

#include "base/assert.h"
#include "core/block.h"
#include "core/cancel.h"
#include "core/loop.h"
#include "core/task.h"

static void put_into(struct level *level, struct level *outer)
{
    EDDY_INVARIANT(!outer || outer->loop == level->loop);
    level->outer = outer;
    if (outer)
        list_add_first(&outer->inner, &level->link);
}

static void take_out(struct level *level)
{
    if (level->outer)
        list_remove(&level->outer->inner, &level->link);
    level->outer = NULL;
}

/* True: the place is cancelled, or is reached from the place around it. Tasks and groups that outlive a cancelled
 * scope keep their state. */
static bool is_reached(const struct level *level)
{
    return level->cancelled || (level->outer && level->outer->reached && !level->shield) ||
           (level->reached && level->kind != LEVEL_SCOPE);
}

static bool is_ending(const struct level *level)
{
    return level->cancelled || (level->outer && level->outer->ending) || (level->ending && level->kind != LEVEL_SCOPE);
}

static struct level *level_new(struct eddy_loop *loop, struct level *outer, enum level_kind kind, bool shield)
{
    struct level *level = block_take(&loop->blocks, sizeof *level);
    if (!level)
        return NULL;
    *level = (struct level){.loop = loop, .kind = (unsigned char)kind, .shield = shield};
    put_into(level, outer);
    level->reached = is_reached(level);
    level->ending = is_ending(level);
    EDDY_INVARIANT(level->ending || !level->reached);
    return level;
}

struct level *level_open(struct task *task, bool shield)
{
    struct level *level = level_new(task->loop, task->level, LEVEL_SCOPE, shield);
    if (!level)
        return NULL;
    level->task = task;
    return task->level = level;
}

struct level *level_of_group(struct eddy_loop *loop, struct level *outer)
{
    return level_new(loop, outer, LEVEL_GROUP, false);
}

/* ---- which tasks are reached ---- */

/* The place after `at` on a walk through all places inside `root`, outer ones first. */
static struct level *next_inside(const struct level *at, const struct level *root)
{
    if (!list_is_empty(&at->inner))
        return LIST_FIRST(&at->inner, struct level, link);
    while (at != root && !at->link.next)
        at = at->outer;
    return at == root ? NULL : LIST_NEXT(at, struct level, link);
}

/* After a change at `root`: updates all places inside it, and cancels tasks that are newly reached. All of them are
 * marked before the first is cancelled: so a request stops at tasks that get their own. */
static void spread(struct level *root, const char *reason)
{
    for (struct level *at = root; at; at = next_inside(at, root)) {
        bool reached = is_reached(at);
        at->fresh = reached && !at->reached;
        at->reached = reached;
        at->ending = is_ending(at);
        EDDY_INVARIANT(at->ending || !at->reached);
    }
    for (struct level *at = root; at; at = next_inside(at, root))
        if (at->fresh && at->task && at->task->level == at) /* a task is cancelled at its innermost place */
            task_cancel(at->task, reason);
}

void level_cancel(struct level *level, const char *reason)
{
    level->cancelled = true;
    spread(level, reason);
}

/* ---- the end of a place ---- */

/* Places inside it move to the place around it. */
static void hand_on(struct level *level)
{
    for (struct level *inner; (inner = LIST_FIRST(&level->inner, struct level, link));) {
        take_out(inner);
        put_into(inner, level->outer);
        if (inner->kind == LEVEL_SCOPE || level->shield)
            spread(inner, NULL);
    }
}

void level_close(struct level *level)
{
    if (!level)
        return;
    EDDY_INVARIANT(!level->task || level->task->loop == level->loop);
    if (level->task && level->task->level == level)
        level->task->level = level->outer;
    hand_on(level);
    take_out(level);
    EDDY_INVARIANT(list_is_empty(&level->inner));
    block_give(&level->loop->blocks, level, sizeof *level);
}

/* ---- tasks ---- */

uint32_t level_kept_out(const struct task *task)
{
    uint32_t count = 0;
    bool shielded = false;
    if (!level_is_ending(task))
        return 0;
    for (const struct level *at = task->level; at && at->task == task; at = at->outer) {
        count += shielded && at->cancelled;
        shielded |= at->shield;
    }
    return count;
}

uint32_t level_reaching_requests(const struct task *task)
{
    uint32_t out = level_kept_out(task);
    return task->cancels > out ? task->cancels - out : 0;
}

bool level_join(struct task *task, struct level *outer)
{
    struct level *level = task->level = level_new(task->loop, outer, LEVEL_TASK, false);
    if (!level)
        return false;
    level->task = task;
    if (level->reached) { /* the task does not begin */
        task->must_cancel = true;
        task->cancels = 1;
    }
    return true;
}

/* The place of the task itself; NULL: it was spawned in no scope. */
static struct level *own_place(const struct task *task)
{
    struct level *level = task->level;
    while (level && level->kind == LEVEL_SCOPE)
        level = level->outer;
    return level && level->task == task ? level : NULL;
}

void level_leave(struct task *task)
{
    struct level *own = own_place(task);
    if (!own)
        return;
    take_out(own);
    for (struct level *at = own; at; at = next_inside(at, own)) {
        at->reached = at->cancelled || (at->outer && at->outer->reached && !at->shield);
        at->ending = at->cancelled || (at->outer && at->outer->ending);
        EDDY_INVARIANT(at->ending || !at->reached);
    }
}

void level_forget(struct task *task)
{
    while (task->level && task->level->kind == LEVEL_SCOPE) {
        struct level *left = task->level; /* of an async generator that was not closed */
        task->level = left->outer;
        hand_on(left);
        take_out(left);
        left->task = NULL;
    }
    level_close(own_place(task));
    task->level = NULL;
}
