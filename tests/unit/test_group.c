/* SPDX-License-Identifier: MIT */
/* test_group.c - task groups from inside: what is refused is freed, and missing memory is reported. */
#include "run_clean.h"

#include "log.h"

eddy_async(void, fails_at_once, (int, code))
{
    throw(code);
}

/* A coroutine value that owns memory, given to a group that takes no more tasks. */
eddy_async(void, refused)
{
    eddy_stream *ends[2];
    await(eddy_stream_pair(ends));
    int code = 0;
    async_with (group, eddy_task_group()) {
        eddy_group_cancel(group);
        code = eddy_group_spawn(group, eddy_stream_printf(ends[0], "%0100d", 1));
        CHECK(eddy_group_size(group) == 0);
    }
    await(eddy_stream_close(ends[0]));
    await(eddy_stream_close(ends[1]));
    CHECK(code == EDDY_GROUP_CLOSED);
}

static void a_refused_spawn_frees_its_value_and_is_reported(void **state)
{
    (void)state;
    RUN_CLEAN(refused());
}

/* The same for a group whose time is over before it begins. */
eddy_async(void, too_late)
{
    eddy_stream *ends[2];
    eddy_error err;
    await(eddy_stream_pair(ends));
    await_for(eddy_stream_printf(ends[0], "%0100d", 1), 0, &err);
    CHECK(err.code == ETIMEDOUT);
    await_for(eddy_stream_printf(ends[0], "%0100d", 1), 0.0 / 0.0, &err);
    CHECK(err.code == EINVAL);
    await(eddy_stream_close(ends[0]));
    await(eddy_stream_close(ends[1]));
}

static void a_value_that_never_begins_is_freed(void **state)
{
    (void)state;
    RUN_CLEAN(too_late());
}

/* ---- the call that cancels the other tasks is withdrawn with the group ---- */

eddy_async(void, fails_on, (eddy_event *, go))
{
    await(eddy_event_wait(go));
    throw(EDOM);
}

eddy_async(void, one_that_fails, (eddy_event *, go))
{
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, fails_on(go));
}

/* Takes the stack that the group was on, and fills it. */
eddy_async(void, paint)
{
    unsigned char paint[4096], *volatile there = paint;
    memset(there, 0xaa, sizeof paint);
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    for (size_t i = 0; i < sizeof paint; i++)
        CHECK(there[i] == 0xaa);
}

/* The block goes on in the pass in which its task fails, since it was cancelled in that pass: the call comes later. */
eddy_async(void, ends_before_the_call)
{
    eddy_event go = EDDY_EVENT_INIT;
    eddy_error err;
    struct one_that_fails *t = spawn(one_that_fails(&go));
    for (int i = 0; i < 4; i++)
        await(eddy_sleep(0));
    eddy_event_set(&go);
    eddy_cancel(t);
    struct paint *next = spawn(paint());
    await(t, &err);
    CHECK(err.code == EDOM);
    await(next);
}

static void a_group_that_has_ended_ignores_a_cancel(void **state)
{
    (void)state;
    RUN_CLEAN(ends_before_the_call());
}

/* ---- many errors ---- */

struct operation {
    struct eddy_awaitable awaitable;
    eddy_void result;
};
static struct eddy_awaitable *started[200];
static int count;

static void start(struct eddy_awaitable *a)
{
    started[count++] = a;
}

static const struct eddy_awaitable_type operation_type = {.name = "operation", .start = start};

static void fail_all(void *nothing)
{
    (void)nothing;
    for (int i = 0; i < count; i++)
        eddy_complete_error(started[i], EIO, "number %d", i);
}

eddy_async(int, flood, (int, members))
{
    count = 0;
    async_with (group, eddy_task_group()) {
        for (int i = 0; i < members; i++)
            eddy_group_spawn(group, ((struct operation){EDDY_AWAITABLE_INIT(&operation_type)}));
        eddy_call_later(0.001, fail_all, NULL);
    }
    return 0;
}

static void a_traceback_shows_fifteen_errors_and_counts_the_rest(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), flood(200)), 1);
    assert_int_equal(log_count("EIO"), 15);
    assert_int_equal(log_count("and 185 more errors"), 1);
    assert_int_equal(eddy_run_with(LOGGING(), flood(16)), 1);
    assert_int_equal(log_count("EIO"), 15);
    assert_int_equal(log_count("and 1 more error\n"), 1);
    assert_int_equal(eddy_run_with(LOGGING(), flood(15)), 1);
    assert_int_equal(log_count("EIO"), 15);
    assert_int_equal(log_count("more error"), 0);
}

/* ---- a task whose shares of memory are refused one after the other ---- */

eddy_async(void, in_a_scope, (int *, code))
{
    async_with (scope, eddy_move_on_after(1))
        async_with (group, eddy_task_group()) {
            memory_fail_after(1);
            *code = eddy_group_spawn(group, fails_at_once(EDOM));
            memory_fail_after(0);
        }
}

eddy_async(void, without_memory)
{
    eddy_error err;
    int code = 0;
    await(in_a_scope(&code), &err);
    CHECK(code == ENOMEM && err.code == ENOMEM);
}

static void without_memory_the_group_fails_and_nothing_is_left(void **state)
{
    (void)state;
    RUN_CLEAN(without_memory());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_traceback_shows_fifteen_errors_and_counts_the_rest),
        cmocka_unit_test(without_memory_the_group_fails_and_nothing_is_left),
        cmocka_unit_test(a_value_that_never_begins_is_freed),
        cmocka_unit_test(a_group_that_has_ended_ignores_a_cancel),
        cmocka_unit_test(a_refused_spawn_frees_its_value_and_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
