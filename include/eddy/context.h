/* SPDX-License-Identifier: MIT */
/*
 * context.h - variables that belong to a task: the functions that it calls and the tasks that it spawns see their
 * values.
 *
 * Each task works on a copy of its spawner's variables, taken when it was spawned; values that it sets are not seen
 * outside. A direct await shares them. Values are pointers; the library neither copies nor frees what they point to.
 */
#ifndef EDDY_CONTEXT_H
#define EDDY_CONTEXT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_context_var {
    const char *name;
    void *default_value;
} eddy_context_var;
/* static eddy_context_var user = EDDY_CONTEXT_VAR_INIT("user", NULL); */
#define EDDY_CONTEXT_VAR_INIT(name, default_value) {name, default_value}

/* The value in this task, else the default.  Python: ContextVar.get.  Since 0.1. */
EDDY_API void *eddy_context_get(const eddy_context_var *var);
/* Returns 0 or ENOMEM (then nothing changed).  Python: ContextVar.set.  Since 0.1. */
EDDY_API int eddy_context_set(const eddy_context_var *var, void *value);

#ifdef __cplusplus
}
#endif
#endif
