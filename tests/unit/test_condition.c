/* SPDX-License-Identifier: MIT */
/* test_condition.c - rules of eddy_condition: a wait returns with the lock held; no notification is lost. */
#include <eddy.h>
#include <errno.h>

#include "transcript.h"

static eddy_lock lock;
static eddy_condition condition;

static int begin(void **state)
{
    (void)state;
    lock = (eddy_lock)EDDY_LOCK_INIT;
    condition = (eddy_condition)EDDY_CONDITION_INIT(&lock);
    return 0;
}

/* Waits once, and notes how the wait ended and whether the lock is held then. */
eddy_async(void, wait_for_it, (const char *, name))
{
    eddy_async_with (held, eddy_condition_hold(&condition)) {
        eddy_error err;
        eddy_await_always(eddy_condition_wait(&condition), &err);
        note("%s%s%s", name, err.code == ECANCELED ? "!" : err.code ? "?" : "",
             eddy_lock_locked(&lock) ? "" : "-without-lock");
    }
}

static void notify(size_t n)
{
    eddy_condition_notify(&condition, n);
}

/* ---- waiting ---- */

eddy_async(void, notify_some)
{
    struct wait_for_it *tasks[] = {eddy_spawn(wait_for_it("0")), eddy_spawn(wait_for_it("1")),
                                   eddy_spawn(wait_for_it("2")), eddy_spawn(wait_for_it("3")),
                                   eddy_spawn(wait_for_it("4"))};
    eddy_await(eddy_sleep(0));
    note("free:%d", !eddy_lock_locked(&lock));
    eddy_async_with (held, eddy_condition_hold(&condition)) {
        notify(0);
        notify(2);
    }
    eddy_await(eddy_sleep(1));
    note("|");
    eddy_async_with (held, eddy_condition_hold(&condition)) {
        notify(1);
        notify(1);
    }
    eddy_await(eddy_sleep(1));
    note("|");
    eddy_async_with (held, eddy_condition_hold(&condition))
        notify(9);
    for (int i = 0; i < 5; i++)
        eddy_await(tasks[i]);
    note("free:%d", !eddy_lock_locked(&lock));
}

static void notify_wakes_so_many_first_come_first(void **state)
{
    (void)state;
    RUN_SEEDED(notify_some(), 0);
    told("free:1 0 1 | 2 3 | 4 free:1");
}

eddy_async(void, notify_everybody)
{
    struct wait_for_it *a = eddy_spawn(wait_for_it("a")), *b = eddy_spawn(wait_for_it("b"));
    eddy_await(eddy_sleep(0));
    eddy_async_with (held, eddy_condition_hold(&condition)) {
        eddy_condition_notify_all(&condition);
        struct wait_for_it *late = eddy_spawn(wait_for_it("late"));
        note("notified");
        eddy_await(eddy_sleep(0));
        eddy_detach(late);
    }
    eddy_await(a);
    eddy_await(b);
    eddy_await(eddy_sleep(0));
    eddy_async_with (held, eddy_condition_hold(&condition))
        eddy_condition_notify_all(&condition);
    eddy_await(eddy_sleep(1));
}

static void notify_all_wakes_those_who_wait_and_no_later_one(void **state)
{
    (void)state;
    RUN(notify_everybody());
    told("notified a b late");
}

/* Between the notification and the lock: tasks that ask for the lock first get it first, as in asyncio. */
eddy_async(void, notifier_goes_on)
{
    struct wait_for_it *waiter = eddy_spawn(wait_for_it("waiter"));
    eddy_await(eddy_sleep(0));
    for (int i = 0; i < 3; i++)
        eddy_async_with (held, eddy_condition_hold(&condition)) {
            notify(1);
            note("%d", i);
        }
    eddy_await(waiter);
}

static void a_notified_task_asks_for_the_lock_when_it_runs(void **state)
{
    (void)state;
    RUN(notifier_goes_on());
    told("0 1 2 waiter");
}

static void wait_unheld(void)
{
    struct eddy_condition_wait wait = eddy_condition_wait(&condition);
    eddy_run(wait);
}

static void notify_unheld(void)
{
    eddy_condition_notify(&condition, 1);
}

static void notify_all_unheld(void)
{
    eddy_condition_notify_all(&condition);
}

static void waiting_without_the_lock_stops_the_program(void **state)
{
    (void)state;
    stops_with(wait_unheld, "eddy_condition_wait needs the condition's lock to be held");
    stops_with(notify_unheld, "eddy_condition_notify needs the condition's lock to be held");
    stops_with(notify_all_unheld, "needs the condition's lock to be held");
}

static void outside_of_a_task_it_cannot_be_awaited(void **state)
{
    (void)state;
    eddy_error err;
    lock.held = true;
    eddy_await(eddy_condition_wait(&condition), &err);
    assert_int_equal(err.code, EDDY_NO_TASK);
    assert_true(eddy_lock_locked(&lock));
}

eddy_async(void, spawned_wait)
{
    eddy_await(eddy_lock_acquire(&lock));
    struct eddy_condition_wait *wait = eddy_spawn(eddy_condition_wait(&condition));
    eddy_await(eddy_sleep(0));
    note("%d", eddy_lock_locked(&lock));
    eddy_await(eddy_lock_acquire(&lock));
    notify(1);
    eddy_lock_release(&lock);
    eddy_await(wait);
    note("%d", eddy_lock_locked(&lock));
    eddy_lock_release(&lock);
}

static void the_wait_itself_can_be_spawned(void **state)
{
    (void)state;
    RUN(spawned_wait());
    told("0 1");
}

/* ---- cancelling ---- */

eddy_async(void, cancel_waiting)
{
    struct wait_for_it *a = eddy_spawn(wait_for_it("a")), *b = eddy_spawn(wait_for_it("b"));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_lock_acquire(&lock));
    eddy_cancel(a);
    eddy_await(eddy_sleep(1));
    note("not-before-the-lock-is-free");
    notify(1);
    eddy_lock_release(&lock);
    eddy_await(a);
    eddy_await(b);
    note("free:%d", !eddy_lock_locked(&lock));
}

static void a_cancelled_waiter_takes_the_lock_again_first(void **state)
{
    (void)state;
    RUN_SEEDED(cancel_waiting(), 0);
    told("not-before-the-lock-is-free a! b free:1");
}

eddy_async(void, cancel_after_notify)
{
    struct wait_for_it *a = eddy_spawn(wait_for_it("a")), *b = eddy_spawn(wait_for_it("b"));
    eddy_await(eddy_sleep(0));
    eddy_async_with (held, eddy_condition_hold(&condition))
        notify(1);
    eddy_cancel(a);
    eddy_await(a);
    eddy_await(b);
    note("free:%d", !eddy_lock_locked(&lock));
}

static void a_notification_of_a_cancelled_task_goes_to_the_next(void **state)
{
    (void)state;
    RUN(cancel_after_notify());
    told("a! b free:1");
}

/* Notified, running, and waiting for the lock; then cancelled, more than once. */
eddy_async(void, cancel_while_asking_for_the_lock, (int, times))
{
    struct wait_for_it *a = eddy_spawn(wait_for_it("a")), *b = eddy_spawn(wait_for_it("b"));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_lock_acquire(&lock));
    notify(1);
    eddy_await(eddy_sleep(0));
    for (int i = 0; i < times; i++) {
        eddy_cancel(a);
        eddy_await(eddy_sleep(0));
    }
    note("held:%d", eddy_lock_locked(&lock));
    eddy_lock_release(&lock);
    eddy_await(a);
    eddy_await(b);
    note("free:%d", !eddy_lock_locked(&lock));
}

static void a_cancellation_while_asking_for_the_lock_is_not_lost(void **state)
{
    (void)state;
    RUN(cancel_while_asking_for_the_lock(1));
    told("held:1 a! b free:1");
    RUN(cancel_while_asking_for_the_lock(3));
    told("held:1 a! b free:1");
}

/* Cancelled while it waits, and again while it asks for the lock: one cancellation is raised. */
eddy_async(void, wait_twice)
{
    eddy_error err;
    eddy_await(eddy_lock_acquire(&lock));
    eddy_await_always(eddy_condition_wait(&condition), &err);
    note("%s:%s", eddy_error_name(err.code), err.message);
    eddy_lock_release(&lock);
    eddy_await_always(eddy_sleep(0), &err);
    note("%d", err.code);
}

eddy_async(void, cancel_twice)
{
    struct wait_twice *task = eddy_spawn(wait_twice());
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_lock_acquire(&lock));
    eddy_cancel(task, "first");
    eddy_await(eddy_sleep(0));
    eddy_cancel(task, "second");
    eddy_await(eddy_sleep(0));
    eddy_lock_release(&lock);
    eddy_await(task);
}

static void of_two_cancellations_the_latest_is_raised(void **state)
{
    (void)state;
    RUN(cancel_twice());
    told("ECANCELED:second 0");
}


eddy_async(void, wait_and_pass_on)
{
    eddy_async_with (held, eddy_condition_hold(&condition))
        eddy_await(eddy_condition_wait(&condition));
}

eddy_async(void, wait_in_between)
{
    eddy_error err;
    eddy_await_for(wait_and_pass_on(), 1000, &err);
    note("caught:%d", err.code);
}

eddy_async(void, cancel_from_outside)
{
    eddy_error err;
    struct wait_in_between *task = eddy_spawn(wait_in_between());
    eddy_await(eddy_sleep(0));
    eddy_cancel(task);
    eddy_await_always(task, &err);
    note("%s", eddy_error_name(err.code));
    task = eddy_spawn(wait_in_between());
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_lock_acquire(&lock));
    notify(1);
    eddy_await(eddy_sleep(0));
    eddy_cancel(task);
    eddy_lock_release(&lock);
    eddy_await_always(task, &err);
    note("%s free:%d", eddy_error_name(err.code), !eddy_lock_locked(&lock));
}

static void a_cancellation_of_the_task_propagates(void **state)
{
    (void)state;
    RUN_SEEDED(cancel_from_outside(), 0);
    told("ECANCELED ECANCELED free:1");
}

eddy_async(void, time_is_over)
{
    eddy_error err;
    eddy_await(eddy_lock_acquire(&lock));
    eddy_await_for(eddy_condition_wait(&condition), 5, &err);
    note("%s %d", eddy_error_name(err.code), eddy_lock_locked(&lock));
    eddy_lock_release(&lock);
    eddy_async_with (held, eddy_condition_hold(&condition)) {
        eddy_async_with (scope, eddy_timeout(5)) {
            eddy_await(eddy_condition_wait(&condition));
        }
    }
}

eddy_async(void, limits)
{
    eddy_error err;
    eddy_await_always(time_is_over(), &err);
    note("%s %d", eddy_error_name(err.code), eddy_lock_locked(&lock));
}

static void a_wait_that_times_out_holds_the_lock_again(void **state)
{
    (void)state;
    RUN_SEEDED(limits(), 0);
    told("ETIMEDOUT 1 ETIMEDOUT 0");
}

eddy_async(void, without_memory)
{
    struct wait_for_it *a = eddy_spawn(wait_for_it("a")), *b = eddy_spawn(wait_for_it("b"));
    struct wait_for_it *c = eddy_spawn(wait_for_it("c"));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_lock_acquire(&lock));
    memory_fail_after(1);
    notify(1);
    eddy_cancel(a);
    eddy_cancel(c);
    eddy_lock_release(&lock);
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
    note("%ld", memory_fault_countdown);
    memory_fail_after(0);
}

static void waking_and_cancelling_need_no_memory(void **state)
{
    (void)state;
    RUN(without_memory());
    told("a! c! b 1");
}

/* ---- order under a seed ---- */

enum { CROWD = 12, ITEMS = 60 };
static int items, taken;

eddy_async(void, consumer)
{
    for (;;)
        eddy_async_with (held, eddy_condition_hold(&condition)) {
            while (items == 0)
                eddy_await(eddy_condition_wait(&condition));
            items--;
            taken++;
        }
}

eddy_async(void, crowd)
{
    struct consumer *tasks[CROWD];
    items = taken = 0;
    for (int i = 0; i < CROWD; i++)
        tasks[i] = eddy_spawn(consumer());
    for (int i = 0; i < ITEMS; i++) {
        eddy_async_with (held, eddy_condition_hold(&condition)) {
            items++;
            notify(1);
        }
        if (i % 8 == 0 && i / 8 < CROWD - 1) /* some of them were just notified, some wait, some ask for the lock */
            eddy_cancel(tasks[i / 8]);
        if (i % 3 == 0)
            eddy_await(eddy_sleep(0));
    }
    eddy_await(eddy_sleep(1));
    note("%d left, %d taken", items, taken);
    for (int i = 0; i < CROWD; i++) {
        eddy_error err;
        eddy_cancel(tasks[i]);
        eddy_await_always(tasks[i], &err);
        if (err.code != ECANCELED)
            note("%d:%d", i, err.code);
    }
    note("free:%d", !eddy_lock_locked(&lock));
}

static void under_any_seed_no_notification_is_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        RUN_SEEDED(crowd(), seed);
        told("0 left, 60 taken free:1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(notify_wakes_so_many_first_come_first, begin),
        cmocka_unit_test_setup(notify_all_wakes_those_who_wait_and_no_later_one, begin),
        cmocka_unit_test_setup(a_notified_task_asks_for_the_lock_when_it_runs, begin),
        cmocka_unit_test_setup(waiting_without_the_lock_stops_the_program, begin),
        cmocka_unit_test_setup(outside_of_a_task_it_cannot_be_awaited, begin),
        cmocka_unit_test_setup(the_wait_itself_can_be_spawned, begin),
        cmocka_unit_test_setup(a_cancelled_waiter_takes_the_lock_again_first, begin),
        cmocka_unit_test_setup(a_notification_of_a_cancelled_task_goes_to_the_next, begin),
        cmocka_unit_test_setup(a_cancellation_while_asking_for_the_lock_is_not_lost, begin),
        cmocka_unit_test_setup(of_two_cancellations_the_latest_is_raised, begin),
        cmocka_unit_test_setup(a_cancellation_of_the_task_propagates, begin),
        cmocka_unit_test_setup(a_wait_that_times_out_holds_the_lock_again, begin),
        cmocka_unit_test_setup(waking_and_cancelling_need_no_memory, begin),
        cmocka_unit_test_setup(under_any_seed_no_notification_is_lost, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
