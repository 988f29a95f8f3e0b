/* SPDX-License-Identifier: MIT */
/*
 * on.c - eddy_on: a coroutine runs on another loop, and a task of this one waits for its result.
 *
 * The value of eddy_on is a struct eddy_on, the result, and the coroutine. Invariant: the call is in flight
 * from its start until the other loop has reported its end, even if the task was cancelled meanwhile: the request goes
 * to the other loop's task, whose end ends the wait.
 */
#include <errno.h>
#include <string.h>

#include "core/impl.h"
#include "eddy/cores.h"

static struct eddy_on *on_of(struct eddy_awaitable *a)
{
    return (struct eddy_on *)(void *)a;
}

static struct eddy_awaitable *coroutine_of(struct eddy_awaitable *a)
{
    return (struct eddy_awaitable *)(void *)((char *)a + on_of(a)->coroutine_offset);
}

static void *result_of(struct eddy_awaitable *a)
{
    return (char *)a + on_of(a)->result_offset;
}

/* The other loop's task has ended. */
static void told(void *argument)
{
    struct eddy_awaitable *a = argument;
    eddy_remote *remote = on_of(a)->remote;
    on_of(a)->remote = NULL;
    native_complete(a, remote_take(remote, result_of(a)));
}

static void drop(struct eddy_awaitable *a)
{
    value_destroy(coroutine_of(a));
}

static void refuse(struct eddy_awaitable *a, struct eddy_failure *failure)
{
    drop(a);
    native_complete(a, failure);
}

static void start(struct eddy_awaitable *a)
{
    struct eddy_on *on = on_of(a);
    struct eddy_awaitable *coroutine = coroutine_of(a);
    const struct remote_order order = {coroutine, on->coroutine_size, on->coroutine_result_offset, on->result_size,
                                       on->site};
    if (!on->loop) {
        refuse(a, failure_of(EDDY_NO_LOOP, "eddy_on(%s): there is no such loop", coroutine->awaitable.type->name));
        return;
    }
    on->remote = remote_start(on->loop, &order, told, a);
    if (!on->remote)
        refuse(a, &failure_no_memory);
}

static void cancel(struct eddy_awaitable *a)
{
    eddy_remote_cancel(on_of(a)->remote);
    native_let_ask_again(a);
}

/* The result is never taken: it goes to the function's async_free. */
static void undo(struct eddy_awaitable *a)
{
    struct eddy_awaitable *coroutine = coroutine_of(a);
    memcpy((char *)coroutine + on_of(a)->coroutine_result_offset, result_of(a), on_of(a)->result_size);
    if (coroutine->awaitable.type->undo)
        coroutine->awaitable.type->undo(coroutine);
}

/* Like a blocking function: it does not begin while a request is pending, and `undo` is for a result that is never
 * taken. */
const struct eddy_awaitable_type eddy_on_type = {.name = "eddy_on", .start = start, .cancel = cancel, .undo = undo,
                                                 .destroy = drop, .kind = EDDY_BLOCKING,
                                                 .size = sizeof(struct eddy_on)};
