/* SPDX-License-Identifier: MIT */
/*
 * must_use.h - the calls whose result must not be dropped: spawn, eddy_gather, eddy_wait, ...
 *
 * Such a value does nothing unless it is awaited, so dropping it is a warning. gcc suppresses that warning if the
 * call is written in a system header. The line marker below makes gcc treat this file as a program's own, also
 * when it is installed; macros.h is marked as a system header and calls these.
 */
#ifdef EDDY_MACROS_H /* the marker alone would be a pedantic warning */
# 11 "eddy/must_use.h"
#endif
#ifndef EDDY_MUST_USE_H
#define EDDY_MUST_USE_H

#include "generator.h"
#include "queue.h"
#include "wait.h"

#define ED_MUST_USE_VALUE(type, name) \
    EDDY_MUST_USE static inline struct type name(struct type value) \
    { \
        return value; \
    }
ED_MUST_USE_VALUE(eddy_gather, eddy_gather_value)
ED_MUST_USE_VALUE(eddy_gather_array, eddy_gather_array_value)
ED_MUST_USE_VALUE(eddy_wait, eddy_wait_value)
ED_MUST_USE_VALUE(eddy_anext, eddy_anext_value)
ED_MUST_USE_VALUE(eddy_aclose, eddy_aclose_value)
ED_MUST_USE_VALUE(eddy_queue_join, eddy_queue_join_value)
#define ED_USE_GATHER(...) eddy_gather_value(__VA_ARGS__)
#define ED_USE_GATHER_ARRAY(...) eddy_gather_array_value(__VA_ARGS__)
#define ED_USE_WAIT(...) eddy_wait_value(__VA_ARGS__)
#define ED_USE_ANEXT(...) eddy_anext_value(__VA_ARGS__)
#define ED_USE_ACLOSE(...) eddy_aclose_value(__VA_ARGS__)
#define ED_USE_QUEUE_JOIN(...) eddy_queue_join_value(__VA_ARGS__)
/* It has a type without a name, which no function can return: both compilers warn when it is dropped. */
#define ED_NOT_DROPPED(...) (__extension__ __builtin_choose_expr(1, (__VA_ARGS__), 0))

/* For handles. gcc looks at the outermost call; clang looks at the last statement of a statement expression, but not
 * through a cast: therefore there are two forms of spawn. The cast is written in macros.h, so that gcc reports a wrong
 * type of the variable where the program spawns. */
EDDY_MUST_USE static inline void *eddy_keep_handle(void *handle)
{
    return handle;
}
#define ED_USE_HANDLE(...) eddy_keep_handle(ED_BRIEF(__VA_ARGS__))

#endif
