/* SPDX-License-Identifier: MIT */
/*
 * turn.h - an await that stands for an operation which needs nothing of the driver: it takes a pending request, and is
 * counted as one that completed at once.
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

/* Heads the body of a call that may be done without an operation: only looks. */
#define TURN_IF_DUE()                                                                                                  \
    do {                                                                                                               \
        if (task_must_look(current.task))                                                                              \
            eddy_await(turn());                                                                                        \
    } while (0)

#endif
