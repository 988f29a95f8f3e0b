/* SPDX-License-Identifier: MIT */
/*
 * context_var.h - the variables of a task: an immutable chain of values, shared until one is set.
 *
 * Copying takes a reference; setting puts a value in front, so that other holders do not see it.
 */
#ifndef EDDY_CORE_CONTEXT_VAR_H
#define EDDY_CORE_CONTEXT_VAR_H

#include <stdbool.h>

struct context_value;

/* NULL is the empty chain. */
struct context_value *context_ref(struct context_value *context);
void context_unref(struct context_value *context);
/* A copy for another thread, which shares no value with this one.  False: no memory. */
bool context_copy(const struct context_value *context, struct context_value **copy);
/* The context of the running code, as a new reference. */
struct context_value *context_current(void);
/* Code outside of tasks runs with `context` from now on. Returns the previous context, to be entered again. No
 * references change. */
struct context_value *context_enter(struct context_value *context);

#endif
