/* SPDX-License-Identifier: MIT */
/*
 * turn.h - an await for an operation that does not need the driver: it takes a pending request to cancel, and is
 * counted as an await that completed at once.
 */
#ifndef EDDY_IO_TURN_H
#define EDDY_IO_TURN_H

#include <eddy.h>

#include "core/impl.h"

struct turn {
    struct eddy_awaitable awaitable;
    eddy_void result;
};
struct turn turn(void);
/* Awaits one, and returns the failure. The caller needs no room for the value. */
struct eddy_failure *turn_take(void);

/* Stands at the head of a call that may return without an operation: only looks at whether a turn is due. Outside of
 * tasks the call fails with EDDY_NO_TASK. */
#define TURN_IF_DUE() TURN_IF(false)

/* The same for a call that certainly needs no operation if `at_once`: it takes its turn then. A call that is about to
 * fail before its first operation takes one by TURN_IF(true). */
#define TURN_IF(at_once)                                                                                               \
    do {                                                                                                               \
        struct eddy_failure *turn_failure =                                                                            \
            !current.task || (at_once) || task_must_look(current.task) ? turn_take() : NULL;                           \
        if (__builtin_expect(turn_failure != NULL, 0))                                                                 \
            ED_FAIL(turn_failure, turn_site);                                                                          \
    } while (0)

#endif
