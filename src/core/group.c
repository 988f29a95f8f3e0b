/* SPDX-License-Identifier: MIT */
/*
 * group.c - task groups, by the rules of asyncio.TaskGroup.
 *
 * Invariant: a group's memory lies in its block, and the block does not end before all its tasks have ended.
 *
 * The first failure ends the group in the next pass of the loop, as in asyncio: siblings that are ready in the same
 * pass still run to their own ends, and their errors are in the group.
 */
#include <string.h>

#include "base/assert.h"
#include "core/circle.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/level.h"
#include "core/life.h"
#include "core/loop.h"
#include "core/report.h"
#include "core/sched.h"
#include "core/task.h"
#include "core/wrong_loop.h"
#include "eddy/scope.h"
#include "os/memory.h"

/* A task of a group, until it has ended. */
struct member {
    struct watch watch;
    struct eddy_group *group;
    struct task *task;
    struct list_link link;
    void *slot;                        /* where its result is copied; NULL: nowhere */
    size_t result_offset, result_size;
};

struct eddy_group {
    struct task *parent;           /* the task that runs the block */
    struct list members;           /* tasks, in the order of spawning */
    size_t count;
    struct level *level;           /* the block's place among trio's scopes; NULL: it is in none */
    struct eddy_handle *ending;    /* the call that will cancel the others; NULL: none */
    struct eddy_failure *failure;  /* the first error, with the others after it */
    bool exiting;                  /* the block has ended and waits */
    bool aborting;                 /* its tasks have been cancelled */
    bool parent_cancelled;         /* by this group, with this request: */
    struct request request;
    bool closed;                   /* takes no more tasks */
    uint32_t before;               /* number of requests of others that reach the task, when the block began */
};
_Static_assert(sizeof(struct eddy_group) <= sizeof(((struct eddy_task_group *)0)->state), "eddy_task_group has room");

static void abort_members(struct eddy_group *group, const char *reason)
{
    group->aborting = true;
    LIST_EACH(struct member, member, &group->members, link)
        member->task->asked = true;
    LIST_EACH(struct member, member, &group->members, link)
        task_hurry_marked(member->task, reason);
    LIST_EACH(struct member, member, &group->members, link)
        member->task->asked = false;
}

/* Cancels the tasks, and the block if it has not reached its end. */
static void abort_all(struct eddy_group *group, const char *reason)
{
    abort_members(group, reason);
    if (!group->exiting && !group->parent_cancelled) {
        group->parent_cancelled = true;
        group->request = task_ask(group->parent, reason, false);
    }
}

static void end_of_failure(void *argument)
{
    struct eddy_group *group = argument;
    group->ending = NULL;
    if (!group->aborting)
        abort_all(group, "a task of its group has failed");
}

/* Adds an error: if there is no memory to keep it, it is reported at once. */
static void keep(struct eddy_group *group, struct eddy_failure *failure)
{
    if (!group->failure)
        group->failure = failure;
    else if (!failure_group(group->failure, failure)) {
        report_failure(failure, "one of the errors of a group, which there was no memory to keep");
        failure_unref(failure);
    }
}

static void add_failure(struct eddy_group *group, struct eddy_failure *failure)
{
    keep(group, failure);
    if (group->aborting || group->ending)
        return;
    group->ending = (eddy_call_soon)(end_of_failure, group);
    if (!group->ending)
        end_of_failure(group);
}

static void forget(struct member *member)
{
    EDDY_INVARIANT(member->group->count > 0);
    list_remove(&member->group->members, &member->link);
    member->group->count--;
    block_give(&member->task->loop->blocks, member, sizeof *member);
}

static void member_ended(struct watch *watch)
{
    struct member *member = container_of(watch, struct member, watch);
    struct eddy_group *group = member->group;
    struct task *task = member->task;
    struct eddy_core *core = task_core(task);
    struct eddy_failure *failure = core->failure;
    if (!failure && member->slot) {
        memcpy(member->slot, (char *)core + member->result_offset, member->result_size);
        task->has_result = false;
    }
    task->seen = true;
    core->failure = NULL;
    forget(member);
    if (failure && task->cancelled)
        failure_unref(failure);
    else if (failure)
        add_failure(group, failure);
    if (group->exiting && group->count == 0)
        task_wake(group->parent);
    task_unref(task);
}

/* The task of the block, if it waits at the end of the block. */
static struct task *waiter(struct watch *watch)
{
    const struct eddy_group *group = container_of(watch, struct member, watch)->group;
    return group->exiting ? group->parent : NULL;
}

static const struct wait_kind by_block = {.waiter = waiter};

static struct member *add_member(struct eddy_group *group, struct task *task)
{
    struct member *member = block_take(&task->loop->blocks, sizeof *member);
    if (!member)
        return NULL;
    *member = (struct member){.group = group, .task = task};
    list_add_last(&group->members, &member->link);
    group->count++;
    watch_add(&task->watches, &member->watch, member_ended);
    member->watch.kind = &by_block;
    return member;
}

int eddy_group_spawn_copy(eddy_group *group, void *coroutine, size_t size, void *slot, size_t result_offset,
                          size_t result_size, const struct eddy_site *site)
{
    if (!loop_check_ours_at(site, group->parent->loop, "eddy_group_spawn", "group")) {
        value_destroy(coroutine);
        return EDDY_WRONG_LOOP;
    }
    if (group->closed || (group->exiting && group->count == 0) || group->aborting) {
        value_destroy(coroutine);
        return EDDY_GROUP_CLOSED;
    }
    struct task *task = task_new(current.loop, group->level, coroutine, size, site);
    struct member *member = task ? add_member(group, task) : NULL;
    if (!member) {
        if (task) {
            task_cancel(task, NULL);
            task_wake(task);
            task_unref(task);
        } else {
            value_destroy(coroutine);
        }
        add_failure(group, &failure_no_memory);
        return ENOMEM;
    }
    member->slot = slot;
    member->result_offset = result_offset;
    member->result_size = result_size;
    task_wake(task);
    return 0;
}

void eddy_group_cancel(eddy_group *group)
{
    if (loop_check_ours(group->parent->loop, "eddy_group_cancel", "group"))
        abort_all(group, "its group was cancelled");
}

size_t eddy_group_size(const eddy_group *group)
{
    return group->count;
}

/* ---- the block ---- */

static eddy_group *group_of(struct eddy_manager *manager)
{
    return (eddy_group *)(void *)((struct eddy_task_group *)(void *)manager)->state;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    eddy_group *group = ((struct eddy_task_group *)(void *)manager)->value = group_of(manager);
    group->parent = current.task;
    if (!current.task) {
        eddy_error_set(err, EDDY_NO_TASK, "eddy_task_group");
        return;
    }
    uint32_t reaching = level_reaching_requests(current.task), pending = task_requests(current.task);
    group->before = reaching > pending ? reaching - pending : 0;
    if (current.task->level && !(group->level = level_of_group(current.loop, current.task->level)))
        eddy_error_set(err, ENOMEM, "no memory for eddy_task_group");
}

/* True: there are few members, and none of them waits for others, so that they are in no circle. */
static bool is_plain(const eddy_group *group)
{
    int looked_at = 0;
    LIST_EACH(const struct member, member, &group->members, link)
        if (circle_has_link(member->task) || ++looked_at > 8)
            return false;
    return true;
}

/* Waits for all members; true: the task was cancelled meanwhile, by other code. */
static bool wait_for_members(eddy_group *group)
{
    struct task *self = group->parent;
    bool cancelled = false;
    EDDY_EXPENSIVE_INVARIANT(list_is_whole(&group->members) && list_count(&group->members) == group->count);
    self->interruptible = self->joins_many = true;
    while (group->count) {
        if (self->must_cancel) {
            self->must_cancel = false;
            cancelled = true;
            if (!group->aborting)
                abort_members(group, self->cancel_reason);
            continue;
        }
        task_park(self);
    }
    self->interruptible = self->joins_many = false;
    if (level_reaches(self))
        self->must_cancel = true;
    return cancelled;
}

static void close_group(eddy_group *group)
{
    EDDY_INVARIANT(group->count == 0 && list_is_empty(&group->members) && !group->closed);
    group->closed = true;
    eddy_handle_cancel(group->ending);
    group->ending = NULL;
    level_close(group->level);
    group->level = NULL;
}

/* Errors leave the block: a request of others, which they would hide, is made again. As in asyncio, one that the task
 * caught before counts, too, but not inside a shield, where it would be made for each group of the clean-up. */
static void ask_again(eddy_group *group)
{
    struct task *self = group->parent;
    bool shielded = level_is_ending(self) && !level_reaches(self);
    if (level_reaching_requests(self) <= (shielded ? group->before : 0))
        return;
    self->must_cancel = true;
    if (self->undelivered == 0) /* a scope around the group withdraws its own request only */
        self->undelivered = 1;
}

/* The failure that leaves the block when there are errors: all of them. */
static void raise_errors(eddy_group *group, eddy_error *err)
{
    struct eddy_failure *failure = group->failure;
    group->failure = NULL;
    if (!failure->fixed)
        failure->alone = true; /* the cancellation of the body is not a cause of theirs */
    eddy_failure_catch(failure, err);
}

/* Withdraws the group's request to its block; true: the block was cancelled by others, too. */
static bool was_asked_by_others(eddy_group *group)
{
    task_withdraw(group->parent, group->request);
    return level_reaching_requests(group->parent) > group->before;
}

/* The task was cancelled while it waited for its tasks: this leaves the block, unless errors do. */
static void raise_cancellation(struct task *self, eddy_error *err)
{
    task_note_delivery(self);
    if (!err->code)
        eddy_failure_catch(failure_of_cancel(self->cancel_reason, false), err);
    err->failure = failure_passed_on(err->failure, true); /* it propagates unchanged */
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    eddy_group *group = group_of(manager);
    struct task *self = group->parent;
    struct eddy_failure *body = err->code ? err->failure : NULL;
    bool failed = body && !failure_is_cancellation(body);
    group->exiting = true;
    bool asked = !group->parent_cancelled || was_asked_by_others(group);
    if (!is_plain(group))
        circle_break(self, NULL);
    if (body && !group->aborting)
        abort_members(group, "the block of its group has failed");
    bool cancelled = wait_for_members(group);
    close_group(group);
    if (group->failure || failed)
        ask_again(group);
    if (group->failure) {
        if (failed)
            keep(group, failure_ref(body));
        raise_errors(group, err);
    } else if (cancelled && !failed) {
        raise_cancellation(self, err);
    } else if (body && !asked) {
        /* eddy_group_cancel: only the block's await failed, the task was not cancelled */
        err->failure = failure_passed_on(body, false);
    }
}

struct eddy_task_group eddy_task_group(void)
{
    return (struct eddy_task_group){.manager = {.enter = enter, .exit = leave}};
}
