/* SPDX-License-Identifier: MIT */
/*
 * on.c - eddy_on: a coroutine runs on another core's loop; its result, its failure and a cancellation cross.
 */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

#define OTHER eddy_core_loop(1 - eddy_core_index())

/* ---- results ---- */

struct wide {
    char text[100];
    int core;
};

async(struct wide, describe, (const char *, text))
{
    struct wide wide = {.core = eddy_core_index()};
    await(eddy_sleep(0.001));
    CHECK(eddy_core_index() == wide.core);
    snprintf(wide.text, sizeof wide.text, "%s", text);
    return wide;
}

static int nothings[2];

async(void, nothing)
{
    nothings[eddy_core_index()]++;
    await(eddy_sleep(0));
}

async(int, square, (int, n))
{
    CHECK(eddy_core_index() == 1);
    return n * n;
}

async(void, squares, (int, count), (int *, sum))
{
    for (int i = 0; i < count; i++)
        *sum += await(eddy_on(OTHER, square(i)));
}

async(void, results)
{
    struct wide wide = await(eddy_on(OTHER, describe("far away")));
    CHECK(wide.core == 1 && strcmp(wide.text, "far away") == 0);
    await(eddy_on(OTHER, nothing()));
    CHECK(nothings[1] == 1);
    CHECK(await(eddy_on(eddy_current_loop(), describe("here"))).core == 0);
    int sums[4] = {0}, squared = 0;
    async_with (group, eddy_task_group()) {
        for (int i = 0; i < 4; i++)
            eddy_group_spawn(group, squares(10, &sums[i]));
        eddy_group_spawn(group, eddy_on(OTHER, square(12)), &squared);
    }
    for (int i = 0; i < 4; i++)
        CHECK(sums[i] == 285);
    CHECK(squared == 144);
}

/* ---- failures ---- */

async(int, fails, (int, n))
{
    await(eddy_sleep(0));
    throw(EDOM, "%d is too much", n);
}

async(int, fails_over_there)
{
    return await(eddy_on(OTHER, fails(5)));
}

async(void, failures)
{
    eddy_error err;
    char text[800];
    await(fails_over_there(), &err);
    CHECK(err.code == EDOM && strcmp(err.message, "5 is too much") == 0);
    eddy_error_format(&err, text, sizeof text);
    const char *here = strstr(text, "in fails_over_there"), *there = strstr(text, "in fails ");
    CHECK(here && there && here < there);
    CHECK(strstr(here, "task \"core 0\"") && strstr(there, "task \"fails-"));
    await(eddy_on(NULL, square(1)), &err);
    CHECK(err.code == EDDY_NO_LOOP);
    await(eddy_on(eddy_core_loop(2), square(1)), &err);
    CHECK(err.code == EDDY_NO_LOOP);
}

/* ---- cancellation ---- */

static struct {
    int waiting, ended; /* atomic */
} far;

static void count_end(int *ended)
{
    __atomic_add_fetch(ended, 1, __ATOMIC_RELEASE);
}

async(int, waits_for_ever)
{
    eddy_event never = {0};
    defer(count_end, &far.ended);
    __atomic_add_fetch(&far.waiting, 1, __ATOMIC_RELEASE);
    await(eddy_event_wait(&never));
    return 1;
}

/* Or until the task has ended, for there was no memory. */
async(void, until_it_waits, (const void *, task))
{
    while (!__atomic_load_n(&far.waiting, __ATOMIC_ACQUIRE) && task && !(eddy_done)(task))
        await(eddy_sleep(0.001));
}

async(int, waits_over_there)
{
    return await(eddy_on(OTHER, waits_for_ever()));
}

async(void, cancellation)
{
    eddy_error err;
    far.waiting = far.ended = 0;
    struct waits_over_there *task = spawn(waits_over_there());
    await(until_it_waits(task));
    eddy_cancel(task);
    await(task, &err);
    CHECK(err.code == ECANCELED);
    CHECK(__atomic_load_n(&far.ended, __ATOMIC_ACQUIRE) == 1); /* the wait ends when the other task has ended */
    task = spawn(waits_over_there()); /* cancelled before it begins */
    eddy_cancel(task);
    await(task, &err);
    CHECK(err.code == ECANCELED);
    await_for(waits_over_there(), 0.01, &err);
    CHECK(err.code == ETIMEDOUT);
    CHECK(__atomic_load_n(&far.ended, __ATOMIC_ACQUIRE) == far.waiting);
}

async(int, does_not_obey)
{
    eddy_error err;
    await_always(waits_for_ever(), &err);
    await(eddy_sleep(0.001));
    return 9;
}

async(int, gets_it_nevertheless)
{
    return await(eddy_on(OTHER, does_not_obey()));
}

async(void, a_result_wins)
{
    eddy_error err;
    far.waiting = 0;
    struct gets_it_nevertheless *task = spawn(gets_it_nevertheless());
    await(until_it_waits(task));
    eddy_cancel(task);
    int result = await(task, &err);
    CHECK(result == 9 && err.code == 0);
}

/* ---- results that nobody takes ---- */

static int freed; /* atomic */

static void free_text(char *text)
{
    __atomic_add_fetch(&freed, 1, __ATOMIC_RELAXED);
    free(text);
}

async(char *, gives_text)
{
    await(eddy_sleep(0));
    return strdup("text");
}
async_free(gives_text, free_text);

async(void, waits_for_text)
{
    char *text = await(eddy_on(OTHER, gives_text()));
    CHECK(strcmp(text, "text") == 0);
    free(text);
}

/* ---- both ways at once ---- */

async(int, back_and_forth, (int, depth))
{
    if (depth == 0)
        return eddy_core_index();
    return await(eddy_on(OTHER, back_and_forth(depth - 1)));
}

/* ---- the other loop ends ---- */

static eddy_loop *ended_loop;

async(void, notes_its_loop)
{
    ended_loop = eddy_loop_ref(eddy_current_loop());
    await(eddy_sleep(0));
}

async(void, asks_an_ended_loop)
{
    eddy_error err;
    await(eddy_on(ended_loop, square(2)), &err);
    CHECK(err.code == EDDY_NO_LOOP && strstr(err.message, "eddy_on(square)"));
}

async(int, core_0)
{
    if (eddy_core_index() == 1)
        return 1;
    await(results());
    await(failures());
    await(cancellation());
    await(a_result_wins());
    await(waits_for_text());
    CHECK(freed == 0);
    CHECK(await(back_and_forth(7)) == 1 && await(back_and_forth(6)) == 0);
    return 0;
}

int main(void)
{
    CHECK(eddy_run_on_cores(2, core_0()) == 0);
    CHECK(eddy_run(notes_its_loop()) == 0);
    CHECK(eddy_run(asks_an_ended_loop()) == 0);
    eddy_loop_unref(ended_loop);
    return 0;
}
