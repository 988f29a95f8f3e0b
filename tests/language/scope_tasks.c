/* SPDX-License-Identifier: MIT */
/*
 * scope_tasks.c - which tasks a cancelled scope of trio's kind reaches.
 *
 * A task of a group is in the scopes around its group's block, a task that a frame owns is in the scopes that were
 * open at its spawn, a detached or kept task is in none. A task that is spawned by a task in a scope is in that
 * scope too. A task in a cancelled scope fails at every await; any other task would sleep for long.
 */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

static const double soon = 0.005, never = 10;

static int begun;
static const double at_the_latest = 3; /* where memory for a trigger was missing */

/* Cancels the scope when a given number of tasks inside it have begun, however slow the machine is. */
async(void, trigger, (eddy_scope *, scope), (int, wanted))
{
    while (begun < wanted)
        await(eddy_sleep(0.001));
    begun = 0;
    eddy_scope_cancel(scope);
}

/* Swallows cancellations, and counts them: 3 if a level reaches it. */
async(void, stubborn, (int *, refused))
{
    eddy_error err;
    begun++;
    for (int i = 0; i < 3; i++) {
        await_always(eddy_sleep(never), &err);
        *refused += err.code == ECANCELED;
    }
}

async(int, undisturbed)
{
    await(eddy_sleep(4 * soon));
    return 1;
}

/* ---- who is inside ---- */

async(void, of_a_group, (int *, refused))
{
    async_with (scope, eddy_move_on_after(at_the_latest)) {
        eddy_detach(spawn(trigger(scope, 1)));
        async_with (group, eddy_task_group())
            eddy_group_spawn(group, stubborn(refused));
    }
}

async(void, of_a_frame, (int *, refused))
{
    async_with (scope, eddy_move_on_after(at_the_latest)) {
        eddy_detach(spawn(trigger(scope, 1)));
        struct stubborn *t = spawn(stubborn(refused));
        await(t);
    }
}

async(void, and_it_outlives_the_block, (int *, refused))
{
    eddy_error err;
    struct stubborn *t;
    async_with (scope, eddy_cancel_scope()) {
        t = spawn(stubborn(refused));
        while (!begun && !eddy_done(t))
            await(eddy_sleep(0));
        begun = 0;
        eddy_scope_cancel(scope);
    }
    await(eddy_sleep(soon)); /* this task is no longer in the scope */
    await(t, &err);
}

/* This remains so when a shield around it ends. */
async(void, and_a_shield_too, (int *, refused))
{
    eddy_error err;
    struct stubborn *t;
    async_with (shield, eddy_shield(never)) {
        async_with (scope, eddy_cancel_scope()) {
            t = spawn(stubborn(refused));
            while (!begun && !eddy_done(t))
                await(eddy_sleep(0));
            begun = 0;
            eddy_scope_cancel(scope);
        }
    }
    await_always(t, &err);
}

async(void, of_a_frame_that_leaves, (int *, refused))
{
    async_with (scope, eddy_move_on_after(at_the_latest)) {
        eddy_detach(spawn(trigger(scope, 1)));
        struct stubborn *t = spawn(stubborn(refused));
        (void)t;
        await(eddy_sleep(never));
    }
}

static int told;

async(void, parent)
{
    eddy_error err;
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, stubborn(&told));
        await_always(eddy_sleep(never), &err);
        await_always(eddy_sleep(never), &err);
    }
}

async(void, grandparent)
{
    await(spawn(parent()));
}

async(void, transitively)
{
    async_with (scope, eddy_move_on_after(at_the_latest)) {
        eddy_detach(spawn(trigger(scope, 1)));
        async_with (group, eddy_task_group())
            eddy_group_spawn(group, grandparent());
    }
}

/* The block decides, not the spawning task: neither a scope around the spawn nor one that the spawner is not in. */
async(void, spawn_from_outside, (eddy_group **, group), (int *, refused))
{
    eddy_group_spawn(*group, stubborn(refused));
    await(eddy_sleep(0));
}

async(void, block_with_scope, (eddy_group **, there), (int *, refused))
{
    struct spawn_from_outside *t = spawn(spawn_from_outside(there, refused));
    async_with (scope, eddy_move_on_after(at_the_latest)) {
        eddy_detach(spawn(trigger(scope, 1)));
        async_with (group, eddy_task_group()) {
            *there = group;
            await(t);
        }
    }
}

async(int, block_around_scope)
{
    int done = 0;
    async_with (group, eddy_task_group()) {
        async_with (scope, eddy_cancel_scope()) {
            CHECK(eddy_group_spawn(group, undisturbed(), &done) == 0);
            eddy_scope_cancel(scope);
        }
        await(eddy_sleep(0));
    }
    return done;
}

async(void, given_up, (int *, done))
{
    await(eddy_sleep(2 * soon));
    ++*done;
}

async(void, detaches, (int *, done), (struct given_up **, kept))
{
    async_with (scope, eddy_move_on_after(soon)) {
        struct given_up *t = spawn(given_up(done));
        eddy_detach(t);
        *kept = eddy_keep(spawn(given_up(done)));
        await_shielded(given_up(done));
    }
}

async(void, inner_scope)
{
    async_with (scope, eddy_move_on_after(soon))
        await(eddy_sleep(never));
}

async(int, outer_is_left_alone)
{
    int done = 0;
    async_with (scope, eddy_move_on_after(never))
        async_with (group, eddy_task_group()) {
            eddy_group_spawn(group, undisturbed(), &done);
            await(inner_scope());
        }
    return done;
}

async(void, inner_is_reached, (int *, refused))
{
    async_with (outer, eddy_move_on_after(at_the_latest)) {
        eddy_detach(spawn(trigger(outer, 1)));
        async_with (inner, eddy_fail_after(never))
            async_with (group, eddy_task_group())
                eddy_group_spawn(group, stubborn(refused));
    }
}

async(void, into_a_cancelled_one, (int *, refused))
{
    async_with (scope, eddy_cancel_scope()) {
        eddy_scope_cancel(scope);
        async_with (group, eddy_task_group())
            eddy_group_spawn(group, stubborn(refused)); /* the task does not even begin */
    }
}

async(void, spawns_into_a_cancelled_one, (int *, code), (int *, refused))
{
    eddy_error err;
    async_with (scope, eddy_cancel_scope()) {
        eddy_scope_cancel(scope);
        struct stubborn *t = spawn(stubborn(refused));
        await_always(t, &err);
        *code = err.code;
    }
}

/* ---- shields ---- */

static int cleaned, refused_behind;

/* Its clean-up has its time, even if other scopes are cancelled; after the shield the level holds again. */
async(void, cleans_up, (bool, early))
{
    eddy_error err = {.code = ECANCELED};
    begun += !early;
    if (!early)
        await_always(eddy_sleep(never), &err);
    CHECK(err.code == ECANCELED);
    async_with (shield, eddy_shield(never)) {
        begun += early;
        struct undisturbed *t = spawn(undisturbed());
        await(eddy_sleep(3 * soon));
        cleaned += await(t);
    }
    await_always(eddy_sleep(never), &err);
    refused_behind += err.code == ECANCELED;
}

async(void, shield_in_a_group, (bool, early))
{
    async_with (scope, eddy_move_on_after(at_the_latest)) {
        eddy_detach(spawn(trigger(scope, 1)));
        async_with (group, eddy_task_group()) {
            eddy_group_spawn(group, cleans_up(early));
            await(eddy_sleep(never));
        }
    }
}

async(void, shield_in_a_task, (bool, early))
{
    async_with (scope, eddy_move_on_after(at_the_latest)) {
        eddy_detach(spawn(trigger(scope, 1)));
        struct cleans_up *t = spawn(cleans_up(early));
        await(t);
    }
}

async(void, shield_in_a_gather, (bool, early))
{
    async_with (scope, eddy_move_on_after(at_the_latest)) {
        eddy_detach(spawn(trigger(scope, 2)));
        await(eddy_gather(cleans_up(early), cleans_up(early)));
    }
}

async(void, shield_in_a_frame_that_leaves, (bool, early))
{
    async_with (scope, eddy_move_on_after(at_the_latest)) {
        eddy_detach(spawn(trigger(scope, 1)));
        struct cleans_up *t = spawn(cleans_up(early));
        (void)t;
        await(eddy_sleep(never));
    }
}

/* A task spawned inside a shield is shielded, until the shield has ended. */
async(void, shield_ends, (eddy_scope *, scope), (int *, refused))
{
    struct stubborn *t;
    async_with (shield, eddy_shield(never)) {
        t = spawn(stubborn(refused));
        eddy_scope_cancel(scope);
        await(eddy_sleep(soon));
        CHECK(!eddy_done(t) && eddy_cancelling(t) == 0);
    }
    eddy_error err;
    await_always(t, &err);
}

async(void, around_a_shield, (int *, refused))
{
    async_with (scope, eddy_cancel_scope())
        await(shield_ends(scope, refused));
}

/* ---- what remains afterwards ---- */

async(void, counts)
{
    int before = eddy_cancelling(eddy_current_task());
    async_with (scope, eddy_cancel_scope()) {
        async_with (shield, eddy_shield(never)) {
            eddy_scope_cancel(scope);
            await(eddy_sleep(0));
        }
    }
    CHECK(eddy_cancelling(eddy_current_task()) == before);
    await(eddy_sleep(0));
}

/* A request that was swallowed before still counts; the requests of the scope are withdrawn when it ends. */
async(void, counts_beside_another)
{
    eddy_error err;
    eddy_task *self = eddy_current_task();
    eddy_cancel(self);
    await_always(eddy_sleep(0), &err);
    CHECK(err.code == ECANCELED && eddy_cancelling(self) == 1);
    async_with (scope, eddy_cancel_scope()) {
        eddy_scope_cancel(scope);
        await_always(eddy_sleep(never), &err);
        CHECK(err.code == ECANCELED);
    }
    await_always(eddy_sleep(0), &err);
    CHECK(err.code == 0 && eddy_cancelling(self) == 1);
    await(counts());
    CHECK(eddy_cancelling(self) == 1 && eddy_uncancel(self) == 0);
}

async(void, begins)
{
    CHECK(!"a task of a cancelled scope does not begin");
}

async(void, counted_before_it_begins)
{
    eddy_error err;
    async_with (scope, eddy_cancel_scope()) {
        eddy_scope_cancel(scope);
        struct begins *t = spawn(begins());
        CHECK(eddy_cancelling(t) == 1);
        await_always(t, &err);
        CHECK(err.code == ECANCELED);
    }
}

/* ---- a group whose block has failed ---- */

async(void, ends_the_scope, (eddy_scope *, scope))
{
    eddy_error err;
    await_always(eddy_sleep(never), &err);
    eddy_scope_cancel(scope); /* while the group waits */
    async_with (shield, eddy_shield(never))
        await(eddy_sleep(0));
}

async(void, fails_in_a_group, (eddy_scope *, scope))
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, ends_the_scope(scope));
        await(eddy_sleep(0));
        throw(EDOM);
    }
}

/* The group's wait has taken the request: it is made again, since the scope goes on. */
async(void, reached_after_a_group)
{
    eddy_error err;
    async_with (scope, eddy_cancel_scope()) {
        await(fails_in_a_group(scope), &err);
        CHECK(err.code == EDOM);
        await_always(eddy_sleep(never), &err);
        CHECK(err.code == ECANCELED);
    }
}

async(int, fires, (double, limit), (double, seconds), (bool *, fired))
{
    async_with (scope, eddy_move_on_after(limit, fired))
        await(eddy_sleep(seconds));
    return 1;
}

async(void, throws_inside, (bool *, fired))
{
    eddy_error err;
    async_with (scope, eddy_move_on_after(soon, fired)) {
        await_always(eddy_sleep(never), &err);
        throw(EDOM);
    }
}

async(void, who_is_inside)
{
    eddy_error err;
    int n = 0;
    await(of_a_group(&n));
    CHECK(n == 3);
    n = 0;
    await(of_a_frame(&n));
    CHECK(n == 3);
    n = 0;
    await(and_it_outlives_the_block(&n));
    CHECK(n == 3);
    n = 0;
    await(and_a_shield_too(&n));
    CHECK(n == 3);
    n = 0;
    await(of_a_frame_that_leaves(&n));
    CHECK(n == 3);
    await(transitively());
    CHECK(told == 3);
    eddy_group *there = NULL;
    n = 0;
    await(block_with_scope(&there, &n));
    CHECK(n == 3);
    CHECK(await(block_around_scope()) == 1);
    int done = 0;
    struct given_up *kept = NULL;
    eddy_error kept_err = {.code = 0};
    await(detaches(&done, &kept), &err);
    if (kept) /* whatever the others do */
        await(kept, &kept_err);
    CHECK(err.code == 0 && kept_err.code == 0);
    await(eddy_sleep(4 * soon));
    CHECK(done == 3);
    CHECK(await(outer_is_left_alone()) == 1);
    n = 0;
    await(inner_is_reached(&n));
    CHECK(n == 3);
    n = 0;
    await(into_a_cancelled_one(&n));
    int code = 0;
    await(spawns_into_a_cancelled_one(&code, &n));
    CHECK(n == 0 && code == ECANCELED);
}

async(void, behind_shields, (bool, early))
{
    cleaned = refused_behind = 0;
    await(shield_in_a_group(early));
    CHECK(cleaned == 1 && refused_behind == 1);
    await(shield_in_a_task(early));
    CHECK(cleaned == 2 && refused_behind == 2);
    await(shield_in_a_gather(early));
    CHECK(cleaned == 4 && refused_behind == 4);
    await(shield_in_a_frame_that_leaves(early));
    CHECK(cleaned == 5 && refused_behind == 5);
}

/* ---- groups in clean-up ---- */

async(void, fails_soon)
{
    await(eddy_sleep(0));
    throw(EDOM);
}

static void cancel_group(void *group)
{
    eddy_group_cancel((eddy_group *)group);
}

enum { TASK_FAILS, TASK_FAILS_AND_BODY_WAITS, BODY_FAILS, GROUP_IS_CANCELLED, GROUPS };

async(void, group_in_clean_up, (int, kind))
{
    async_with (group, eddy_task_group()) {
        if (kind <= TASK_FAILS_AND_BODY_WAITS)
            eddy_group_spawn(group, fails_soon());
        if (kind == GROUP_IS_CANCELLED && !eddy_call_soon(cancel_group, group))
            throw(ENOMEM);
        if (kind != TASK_FAILS)
            await(eddy_sleep(kind == BODY_FAILS ? 0 : never));
        throw(kind == TASK_FAILS ? ERANGE : EDOM);
    }
}

static int done_behind;

/* The end of a group makes no request again that the shield keeps out, or that was caught before. */
async(void, cleans_up_by_group, (int, kind))
{
    eddy_error err;
    await(group_in_clean_up(kind), &err);
    int wanted = kind == GROUP_IS_CANCELLED ? ECANCELED : kind == TASK_FAILS ? ERANGE : EDOM;
    CHECK(err.code == wanted || err.code == EDOM);
    await(eddy_sleep(0));
    done_behind++;
}

static void cancel_scope(void *scope)
{
    eddy_scope_cancel((eddy_scope *)scope);
}

/* When the scope is cancelled. */
enum { BEFORE_THE_SHIELD, BEFORE_THE_GROUP, IN_THE_GROUP, MOMENTS };

async(void, shields_a_group, (int, kind), (int, moment))
{
    eddy_error err;
    async_with (scope, eddy_cancel_scope()) {
        if (moment == BEFORE_THE_SHIELD) {
            eddy_scope_cancel(scope);
            await_always(eddy_sleep(never), &err);
        }
        async_with (shield, eddy_shield(never)) {
            if (moment == BEFORE_THE_GROUP)
                eddy_scope_cancel(scope);
            if (moment == IN_THE_GROUP && !eddy_call_soon(cancel_scope, scope))
                throw(ENOMEM);
            await(cleans_up_by_group(kind));
        }
    }
}

async(void, shields_a_group_when_asked, (int, kind))
{
    eddy_error err;
    await_always(eddy_sleep(never), &err);
    async_with (shield, eddy_shield(never))
        await(cleans_up_by_group(kind));
}

/* The scope is that of another task. */
async(void, asks_below, (int, kind))
{
    async_with (scope, eddy_cancel_scope()) {
        async_with (group, eddy_task_group()) {
            eddy_group_spawn(group, shields_a_group_when_asked(kind));
            await(eddy_sleep(0));
            await(eddy_sleep(0));
            eddy_scope_cancel(scope);
        }
    }
}

async(void, catches_and_cleans_up)
{
    eddy_error err;
    eddy_cancel(eddy_current_task());
    await_always(eddy_sleep(never), &err);
    await(cleans_up_by_group(GROUP_IS_CANCELLED));
}

/* A shield keeps out scopes, and not a request to the task itself. */
async(void, is_asked_in_a_shield, (int, kind))
{
    eddy_error err;
    async_with (scope, eddy_cancel_scope()) {
        async_with (shield, eddy_shield(never)) {
            eddy_scope_cancel(scope);
            await_always(group_in_clean_up(kind), &err);
            await(eddy_sleep(never));
        }
    }
    done_behind++; /* not reached, since the wait above has left the function */
}

async(void, groups_in_clean_up)
{
    eddy_error err;
    done_behind = 0;
    for (int kind = 0; kind < GROUPS; kind++)
        for (int moment = 0; moment < MOMENTS; moment++)
            await(shields_a_group(kind, moment));
    for (int kind = 0; kind < GROUPS; kind++)
        await(asks_below(kind));
    CHECK(done_behind == (MOMENTS + 1) * GROUPS);
    await(spawn(catches_and_cleans_up()), &err);
    CHECK(err.code == 0 && done_behind == (MOMENTS + 1) * GROUPS + 1);
    struct is_asked_in_a_shield *t = spawn(is_asked_in_a_shield(TASK_FAILS_AND_BODY_WAITS));
    await(eddy_sleep(0));
    eddy_cancel(t); /* in the turn in which the group fails */
    await(t, &err);
    CHECK(done_behind == (MOMENTS + 1) * GROUPS + 1);
}

/* ---- several scopes whose time is over ---- */

enum { A_SHIELD, IN_A_SHIELD, BLOCKS_IN_SHIELDS };

async(void, waits_behind_a_shield, (int, kind), (eddy_scope *, around))
{
    if (kind == A_SHIELD)
        async_with (shield, eddy_shield(soon)) {
            eddy_scope_cancel(around);
            await(eddy_sleep(never));
        }
    async_with (shield, eddy_shield(never)) {
        async_with (scope, eddy_fail_after(soon)) {
            eddy_scope_cancel(around);
            await(eddy_sleep(never));
        }
    }
}

async(void, waits_in_a_scope_around, (int, kind))
{
    async_with (scope, eddy_cancel_scope())
        await(waits_behind_a_shield(kind, scope));
}

/* A shield keeps out the scope around it, which is cancelled meanwhile: what ends inside by its time limit fails with
 * ETIMEDOUT. */
async(void, own_limits_behind_shields)
{
    eddy_error err;
    for (int kind = 0; kind < BLOCKS_IN_SHIELDS; kind++) {
        await(waits_in_a_scope_around(kind), &err);
        CHECK(err.code == ETIMEDOUT && eddy_cancelling(eddy_current_task()) == 0);
    }
}

async(void, expires_in_a_cancelled_scope, (bool, edge))
{
    eddy_error err;
    async_with (scope, edge ? eddy_timeout(never) : eddy_fail_after(never)) {
        await_always(eddy_sleep(never), &err);
        CHECK(err.code == ECANCELED);
        eddy_scope_cancel(scope);
        await(eddy_sleep(never));
    }
}

async(void, in_a_cancelled_scope, (bool, edge), (bool *, fired))
{
    async_with (scope, eddy_move_on_after(never, fired)) {
        eddy_scope_cancel(scope);
        await(expires_in_a_cancelled_scope(edge));
    }
}

/* The outer scope ends its block without an error, although the time of one inside is over, too. */
async(void, the_outer_one_wins)
{
    eddy_error err;
    for (int edge = 0; edge < 2; edge++) {
        bool fired = false;
        await(in_a_cancelled_scope(edge, &fired), &err);
        CHECK(err.code == 0 && fired);
    }
}

async(int, main_task)
{
    eddy_error err;
    bool fired = true;
    int n = 0;
    await(who_is_inside());
    await(behind_shields(false));
    await(behind_shields(true));
    await(around_a_shield(&n));
    CHECK(n == 3);
    await(counts());
    await(counts_beside_another());
    await(counted_before_it_begins());
    await(reached_after_a_group());
    await(groups_in_clean_up());
    await(own_limits_behind_shields());
    await(the_outer_one_wins());
    CHECK(await(fires(never, soon, &fired)) == 1 && !fired);
    CHECK(await(fires(soon, never, &fired)) == 0 && fired);
    await(throws_inside(&fired), &err);
    CHECK(err.code == EDOM && !fired);
    CHECK(eddy_cancelling(eddy_current_task()) == 0);
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
