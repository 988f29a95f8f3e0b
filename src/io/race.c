/* SPDX-License-Identifier: MIT */
/* race.c - attempts that are begun one after the other: see race.h. */
#define EDDY_LIBRARY
#include "io/race.h"

#include <errno.h>
#include <math.h>

#include "base/assert.h"
#include "core/impl.h"
#include "io/turn.h"
#include "eddy/keywords.h"

/* The attempts and the pause, as tasks of race_run, whose frame joins the remaining ones. */
struct course {
    struct race *race;
    eddy_task *running[RACE_MOST + 1]; /* tasks whose end was not noticed yet, including the pause */
    size_t which[RACE_MOST + 1];       /* index of the attempt; or PAUSE */
    size_t count;
    size_t begun;                      /* attempts */
    bool may_begin;                    /* the next one */
};

enum { PAUSE = RACE_MOST };

/* A loser may have succeeded at the same moment as the winner, or while it was being cancelled. */
static void discard_losers(struct race *race)
{
    for (size_t i = 0; i < race->count; i++)
        if (race->results[i] >= 0 && (int)i != race->winner)
            race->discard(race->results[i]);
}

eddy_async(void, run_attempt, (struct race *, race), (size_t, i))
{
    race->results[i] = eddy_await(race->attempt(race->argument, i));
}

static void add(struct course *course, void *task, size_t which)
{
    EDDY_INVARIANT(course->count <= RACE_MOST);
    course->running[course->count] = task;
    course->which[course->count++] = which;
}

/* True: the latest attempt has failed, or has had its time. */
static bool lets_next_begin(struct course *course, size_t which)
{
    if (which == PAUSE)
        return true;
    if (course->race->results[which] >= 0 && course->race->winner < 0)
        course->race->winner = (int)which;
    return which + 1 == course->begun;
}

/* Removes ended tasks from the list. */
eddy_async(void, look, (struct course *, course))
{
    eddy_error err; /* there was no memory for a task: its result is ENOMEM already */
    size_t left = 0;
    for (size_t i = 0; i < course->count; i++) {
        if (!eddy_done(course->running[i])) {
            course->running[left] = course->running[i];
            course->which[left++] = course->which[i];
            continue;
        }
        await(course->running[i], &err);
        course->may_begin |= lets_next_begin(course, course->which[i]);
    }
    course->count = left;
}

/* The pause after the last attempt is over: a new one begins. */
eddy_async(void, drop_pause, (struct course *, course))
{
    eddy_error err;
    for (size_t i = 0; i < course->count; i++) {
        if (course->which[i] != PAUSE)
            continue;
        eddy_cancel(course->running[i]);
        await(course->running[i], &err);
        course->count--;
        course->running[i] = course->running[course->count];
        course->which[i] = course->which[course->count];
        return;
    }
}

/* The race is cancelled. An attempt that still succeeds has won, and its result is handed over. */
eddy_async(void, stop, (struct course *, course))
{
    eddy_error err; /* no memory for the wait: their frame waits for them, and their results are discarded */
    for (size_t i = 0; i < course->count; i++)
        eddy_cancel(course->running[i]);
    if (course->count)
        (void)await(eddy_wait(course->running, course->count, EDDY_ALL_COMPLETED), &err);
    eddy_await(look(course));
}

/* Waits until an attempt has ended, or the race is cancelled. */
eddy_async(void, wait_for_one, (struct course *, course))
{
    eddy_error err;
    task_let_interrupt(current.task, true);
    (void)await(eddy_wait(course->running, course->count, EDDY_FIRST_COMPLETED), &err);
    task_let_interrupt(current.task, false);
    if (err.code && err.code != ECANCELED)
        eddy_reraise(&err);
    eddy_await(look(course));
}

/* A request to cancel ends the race early, but is delivered only after the winner is known. */
eddy_async(void, run_to_end, (struct course *, course))
{
    struct race *race = course->race;
    struct release releasing = release_begin();
    eddy_defer(release_end, &releasing);
    while (race->winner < 0 && !task_is_asked(current.task) && (course->count || course->begun < race->count)) {
        if (course->may_begin && course->begun < race->count) {
            eddy_await(drop_pause(course));
            add(course, eddy_spawn(run_attempt(race, course->begun)), course->begun);
            if (++course->begun < race->count && race->stagger < INFINITY)
                add(course, eddy_spawn(eddy_sleep(race->stagger)), PAUSE);
        }
        course->may_begin = false;
        eddy_await(wait_for_one(course));
    }
    eddy_await(stop(course));
}

eddy_async_define(void, race_run, (struct race *, race))
{
    struct course course = {.race = race, .may_begin = true};
    race->winner = -1;
    for (size_t i = 0; i < race->count; i++)
        race->results[i] = -ENOMEM;
    eddy_defer(discard_losers, race);
    eddy_await(run_to_end(&course));
    if (race->winner < 0 && task_is_asked(current.task))
        eddy_await(turn());
}
