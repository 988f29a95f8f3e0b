/* SPDX-License-Identifier: MIT */
/* event.h - a flag that tasks wait for.  Setting it wakes all waiters, even if it is cleared at once. */
#ifndef EDDY_EVENT_H
#define EDDY_EVENT_H

#include "lock.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_event {
    struct eddy_waiters waiters;
    bool set;
} eddy_event;
#define EDDY_EVENT_INIT {{NULL, NULL}, false}

struct eddy_event_wait {
    struct eddy_awaitable awaitable;
    eddy_void result;
    eddy_event *event;
};
/* await(eddy_event_wait(&e)).  Suspends until it is set.  Fails with ECANCELED.  Python: Event.wait. */
EDDY_API EDDY_MUST_USE struct eddy_event_wait eddy_event_wait(eddy_event *event);
/* Python: Event.set, Event.clear, Event.is_set.  Since 0.1. */
EDDY_API void eddy_event_set(eddy_event *event);
EDDY_API void eddy_event_clear(eddy_event *event);
EDDY_API bool eddy_event_is_set(const eddy_event *event);

#ifdef __cplusplus
}
#endif
#endif
