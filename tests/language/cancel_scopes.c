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
    await(eddy_sleep(0.01));
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
