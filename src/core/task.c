/* SPDX-License-Identifier: MIT */
/*
 * task.c - the holders of a task: the frame that spawned it, and references; and its memory.
 *
 * The rules for references and for data off the stack are in task.h.
 */
#include "core/task.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/block.h"
#include "core/context_var.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/loop.h"
#include "core/report.h"
#include "core/unclaimed.h"
#include "os/memory.h"

/* Debug mode: the block is kept until the loop closes, so that a second use of the handle is reported. */
static void quarantine(struct task *task)
{
    task->name = task->cancel_reason = NULL;
    task->caught = task_core(task)->failure = NULL;
    task->context = NULL;
    task->consumed = task->consumed ? task->consumed : HANDLE_USED;
    task->references = UINT32_MAX / 2; /* so uses that no assertion finds do not free it again */
    task->next = task->loop->quarantine;
    task->loop->quarantine = task;
}

void tasks_free(struct eddy_loop *loop)
{
    for (struct task *task; (task = loop->quarantine);) {
        loop->quarantine = task->next;
        block_give(&loop->blocks, task, task->size);
    }
}

/* Separate, so that the usual end of a task has no frame for the text. */
static __attribute__((noinline, cold)) void report_unseen(struct task *task)
{
    char what[128];
    snprintf(what, sizeof what, "task \"%.64s\" failed and was not awaited", task_name(task));
    report_failure(task_core(task)->failure, what);
}

struct use_place {
    char text[300];
};

/* " at main.c:12"; nothing for a place in the library, or none. */
static struct use_place use_place(const struct eddy_site *site)
{
    struct use_place place = {""};
    if (site && site->file)
        snprintf(place.text, sizeof place.text, " at %s:%d", site->file, site->line);
    return place;
}

void task_used_twice(struct task *task, const struct eddy_site *now)
{
    char who[300];
    const struct eddy_site *site = task->site, *before = task->consumed == HANDLE_USED_AT ? task->used_at : NULL;
    report_caller(who, sizeof who);
    size_t length = strlen(who);
    if (length > 2)
        who[length - 2] = '\0';
    EDDY_ASSERT_AT(false,
                   "%s:%d: the handle of task \"%s\", spawned here, was awaited or given up before%s: await it once "
                   "(await_shielded keeps it)%s%s%s%s", site && site->file ? site->file : "?", site ? site->line : 0,
                   task_name(task), use_place(before).text, now || length > 2 ? "; now used" : "",
                   use_place(now).text, length > 2 ? " by " : "", who);
    __builtin_unreachable();
}

/* Members that only few tasks use. */
static __attribute__((noinline)) void let_go(struct task *task)
{
    struct eddy_core *core = task_core(task);
    if (core->failure && !task->seen && !task->cancelled)
        report_unseen(task);
    failure_unref(core->failure);
    failure_unref(task->caught);
    context_unref(task->context);
    memory_free(task->name);
    memory_free(task->cancel_reason);
}

static __attribute__((noinline)) void free_otherwise(struct task *task)
{
    task_give_up_result(task);
    let_go(task);
    if (task->loop->debug)
        quarantine(task);
    else
        block_give(&task->loop->blocks, task, task->size);
}

/* In most tasks there is nothing to free but the block. */
void task_free(struct task *task)
{
    uintptr_t had = (uintptr_t)task_core(task)->failure | (uintptr_t)task->caught | (uintptr_t)task->context |
                    (uintptr_t)task->name | (uintptr_t)task->cancel_reason | (uintptr_t)task->loop->debug;
    if (had | task->has_result)
        free_otherwise(task);
    else
        block_give(&task->loop->blocks, task, task->size);
}

void task_unspawned_seen(void)
{
    if (current.loop && current.loop->unspawned)
        current.loop->unspawned--;
}
