/* SPDX-License-Identifier: MIT */
/* loop_stats.c - statistics of a loop. */
#include <errno.h>
#include <string.h>

#include "core/current.h"
#include "core/loop.h"
#include "os/clock.h"

void loop_note_lag(struct eddy_loop *loop, int64_t late)
{
    unsigned bucket = 0;
    for (uint64_t microseconds = (uint64_t)(late / 1000); microseconds && bucket < EDDY_LAG_BUCKETS - 1; bucket++)
        microseconds >>= 1;
    loop->lag[bucket]++;
}

static size_t count_ready(const struct eddy_loop *loop)
{
    size_t count = 0;
    for (const struct ready *ready = loop->ready.batch; ready; ready = ready->next)
        count++;
    for (const struct ready *ready = loop->ready.first; ready; ready = ready->next)
        count++;
    return count;
}

int eddy_loop_stats(eddy_loop *name, struct eddy_loop_stats *stats)
{
    struct eddy_loop_stats now = {.size = stats->size};
    if (stats->size == 0 || stats->size > sizeof now)
        return EINVAL;
    struct eddy_loop *loop = loop_enter(name);
    if (!loop)
        return EDDY_NO_LOOP;
    if (__atomic_load_n(&loop->runs, __ATOMIC_RELAXED) && current.loop != loop) {
        loop_leave(name);
        return EDDY_LOOP_RUNNING;
    }
    now.passes = loop->ready.passes;
    now.tasks = loop->task_count;
    now.ready = count_ready(loop);
    now.timers = loop->timers.count;
    now.operations = loop->driver->in_flight;
    memcpy(now.lag, loop->lag, sizeof now.lag);
    loop_leave(name);
    memcpy(stats, &now, stats->size);
    return 0;
}
