/* SPDX-License-Identifier: MIT */
/* cancel_scopes.c - scopes as trio has them: cancellation is a level, which holds at every await until the scope has
 * ended. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

/* Swallows a cancellation where it can; each further await fails again, so that the function ends. */
async(int, stubborn)
{
    eddy_error err;
    int refused = 0;
    async_with (scope, eddy_fail_after(0.01)) {
        for (int i = 0; i < 3; i++) {
            await_always(eddy_sleep(1000), &err);
            refused += err.code == ECANCELED;
        }
    }
    return refused;
}

async(int, polite)
{
    async_with (scope, eddy_fail_after(0.01))
        await(eddy_sleep(1000));
    return 1;
}

async(int, in_time)
{
    async_with (scope, eddy_fail_after(1)) /* long, for machines that are busy with other things */
        await(eddy_sleep(0.005));
    await(eddy_sleep(1.1)); /* the scope has ended: nothing is cancelled any more */
    return 1;
}

async(int, moves_on)
{
    async_with (scope, eddy_move_on_after(0.01))
        await(eddy_sleep(1000));
    return 7; /* not reached: the failing await has left the function */
}

static void clean_up(const char *text)
{
    eddy_error err;
    eddy_await(eddy_sleep(1000), &err);
    note(err.code == ECANCELED ? "cut " : "whole ");
    note(text);
}

async(void, shielded_clean_up, (eddy_error *, err))
{
    async_with (shield, eddy_shield(1000)) {
        await(eddy_sleep(0.01));
        note("kept ");
    }
    await(eddy_sleep(1000), err);
}

async(void, cleans_up)
{
    async_with (scope, eddy_fail_after(0.01)) {
        defer(clean_up, "unshielded ");
        eddy_error err, inner = {0};
        await_always(eddy_sleep(1000), &err);
        await_always(shielded_clean_up(&inner), &inner);
        CHECK(inner.code == ECANCELED); /* after the shield the level holds again */
        rethrow(&err);
    }
}

async(int, by_hand)
{
    async_with (scope, eddy_cancel_scope()) {
        eddy_scope_cancel(scope);
        await(eddy_sleep(1000));
    }
    return 7;
}

static int turns;

async(void, others)
{
    for (;;) {
        await(eddy_sleep(0.001));
        turns++;
    }
}

/* Goes on for ever, although each await fails: the others have their turns nevertheless, and time passes. */
async(void, deaf, (eddy_stream *, s), (bool, reads))
{
    eddy_error err;
    char byte;
    int before = turns;
    double began = eddy_time();
    async_with (scope, eddy_cancel_scope()) {
        eddy_scope_cancel(scope);
        while (turns < before + 3) {
            CHECK(eddy_time() < began + 10); /* in the simulation no time passes if the others have no turns */
            if (reads)
                await_always(eddy_stream_read(s, &byte, 1), &err);
            else
                await_always(eddy_sleep(1000), &err);
            CHECK(err.code == ECANCELED);
        }
    }
}

async(void, others_go_on)
{
    eddy_error err;
    eddy_stream *ends[2];
    await(eddy_stream_pair(ends));
    defer(eddy_stream_abort, ends[0]);
    defer(eddy_stream_abort, ends[1]);
    struct others *ticking = spawn(others());
    await(deaf(ends[0], true), &err);
    await(deaf(ends[0], false), &err);
    eddy_cancel(ticking);
    await(ticking, &err);
}

async(int, main_task)
{
    eddy_error err;
    double began = eddy_time();
    CHECK(await(stubborn(), &err) == 3 && err.code == 0 && eddy_time() - began < 1000);
    await(polite(), &err);
    CHECK(err.code == ETIMEDOUT);
    CHECK(await(in_time()) == 1);
    CHECK(await(moves_on(), &err) == 0 && err.code == 0);
    await(cleans_up(), &err);
    CHECK(err.code == ETIMEDOUT);
    CHECK_LOG("kept cut unshielded ");
    CHECK(await(by_hand(), &err) == 0 && err.code == 0);
    CHECK(eddy_cancelling(eddy_current_task()) == 0);
    await(others_go_on());
    await(eddy_sleep(0.01));
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
