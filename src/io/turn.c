/* SPDX-License-Identifier: MIT */
/* turn.c - see turn.h; the turn itself is in native.c. */
#define EDDY_LIBRARY
#include "io/turn.h"

static void start(struct eddy_awaitable *a)
{
    native_complete(a, NULL);
}

static const struct eddy_awaitable_type type = {.name = "a call that may wait", .start = start, .kind = EDDY_IO};

struct eddy_failure *turn_take(void)
{
    struct turn value = turn();
    return eddy_run_here(&value.awaitable);
}

struct turn turn(void)
{
    return (struct turn){ED_HEADER(type)};
}
