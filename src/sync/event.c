/* SPDX-License-Identifier: MIT */
/*
 * event.c - a flag that tasks wait for.
 *
 * Invariant: no task waits while it is set.  A task that was woken goes on even if the flag is cleared before it runs.
 */
#define EDDY_LIBRARY
#include "base/assert.h"
#include "core/impl.h"
#include "eddy/macros.h"

static void start(struct eddy_awaitable *a)
{
    eddy_event *event = ((struct eddy_event_wait *)(void *)a)->event;
    EDDY_INVARIANT(!event->set || !event->waiters.first);
    if (event->set)
        native_complete(a, NULL);
    else
        waiters_wait(&event->waiters, a);
}

/* An event hands nothing over, so there is nothing to give back: having an undo makes a cancellation end this await. */
static void undo(struct eddy_awaitable *a)
{
    (void)a;
}

static const struct eddy_awaitable_type type = {
    .name = "eddy_event_wait", .start = start, .cancel = waiters_cancel, .undo = undo};

struct eddy_event_wait eddy_event_wait(eddy_event *event)
{
    return (struct eddy_event_wait){ED_HEADER(type), .event = event};
}

void eddy_event_set(eddy_event *event)
{
    event->set = true;
    while (waiters_wake_first(&event->waiters))
        continue;
}

void eddy_event_clear(eddy_event *event)
{
    event->set = false;
}

bool eddy_event_is_set(const eddy_event *event)
{
    return event->set;
}
