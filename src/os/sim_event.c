/* SPDX-License-Identifier: MIT */
/* sim_event.c - what happens later in the simulated network: see sim.h. */
#include "os/sim.h"

#include "base/random.h"
#include "os/clock.h"
#include "os/memory.h"

int64_t sim_delay(struct sim *sim)
{
    int64_t most = (int64_t)(sim->weather.latency * (double)CLOCK_SECOND);
    return most > 0 ? (int64_t)random_below(&sim->random, (uint64_t)most + 1) : 0;
}

bool sim_later(struct sim *sim, int64_t due, enum sim_event_kind kind, struct sim_socket *socket,
               struct driver_op *op)
{
    struct sim_event **link = &sim->events, *event = memory_alloc(sizeof *event);
    if (!event)
        return false;
    while (*link && (*link)->due <= due)
        link = &(*link)->next;
    *event = (struct sim_event){*link, due, kind, socket, op};
    *link = event;
    socket->references++;
    return true;
}

void sim_forget(struct sim *sim, const struct driver_op *op)
{
    for (struct sim_event *event = sim->events; event; event = event->next)
        if (event->op == op)
            event->op = NULL;
}

int64_t sim_next_event(const struct sim *sim)
{
    return sim->events ? sim->events->due : CLOCK_NEVER;
}
