/* SPDX-License-Identifier: MIT */
/* describe.c - describes an object in words: eddy_describe. */
#include <stdio.h>

#include "base/assert.h"
#include "core/future.h"
#include "core/generator.h"
#include "core/task.h"
#include "eddy/macros.h"

static const char *const states[] = {
    [EDDY_CREATED] = "created",
    [EDDY_RUNNING] = "running",
    [EDDY_SUSPENDED] = "suspended",
    [EDDY_FINISHED] = "finished",
};

static const char *kind_of(const struct eddy_core *core)
{
    if (core->flags & ED_FLAG_TASK)
        return "task";
    switch (core->type->kind) {
    case EDDY_COROUTINE:
        return "coroutine";
    case EDDY_GENERATOR:
        return "generator";
    case EDDY_ASYNC_GENERATOR:
        return "async_generator";
    case EDDY_FUTURE:
        return "future";
    case EDDY_BLOCKING:
        return "blocking function";
    default:
        return "awaitable";
    }
}

static const char *state_of(const struct eddy_core *core, const void *x)
{
    if (core->flags & ED_FLAG_TASK) {
        struct task *task = task_of_handle(x);
        if (task->state == TASK_DONE)
            return task->cancelled ? "cancelled" : core->failure ? "failed" : "finished";
        return task->state == TASK_NEW ? "created" : "pending";
    }
    if (core->flags & ED_FLAG_FUTURE)
        return core->state == EDDY_RUNNING ? "pending" : core->failure ? "failed" : "finished";
    if (core->type->kind == EDDY_GENERATOR || core->type->kind == EDDY_ASYNC_GENERATOR) {
        const struct eddy_generator *generator = x;
        if (generator->control)
            return states[generator_state((const struct generator_stack *)(const void *)generator->control)];
    }
    return states[core->state];
}

size_t eddy_describe(const void *x, char *buffer, size_t size)
{
    const struct eddy_core *core = x;
    const char *name = core->flags & ED_FLAG_TASK ? (eddy_task_name)(x) : core->type->name;
    int length = snprintf(buffer, size, "<%s object %s at %p (%s)>", kind_of(core), name, x, state_of(core, x));
    return length > 0 ? (size_t)length : 0;
}

void eddy_async_function_mismatch(const char *function, const char *type)
{
    EDDY_ASSERT(false, "%s_of(%s): the async function's result or parameters differ from those of the type %s", type,
                function, type);
    __builtin_unreachable();
}
