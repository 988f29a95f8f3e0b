/* SPDX-License-Identifier: MIT */
/* test_event.c - rules of eddy_event: setting it wakes all waiting tasks. */
#include <eddy.h>
#include <errno.h>

#include "transcript.h"

static eddy_event event;

static int begin(void **state)
{
    (void)state;
    event = (eddy_event)EDDY_EVENT_INIT;
    return 0;
}

eddy_async(void, wait_for_it, (const char *, name))
{
    eddy_error err;
    eddy_await_always(eddy_event_wait(&event), &err);
    note("%s%s", name, err.code == ECANCELED ? "!" : err.code ? "?" : "");
}

eddy_async(void, bystander)
{
    note("bystander");
}

eddy_async(void, already_set)
{
    struct bystander *other = eddy_spawn(bystander());
    note("%d", eddy_event_is_set(&event));
    eddy_event_set(&event);
    note("%d", eddy_event_is_set(&event));
    eddy_await(eddy_event_wait(&event));
    eddy_await(eddy_event_wait(&event));
    note("main");
    eddy_await(other);
}

static void waiting_for_a_set_event_does_not_suspend(void **state)
{
    (void)state;
    RUN(already_set());
    told("0 1 main bystander");
}

eddy_async(void, set_and_clear)
{
    struct wait_for_it *a = eddy_spawn(wait_for_it("a")), *b = eddy_spawn(wait_for_it("b"));
    eddy_await(eddy_sleep(0));
    eddy_event_set(&event);
    eddy_event_clear(&event);
    note("%d", eddy_event_is_set(&event));
    struct wait_for_it *late = eddy_spawn(wait_for_it("late"));
    eddy_await(a);
    eddy_await(b);
    eddy_await(eddy_sleep(1));
    note("set");
    eddy_event_set(&event);
    eddy_event_set(&event);
    eddy_await(late);
}

static void all_present_wake_even_if_it_is_cleared_at_once(void **state)
{
    (void)state;
    RUN(set_and_clear());
    told("0 a b set late");
}

eddy_async(void, cancel_waiting)
{
    struct wait_for_it *a = eddy_spawn(wait_for_it("a")), *b = eddy_spawn(wait_for_it("b"));
    struct wait_for_it *c = eddy_spawn(wait_for_it("c"));
    eddy_await(eddy_sleep(0));
    eddy_cancel(b);
    eddy_await(b);
    eddy_event_set(&event);
    eddy_cancel(a);
    eddy_await(a);
    eddy_await(c);
}

static void a_cancelled_waiter_fails_before_and_after_it_was_woken(void **state)
{
    (void)state;
    RUN(cancel_waiting());
    told("b! a! c");
}

eddy_async(void, spawned_without_a_stack)
{
    eddy_error err;
    struct eddy_event_wait *waiting = eddy_spawn(eddy_event_wait(&event));
    struct eddy_event_wait *dropped = eddy_spawn(eddy_event_wait(&event));
    eddy_await(eddy_sleep(0));
    eddy_cancel(dropped);
    eddy_await_always(dropped, &err);
    note("%s", eddy_error_name(err.code));
    eddy_event_set(&event);
    eddy_await(waiting);
    struct eddy_event_wait *now = eddy_spawn(eddy_event_wait(&event));
    eddy_await(now);
    note("end");
}

static void the_wait_itself_can_be_spawned(void **state)
{
    (void)state;
    RUN(spawned_without_a_stack());
    told("ECANCELED end");
}

eddy_async(void, under_a_timeout)
{
    eddy_error err;
    eddy_await_for(eddy_event_wait(&event), 5, &err);
    note("%s", eddy_error_name(err.code));
    eddy_event_set(&event);
    eddy_await_for(eddy_event_wait(&event), 5, &err);
    note("%d", err.code);
}

static void a_wait_can_have_a_limit(void **state)
{
    (void)state;
    RUN_SEEDED(under_a_timeout(), 0);
    told("ETIMEDOUT 0");
}

enum { CROWD = 30 };
static int woken;

eddy_async(void, crowd_member)
{
    eddy_await(eddy_event_wait(&event));
    woken++;
}

eddy_async(void, crowd)
{
    struct crowd_member *tasks[CROWD];
    woken = 0;
    for (int i = 0; i < CROWD; i++)
        tasks[i] = eddy_spawn(crowd_member());
    eddy_await(eddy_sleep(1));
    eddy_cancel(tasks[3]);
    eddy_event_set(&event);
    eddy_event_clear(&event);
    eddy_cancel(tasks[4]);
    for (int i = 0; i < CROWD; i++) {
        eddy_error err;
        eddy_await_always(tasks[i], &err);
        if (err.code != (i == 3 || i == 4 ? ECANCELED : 0))
            note("%d:%s", i, eddy_error_name(err.code));
    }
    note("%d", woken);
}

static void under_any_seed_all_wake(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        RUN_SEEDED(crowd(), seed);
        told("28");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(waiting_for_a_set_event_does_not_suspend, begin),
        cmocka_unit_test_setup(all_present_wake_even_if_it_is_cleared_at_once, begin),
        cmocka_unit_test_setup(a_cancelled_waiter_fails_before_and_after_it_was_woken, begin),
        cmocka_unit_test_setup(the_wait_itself_can_be_spawned, begin),
        cmocka_unit_test_setup(a_wait_can_have_a_limit, begin),
        cmocka_unit_test_setup(under_any_seed_all_wake, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
