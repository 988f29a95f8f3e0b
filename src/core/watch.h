/* SPDX-License-Identifier: MIT */
/* watch.h - calls at the end of a task or future. */
#ifndef EDDY_CORE_WATCH_H
#define EDDY_CORE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

struct wait_kind;

/* Called once when a task or future ends; the watch is in no list any more. */
struct watch {
    struct watch *next, **link;
    void (*fire)(struct watch *watch);
    const struct wait_kind *kind; /* how a task waits by this watch, see circle.h; NULL: no task waits by it */
};
struct watches {
    struct watch *first, **end;
};

static inline void watch_add(struct watches *watches, struct watch *watch, void (*fire)(struct watch *))
{
    if (!watches->first)
        watches->end = &watches->first;
    watch->fire = fire;
    watch->kind = NULL;
    watch->next = NULL;
    watch->link = watches->end;
    *watches->end = watch;
    watches->end = &watch->next;
}
void watch_remove(struct watches *watches, struct watch *watch);
void watches_fire(struct watches *watches);
static inline bool watch_is_set(const struct watch *watch)
{
    return watch->link != NULL;
}

#endif
