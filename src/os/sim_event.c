/* SPDX-License-Identifier: MIT */
/*
 * sim_event.c - events in the future of the simulated network; see sim.h.
 *
 * A binary heap by time, then by the order of setting. Invariant: events of operations are in sim_socket.op_events,
 * those of files in sim.file_events. So removing one costs as much as its socket has events, and does not depend on the
 * number of connections.
 */
#include "os/sim.h"

#include "base/assert.h"
#include "base/random.h"
#include "os/clock.h"
#include "os/memory.h"

int64_t sim_delay(struct sim *sim)
{
    int64_t most = (int64_t)(sim->weather.latency * (double)CLOCK_SECOND);
    return most > 0 ? (int64_t)random_below(&sim->random, (uint64_t)most + 1) : 0;
}

/* ==== the heap ==== */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->due < b->due || (a->due == b->due && a->sequence < b->sequence);
}

/* Walks the heap: no event is before the one above it. */
static bool is_heap(const struct sim_events *events)
{
    for (size_t at = 1; at < events->count; at++)
        if (before(events->heap[at], events->heap[(at - 1) / 2]))
            return false;
    return true;
}

static bool make_room(struct sim_events *events)
{
    if (events->count < events->room)
        return true;
    size_t room = events->room ? 2 * events->room : 16;
    struct sim_event **heap = memory_grow(events->heap, room * sizeof(struct sim_event *));
    if (!heap)
        return false;
    events->heap = heap;
    events->room = room;
    return true;
}

static void add(struct sim_events *events, struct sim_event *event)
{
    size_t at = events->count++;
    for (; at > 0 && before(event, events->heap[(at - 1) / 2]); at = (at - 1) / 2)
        events->heap[at] = events->heap[(at - 1) / 2];
    events->heap[at] = event;
    EDDY_EXPENSIVE_INVARIANT(is_heap(events));
}

static struct sim_event *take_first(struct sim_events *events)
{
    struct sim_event *first = events->heap[0], *last = events->heap[--events->count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < events->count; at = child) {
        if (child + 1 < events->count && before(events->heap[child + 1], events->heap[child]))
            child++;
        if (!before(events->heap[child], last))
            break;
        events->heap[at] = events->heap[child];
    }
    events->heap[at] = last;
    EDDY_EXPENSIVE_INVARIANT(is_heap(events));
    return first;
}

/* ==== events ==== */

static struct list *op_events(struct sim *sim, struct sim_socket *socket)
{
    return socket ? &socket->op_events : &sim->file_events;
}

bool sim_later(struct sim *sim, int64_t due, enum sim_event_kind kind, struct sim_socket *socket,
               struct driver_op *op)
{
    struct sim_event *event = make_room(&sim->events) ? memory_alloc(sizeof *event) : NULL;
    if (!event)
        return false;
    *event = (struct sim_event){
        .due = due, .sequence = sim->events.sequence++, .kind = kind, .socket = socket, .op = op};
    if (op)
        list_add_first(op_events(sim, socket), &event->of_op);
    if (socket)
        socket->references++;
    add(&sim->events, event);
    return true;
}

static void unlink_event(struct sim *sim, struct sim_event *event)
{
    list_remove(op_events(sim, event->socket), &event->of_op);
    event->op = NULL;
}

void sim_forget(struct sim *sim, struct sim_socket *socket, const struct driver_op *op)
{
    struct sim_event *next;
    for (struct sim_event *event = LIST_FIRST(op_events(sim, socket), struct sim_event, of_op); event; event = next) {
        next = LIST_NEXT(event, struct sim_event, of_op);
        if (event->op == op)
            unlink_event(sim, event);
    }
}

int64_t sim_next_event(const struct sim *sim)
{
    return sim->events.count ? sim->events.heap[0]->due : CLOCK_NEVER;
}

bool sim_take_event(struct sim *sim, struct sim_event *taken)
{
    if (sim_next_event(sim) > sim->now)
        return false;
    struct sim_event *event = take_first(&sim->events);
    *taken = *event;
    if (event->op)
        unlink_event(sim, event);
    memory_free(event);
    return true;
}

void sim_events_free(struct sim *sim)
{
    while (sim->events.count) {
        struct sim_event *event = take_first(&sim->events); /* operations are over: their lists are of no use */
        if (event->socket)
            sim_socket_unref(event->socket);
        memory_free(event);
    }
    memory_free(sim->events.heap);
}
