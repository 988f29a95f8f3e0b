/* SPDX-License-Identifier: MIT */
/* context_var.c - context variables. Invariant: no variable occurs twice in a chain. */
#include "core/context_var.h"

#include <errno.h>
#include <stddef.h>

#include "base/assert.h"
#include "core/current.h"
#include "core/task.h"
#include "eddy/context.h"
#include "os/memory.h"
#include "os/thread.h"

struct context_value {
    struct context_value *next;
    const eddy_context_var *var;
    void *value;
    unsigned references; /* references: from tasks, and from values in front of it */
};

/* The variables of code outside tasks. */
static __thread TLS_INITIAL_EXEC struct context_value *outside;

static void forget_outside(void)
{
    context_unref(context_enter(NULL));
}

static __thread struct thread_exit exit_of_outside = {.leave = forget_outside};

/* Walks the chain. */
static bool stands_once(const struct context_value *front)
{
    const struct context_value *other = front->next;
    while (other && other->var != front->var)
        other = other->next;
    return !other;
}

static struct context_value **slot(void)
{
    return current.task ? &current.task->context : &outside;
}

struct context_value *context_ref(struct context_value *context)
{
    if (context)
        context->references++;
    return context;
}

void context_unref(struct context_value *context)
{
    EDDY_INVARIANT(!context || context->references > 0);
    while (context && --context->references == 0) {
        struct context_value *next = context->next;
        memory_free(context);
        context = next;
    }
}

bool context_copy(const struct context_value *context, struct context_value **copy)
{
    struct context_value **end = copy;
    for (*copy = NULL; context; context = context->next) {
        *end = memory_alloc(sizeof **end);
        if (!*end) {
            context_unref(*copy);
            return false;
        }
        **end = (struct context_value){NULL, context->var, context->value, 1};
        end = &(*end)->next;
    }
    return true;
}

struct context_value *context_current(void)
{
    return context_ref(*slot());
}

struct context_value *context_enter(struct context_value *context)
{
    struct context_value *before = outside;
    outside = context;
    return before;
}

void *eddy_context_get(const eddy_context_var *var)
{
    for (struct context_value *value = *slot(); value; value = value->next)
        if (value->var == var)
            return value->value;
    return var->default_value;
}

/* The chain without `var`: values in front of it are copied, the rest is shared.  False: no memory. */
static bool without(struct context_value *context, const eddy_context_var *var, struct context_value **result)
{
    struct context_value *found = context;
    while (found && found->var != var)
        found = found->next;
    *result = found ? context_ref(found->next) : context_ref(context);
    for (struct context_value *value = context; found && value != found; value = value->next) {
        struct context_value *copy = memory_alloc(sizeof *copy);
        if (!copy) {
            context_unref(*result);
            return false;
        }
        *copy = (struct context_value){*result, value->var, value->value, 1};
        *result = copy;
    }
    return true;
}

int eddy_context_set(const eddy_context_var *var, void *value)
{
    struct context_value **context = slot(), *rest;
    struct context_value *front = memory_alloc(sizeof *front);
    if (!front || !without(*context, var, &rest)) {
        memory_free(front);
        return ENOMEM;
    }
    if (!current.task)
        thread_at_exit(&exit_of_outside);
    *front = (struct context_value){rest, var, value, 1};
    EDDY_EXPENSIVE_INVARIANT(stands_once(front));
    context_unref(*context);
    *context = front;
    return 0;
}
