/* SPDX-License-Identifier: MIT */
/*
 * sim_beacon.c - tells a host that waits on the simulation's descriptor that a step would make progress.
 *
 * It is an eventfd among the descriptors that epoll watches.  Invariant: it is readable only between two waits.
 */
#define _GNU_SOURCE
#include "os/sim.h"

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Neither call waits nor fails: the counter goes from 0 to 1 and back. */
static void show(const struct sim *sim)
{
    uint64_t count = 1;
    ssize_t size = sim->lit ? write(sim->beacon, &count, sizeof count) : read(sim->beacon, &count, sizeof count);
    (void)size;
}

void sim_beacon_light(struct sim *sim, bool on)
{
    bool changes = sim->lit != on;
    sim->lit = on;
    if (changes && sim->beacon >= 0)
        show(sim);
}

bool sim_beacon_open(struct sim *sim)
{
    if (sim->beacon >= 0)
        return true;
    sim->beacon = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sim->beacon >= 0 && epoll_watch_signal(&sim->epoll, sim->beacon, EPOLLIN) != 0)
        sim_beacon_close(sim);
    if (sim->beacon >= 0 && sim->lit)
        show(sim);
    return sim->beacon >= 0;
}

void sim_beacon_close(struct sim *sim)
{
    if (sim->beacon >= 0)
        close(sim->beacon);
    sim->beacon = -1;
}

