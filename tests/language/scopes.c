/* SPDX-License-Identifier: MIT */
/* scopes.c - task groups and timeouts. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

static void put(const char *text)
{
    note(text);
}

async(long, length_of, (const char *, s))
{
    await(eddy_sleep(0.001));
    return (long)strlen(s);
}

async(void, sleeper, (const char *, name))
{
    defer(put, name);
    await(eddy_sleep(1000));
}

async(void, fails, (double, seconds), (int, code))
{
    await(eddy_sleep(seconds));
    throw(code, "failed");
}

async(void, fails_when_cancelled, (int, code))
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    throw(code, "in clean-up");
}

async(long, both, (const char *, a), (const char *, b))
{
    long size_a, size_b;
    async_with (timeout, eddy_timeout(1000)) {
        async_with (group, eddy_task_group()) {
            eddy_group_spawn(group, length_of(a), &size_a);
            eddy_group_spawn(group, length_of(b), &size_b);
            eddy_group_spawn(group, eddy_sleep(0.001)); /* any awaitable */
            CHECK(eddy_group_size(group) == 3);
        }
        CHECK(!eddy_expired(timeout));
    }
    return size_a + size_b;
}

/* D19: a task fails: the body and the siblings are cancelled, the errors are grouped. */
async(void, child_fails, (int *, cancelling))
{
    eddy_error err;
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, sleeper("sibling "));
        eddy_group_spawn(group, fails(0.001, EIO));
        eddy_group_spawn(group, fails_when_cancelled(EDOM));
        await_always(eddy_sleep(1000), &err); /* swallowed: the group fails nevertheless */
        CHECK(err.code == ECANCELED);
        note("body ");
    }
    *cancelling = 99;
}

async(void, fails_on, (eddy_event *, go), (int, code))
{
    await(eddy_event_wait(go));
    throw(code, "failed");
}

/* All tasks that were ready when the first one failed run to their own ends. */
async(void, fail_together, (int *, later))
{
    eddy_error err;
    eddy_event go = EDDY_EVENT_INIT;
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, fails_on(&go, EIO));
        eddy_group_spawn(group, fails_on(&go, EDOM));
        eddy_group_spawn(group, fails_on(&go, ERANGE));
        eddy_group_spawn(group, fails(1000, EPERM));
        await(eddy_sleep(0));
        await(eddy_sleep(0));
        eddy_event_set(&go);
        await_always(eddy_sleep(1000), &err);
        *later = eddy_group_spawn(group, fails(0, EPERM));
    }
}

async(void, fails_as_two)
{
    int later;
    await(fail_together(&later));
}

/* A group inside another: its errors stand beside the others. */
async(void, nested_errors)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, fails_when_cancelled(EPERM));
        eddy_group_spawn(group, fails_as_two());
        eddy_group_spawn(group, fails_when_cancelled(EBUSY));
    }
}

async(void, fails_as_two_in_clean_up)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, fails_when_cancelled(EDOM));
        eddy_group_spawn(group, fails_when_cancelled(ERANGE));
    }
}

/* The inner group is not the first to fail. */
async(void, nested_later)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, fails_as_two_in_clean_up());
        eddy_group_spawn(group, fails(0.001, EPERM));
        eddy_group_spawn(group, fails_as_two_in_clean_up());
    }
}

async(void, errors_of_one_turn)
{
    eddy_error err;
    int later = 0;
    await(fail_together(&later), &err);
    CHECK(eddy_error_count(&err) == 3 && err.code == EIO && later == EDDY_GROUP_CLOSED);
    CHECK(eddy_error_at(&err, 1).code == EDOM && eddy_error_at(&err, 2).code == ERANGE);
    await(nested_errors(), &err);
    CHECK(eddy_error_count(&err) == 5);
    int codes = 0;
    for (size_t i = 0; i < 5; i++)
        codes += eddy_error_at(&err, i).code;
    CHECK(codes == EIO + EDOM + ERANGE + EPERM + EBUSY);
    await(nested_later(), &err);
    CHECK(err.code == EPERM && eddy_error_count(&err) == 5);
    static const int wanted[] = {EPERM, EDOM, ERANGE, EDOM, ERANGE};
    for (size_t i = 0; i < 5; i++)
        CHECK(eddy_error_at(&err, i).code == wanted[i]);
    CHECK(eddy_error_at(&err, 5).code == 0);
}

async(int, child_fails_outside)
{
    eddy_error err;
    int cancelling = 0;
    await(child_fails(&cancelling), &err);
    CHECK(err.code == EIO && eddy_error_count(&err) == 2);
    CHECK(eddy_error_at(&err, 0).code == EIO && eddy_error_at(&err, 1).code == EDOM);
    CHECK(!strcmp(eddy_error_at(&err, 1).message, "in clean-up"));
    CHECK(cancelling == 0);
    return eddy_cancelling(eddy_current_task());
}

async(void, body_fails)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, sleeper("sibling "));
        await(eddy_sleep(0));
        throw(EPERM, "body");
    }
}

/* D22: a task that is cancelled alone does not affect the group. */
async(void, cancels_itself)
{
    eddy_cancel(eddy_current_task());
    await(eddy_sleep(0));
}

async(void, one_cancelled)
{
    long size = 0;
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, cancels_itself());
        eddy_group_spawn(group, length_of("abc"), &size);
    }
    CHECK(size == 3);
}

async(void, whole_group_cancelled)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, sleeper("one "));
        eddy_group_spawn(group, sleeper("two "));
        await(eddy_sleep(0));
        eddy_group_cancel(group);
    }
    note("after ");
}

async(void, cancels, (eddy_group *, group))
{
    await(eddy_sleep(0.001));
    eddy_group_cancel(group);
}

/* The block waits for something when the group is cancelled: the wait is cancelled too. */
async(void, group_cancelled_by_child)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, cancels(group));
        await(eddy_sleep(1000));
        note("never ");
    }
}

async(void, in_group)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, sleeper("one "));
        await(eddy_sleep(1000));
    }
}

async(void, groups)
{
    eddy_error err;
    CHECK(await(both("ab", "abc")) == 5);
    CHECK(await(child_fails_outside()) == 0);
    CHECK_LOG("sibling body ");
    await(errors_of_one_turn());
    await(body_fails(), &err);
    CHECK(err.code == EPERM && !strcmp(err.message, "body"));
    CHECK_LOG("sibling ");
    await(one_cancelled());
    await(whole_group_cancelled());
    CHECK_LOG("one two after ");
    await(group_cancelled_by_child(), &err);
    CHECK_LOG("");
    struct in_group *t = spawn(in_group()); /* cancelled from outside */
    await(eddy_sleep(0.001));
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED && eddy_error_count(&err) == 1);
    CHECK_LOG("one ");
}

async(void, expires)
{
    async_with (scope, eddy_timeout(0.001))
        await(eddy_sleep(1000));
}

async(void, expires_at)
{
    async_with (scope, eddy_timeout_at(eddy_time() + 0.001))
        await(eddy_sleep(1000));
}

async(void, rescheduled)
{
    async_with (scope, eddy_timeout(1000)) {
        CHECK(eddy_when(scope) > eddy_time());
        eddy_reschedule(scope, eddy_time() + 0.001);
        await(eddy_sleep(1000));
    }
}

/* Only its own cancellation becomes ETIMEDOUT. */
async(void, inner_and_outer, (bool, outer_first))
{
    eddy_error err;
    async_with (outer, eddy_timeout(outer_first ? 0.001 : 1000)) {
        await(outer_first ? both("", "") : both("", ""));
        async_with (inner, eddy_timeout(outer_first ? 1000 : 0.001)) {
            await_always(eddy_sleep(1000), &err);
            CHECK(eddy_expired(inner) == !outer_first && eddy_expired(outer) == outer_first);
            rethrow(&err);
        }
    }
}

/* D12: swallowed inside: no error, but the timeout has expired, and no request remains. */
async(void, swallowed)
{
    eddy_error err;
    async_with (scope, eddy_timeout(0.001)) {
        await_always(eddy_sleep(1000), &err);
        CHECK(err.code == ECANCELED && eddy_expired(scope));
        await(eddy_sleep(0.001));
    }
    CHECK(eddy_cancelling(eddy_current_task()) == 0);
    async_with (scope, eddy_timeout(0)) /* without an await nothing happens */
        note("body ");
    CHECK(eddy_cancelling(eddy_current_task()) == 0);
    await(eddy_sleep(0));
}

async(void, is_cancelled)
{
    async_with (scope, eddy_timeout(1000))
        await(eddy_sleep(1000));
}

/* An error of clean-up leaves an expired block: the timeout is its cause. */
async(void, fails_in_clean_up, (int, kind))
{
    eddy_error err;
    async_with (scope, kind == 0 ? eddy_timeout(0.001) : eddy_fail_after(0.001)) {
        await_always(eddy_sleep(1000), &err);
        throw(EDOM, "in clean-up");
    }
}

async(void, group_fails_in_clean_up)
{
    async_with (scope, eddy_timeout(0.001))
        async_with (group, eddy_task_group())
            eddy_group_spawn(group, fails_when_cancelled(EDOM));
}

async(void, fails_before)
{
    async_with (scope, eddy_timeout(1000))
        throw(EDOM);
}

async(void, causes)
{
    eddy_error err;
    for (int kind = 0; kind < 2; kind++) {
        await(fails_in_clean_up(kind), &err);
        CHECK(err.code == EDOM && eddy_error_cause(&err).code == ETIMEDOUT);
    }
    await(group_fails_in_clean_up(), &err);
    CHECK(err.code == EDOM && eddy_error_cause(&err).code == ETIMEDOUT);
    await_for(fails_when_cancelled(EDOM), 0.001, &err);
    CHECK(err.code == EDOM && eddy_error_cause(&err).code == ETIMEDOUT);
    await(fails_before(), &err);
    CHECK(err.code == EDOM && eddy_error_cause(&err).code == 0);
}

/* ---- deadlines that have come ---- */

async(void, counts_turns, (int *, turns))
{
    for (;; ++*turns)
        await(eddy_sleep(0));
}

async(void, never_ends_within, (int, kind))
{
    if (kind == 0)
        await_for(eddy_sleep(1000), 0);
    if (kind == 1)
        async_with (scope, eddy_timeout(0))
            await(eddy_sleep(1000));
    if (kind == 2)
        async_with (scope, eddy_timeout_at(eddy_time()))
            await(eddy_sleep(1000));
    if (kind == 3)
        async_with (scope, eddy_fail_after(0))
            await(eddy_sleep(1000));
    if (kind == 4)
        async_with (scope, eddy_timeout(1000)) {
            eddy_reschedule(scope, eddy_time());
            await(eddy_sleep(1000));
        }
}

/* Rule: a deadline that has come is noticed at once, also while tasks keep the loop busy. */
async(void, come_already)
{
    eddy_error err;
    int turns = 0;
    struct counts_turns *busy = spawn(counts_turns(&turns));
    for (int kind = 0; kind < 5; kind++) {
        await(eddy_sleep(0));
        int before = turns;
        await(never_ends_within(kind), &err);
        CHECK(err.code == ETIMEDOUT && turns - before <= 2);
    }
    eddy_cancel(busy);
    await(busy, &err);
}

async(void, timeouts)
{
    eddy_error err;
    await(come_already());
    await(causes());
    await(expires(), &err);
    CHECK(err.code == ETIMEDOUT && eddy_cancelling(eddy_current_task()) == 0);
    await(expires_at(), &err);
    CHECK(err.code == ETIMEDOUT);
    await(rescheduled(), &err);
    CHECK(err.code == ETIMEDOUT);
    await(inner_and_outer(true), &err);
    CHECK(err.code == ETIMEDOUT);
    await(inner_and_outer(false), &err);
    CHECK(err.code == ETIMEDOUT);
    await(swallowed());
    CHECK_LOG("body ");
    struct is_cancelled *t = spawn(is_cancelled());
    await(eddy_sleep(0));
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED);
}

async(int, main_task)
{
    await(groups());
    await(timeouts());
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
