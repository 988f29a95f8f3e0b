/* SPDX-License-Identifier: MIT */
/* options.h - what must hold for jobs with options, here and on workers. */
#ifndef EDDY_TESTS_JOBS_OPTIONS_H
#define EDDY_TESTS_JOBS_OPTIONS_H

#include "functions.h"
#include "unit/run_clean.h"

async(void, ask_paced, (double *, when))
{
    *when = await(eddy_remote(paced()));
}

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

async(void, take_the_slot, (double, seconds))
{
    (void)await(eddy_remote(sleeps(1, seconds)));
}

/* A tenth of a second lies between two, but for what the machine is late; also if they have waited for the only slot
 * for so many seconds. */
async(void, keep_their_pace, (double, seconds))
{
    double when[4];
    await(eddy_remote(paced())); /* a worker asks for them by now */
    async_with (g, eddy_task_group()) {
        eddy_group_spawn(g, take_the_slot(seconds));
        await(eddy_sleep(seconds / 4));
        for (int i = 0; i < 4; i++)
            eddy_group_spawn(g, ask_paced(&when[i]));
    }
    qsort(when, 4, sizeof when[0], by_time);
    for (int i = 1; i < 4; i++)
        CHECK(when[i] - when[i - 1] > 0.06);
}

async(void, ask_in_order, (double, seconds), (int, priority), (int *, number))
{
    *number = await(eddy_remote(ordered(seconds), .priority = priority));
}

/* One runs at a time; those of a higher priority begin first, and the others as they came. */
async(void, keep_their_order, (double, seconds))
{
    int first, low, normal, high;
    for (int priority = EDDY_JOB_LOW; priority <= EDDY_JOB_HIGH; priority++)
        await(ask_in_order(0, priority, &first)); /* a worker asks for all three by now */
    async_with (g, eddy_task_group()) {
        eddy_group_spawn(g, ask_in_order(seconds, EDDY_JOB_NORMAL, &first));
        await(eddy_sleep(seconds / 4));
        eddy_group_spawn(g, ask_in_order(0, EDDY_JOB_LOW, &low));
        eddy_group_spawn(g, ask_in_order(0, EDDY_JOB_NORMAL, &normal));
        eddy_group_spawn(g, ask_in_order(0, EDDY_JOB_HIGH, &high));
    }
    CHECK(high == first + 1 && normal == first + 2 && low == first + 3);
}

#endif
