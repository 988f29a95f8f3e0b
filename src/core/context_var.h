/* SPDX-License-Identifier: MIT */
/*
 * context_var.h - the variables of a task: an immutable chain of values, shared until somebody sets one.
 *
 * Copying is taking a reference; setting puts a value in front, so that nobody else sees it.
 */
#ifndef EDDY_CORE_CONTEXT_VAR_H
#define EDDY_CORE_CONTEXT_VAR_H

struct context_value;

/* NULL is the empty chain. */
struct context_value *context_ref(struct context_value *context);
void context_unref(struct context_value *context);

#endif
