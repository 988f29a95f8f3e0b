/* SPDX-License-Identifier: MIT */
/*
 * places.c - see places.h.
 *
 * Invariant: a place belongs to one job, or is free, or is handed over: then the waiter's event is set, and it is no
 * longer in the list.
 */
#define EDDY_LIBRARY
#include "places.h"

/* On the stack of the task that waits. */
struct places_waiter {
    struct places_waiter *next;
    int priority;
    eddy_event turn;
};

/* After those of its priority. */
static void insert(struct places *p, struct places_waiter *w)
{
    struct places_waiter **link = &p->first;
    while (*link && (*link)->priority >= w->priority)
        link = &(*link)->next;
    w->next = *link;
    *link = w;
}

static void take_out(struct places *p, struct places_waiter *w)
{
    struct places_waiter **link = &p->first;
    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
}

eddy_async_define(void, places_enter, (struct places *, p), (int, priority))
{
    eddy_error err;
    struct places_waiter w = {.priority = priority};
    if (p->free) {
        p->free--;
        return;
    }
    insert(p, &w);
    eddy_await_always(eddy_event_wait(&w.turn), &err);
    if (!err.code)
        return;
    if (eddy_event_is_set(&w.turn))
        places_leave(p); /* it was handed over just now */
    else
        take_out(p, &w);
    eddy_reraise(&err);
}

void places_leave(struct places *p)
{
    struct places_waiter *w = p->first;
    if (!w) {
        p->free++;
        return;
    }
    p->first = w->next;
    eddy_event_set(&w->turn);
}

eddy_async(void, wait_for_time, (struct pace *, p))
{
    double left = p->next - eddy_time();
    if (left > 0)
        eddy_await(eddy_sleep(left));
}

/* The turn is kept until there is a slot: jobs that wait for slots do not save up turns, to begin all at once. */
eddy_async_define(void, pace_enter, (struct pace *, p), (struct places *, slots), (int, priority))
{
    if (!(p->rate > 0)) {
        eddy_await(places_enter(slots, priority));
        return;
    }
    eddy_await(places_enter(&p->turn, priority));
    eddy_defer(places_leave, &p->turn);
    eddy_await(wait_for_time(p));
    eddy_await(places_enter(slots, priority));
    double now = eddy_time();
    p->next = (p->next > now ? p->next : now) + 1 / p->rate;
}
