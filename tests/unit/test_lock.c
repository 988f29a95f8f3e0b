/* SPDX-License-Identifier: MIT */
/* test_lock.c - rules of eddy_lock: taken in the order of asking, handed over, never stuck. */
#include <eddy.h>
#include <errno.h>

#include "transcript.h"

static eddy_lock lock;

static int begin(void **state)
{
    (void)state;
    lock = (eddy_lock)EDDY_LOCK_INIT;
    return 0;
}

eddy_async(void, take, (const char *, name))
{
    eddy_await(eddy_lock_acquire(&lock));
    note("%s", name);
    eddy_await(eddy_sleep(0));
    eddy_lock_release(&lock);
}

/* Takes the lock and notes how that ended: its name, or its name and '!' for a cancellation. A request that arrives
 * after the lock was taken waits for a further await, and there is none. */
eddy_async(void, try_take, (const char *, name))
{
    eddy_error err;
    eddy_await_always(eddy_lock_acquire(&lock), &err);
    note("%s%s", name, err.code == ECANCELED ? "!" : err.code ? "?" : "");
    if (!err.code)
        eddy_lock_release(&lock);
}

/* ---- taking ---- */

eddy_async(void, bystander)
{
    note("bystander");
}

eddy_async(void, a_free_lock)
{
    struct bystander *other = eddy_spawn(bystander());
    note("%d", eddy_lock_locked(&lock));
    eddy_await(eddy_lock_acquire(&lock));
    note("%d", eddy_lock_locked(&lock));
    eddy_lock_release(&lock);
    note("%d", eddy_lock_locked(&lock));
    eddy_await(other);
}

static void a_free_lock_is_taken_without_suspending(void **state)
{
    (void)state;
    RUN(a_free_lock());
    told("0 1 0 bystander");
}

eddy_async(void, waiters_and_bargers)
{
    eddy_await(eddy_lock_acquire(&lock));
    struct take *waiters[] = {eddy_spawn(take("0")), eddy_spawn(take("1")), eddy_spawn(take("2"))};
    eddy_await(eddy_sleep(0));
    struct take *barger = eddy_spawn(take("barger"));
    eddy_lock_release(&lock);
    eddy_await(eddy_lock_acquire(&lock));
    note("main");
    eddy_lock_release(&lock);
    for (int i = 0; i < 3; i++)
        eddy_await(waiters[i]);
    eddy_await(barger);
}

static void waiters_are_served_before_newcomers(void **state)
{
    (void)state;
    RUN(waiters_and_bargers());
    told("0 1 2 main barger");
}

eddy_async(void, release_it)
{
    eddy_lock_release(&lock);
}

eddy_async(void, released_by_another)
{
    eddy_await(eddy_lock_acquire(&lock));
    struct release_it *other = eddy_spawn(release_it());
    eddy_await(eddy_lock_acquire(&lock));
    note("again");
    eddy_await(other);
}

static void any_task_may_release(void **state)
{
    (void)state;
    RUN(released_by_another());
    told("again");
}

static void release_twice(void)
{
    eddy_lock_release(&lock);
}

static void releasing_a_free_lock_stops_the_program(void **state)
{
    (void)state;
    stops_with(release_twice, "eddy_lock_release of a lock that is not held");
}

eddy_async(void, spawned_without_a_stack)
{
    struct eddy_lock_acquire *now = eddy_spawn(eddy_lock_acquire(&lock));
    eddy_await(now);
    note("%d", eddy_lock_locked(&lock));
    struct eddy_lock_acquire *later = eddy_spawn(eddy_lock_acquire(&lock));
    eddy_await(eddy_sleep(0));
    eddy_lock_release(&lock);
    eddy_await(later);
    note("%d", eddy_lock_locked(&lock));
    eddy_lock_release(&lock);
    note("%d", eddy_lock_locked(&lock));
}

static void the_wait_itself_can_be_spawned(void **state)
{
    (void)state;
    RUN(spawned_without_a_stack());
    told("1 1 0");
}

static void outside_of_a_task_it_cannot_be_awaited(void **state)
{
    (void)state;
    eddy_error err;
    eddy_await(eddy_lock_acquire(&lock), &err);
    assert_int_equal(err.code, EDDY_NO_TASK);
    assert_false(eddy_lock_locked(&lock));
}

/* ---- cancelling waiters ---- */

eddy_async(void, cancel_in_line)
{
    eddy_await(eddy_lock_acquire(&lock));
    struct try_take *a = eddy_spawn(try_take("a")), *b = eddy_spawn(try_take("b"));
    struct try_take *c = eddy_spawn(try_take("c"));
    eddy_await(eddy_sleep(0));
    eddy_cancel(b);
    eddy_await(eddy_sleep(0));
    eddy_lock_release(&lock);
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
    note("%d", eddy_lock_locked(&lock));
}

static void a_cancelled_waiter_leaves_the_wait_queue(void **state)
{
    (void)state;
    RUN(cancel_in_line());
    told("b! a c 0");
}

/* The task was handed the lock, and is cancelled before it has run. */
eddy_async(void, cancel_who_was_given_it)
{
    eddy_await(eddy_lock_acquire(&lock));
    struct try_take *a = eddy_spawn(try_take("a")), *b = eddy_spawn(try_take("b"));
    eddy_await(eddy_sleep(0));
    eddy_lock_release(&lock);
    eddy_cancel(a);
    eddy_await(a);
    eddy_await(b);
    note("%d", eddy_lock_locked(&lock));
}

static void a_waiter_cancelled_after_the_hand_over_holds_the_lock(void **state)
{
    (void)state;
    RUN(cancel_who_was_given_it());
    told("a b 0");
}

eddy_async(void, cancel_the_last)
{
    eddy_await(eddy_lock_acquire(&lock));
    struct try_take *only = eddy_spawn(try_take("only"));
    eddy_await(eddy_sleep(0));
    eddy_lock_release(&lock);
    eddy_cancel(only);
    eddy_await(only);
    note("%d", eddy_lock_locked(&lock));
}

static void the_last_waiter_that_was_given_the_lock_has_it_too(void **state)
{
    (void)state;
    RUN(cancel_the_last());
    told("only 0");
}

eddy_async(void, cancel_then_release)
{
    eddy_await(eddy_lock_acquire(&lock));
    struct try_take *a = eddy_spawn(try_take("a")), *b = eddy_spawn(try_take("b"));
    eddy_await(eddy_sleep(0));
    eddy_cancel(a);
    eddy_lock_release(&lock);
    eddy_await(a);
    eddy_await(b);
    note("%d", eddy_lock_locked(&lock));
}

static void a_release_skips_cancelled_waiters(void **state)
{
    (void)state;
    RUN(cancel_then_release());
    told("a! b 0");
}

eddy_async(void, cancel_native)
{
    eddy_error err;
    eddy_await(eddy_lock_acquire(&lock));
    struct eddy_lock_acquire *waiting = eddy_spawn(eddy_lock_acquire(&lock));
    struct eddy_lock_acquire *given = eddy_spawn(eddy_lock_acquire(&lock));
    eddy_await(eddy_sleep(0));
    eddy_cancel(waiting);
    eddy_lock_release(&lock);
    eddy_cancel(given);
    eddy_await_always(waiting, &err);
    note("%s", eddy_error_name(err.code));
    eddy_await_always(given, &err);
    note("%s", eddy_error_name(err.code));
    if (!err.code)
        eddy_lock_release(&lock);
    note("%d", eddy_lock_locked(&lock));
}

static void a_spawned_wait_that_was_given_it_ends_with_it(void **state)
{
    (void)state;
    RUN(cancel_native());
    told("ECANCELED OK 0");
}

/* ---- holding for a block ---- */

eddy_async(int, leave_by, (char, way))
{
    eddy_async_with (held, eddy_lock_hold(&lock)) {
        note("%d", held == &lock && eddy_lock_locked(&lock));
        if (way == 'r')
            return 1;
        if (way == 'f')
            eddy_raise(EPERM);
        if (way == 'g')
            goto out;
        if (way == 's')
            eddy_await(eddy_sleep(10));
    }
    return 2;
out:
    return 3;
}

eddy_async(void, leave_in_each_way)
{
    eddy_error err;
    for (const char *way = "ergf"; *way; way++) {
        int result = eddy_await_always(leave_by(*way), &err);
        note("%c%d%s%d", *way, result, err.code ? eddy_error_name(err.code) : "",
             eddy_lock_locked(&lock));
    }
    struct leave_by *task = eddy_spawn(leave_by('s'));
    eddy_await(eddy_sleep(1));
    eddy_cancel(task);
    eddy_await_always(task, &err);
    note("%s%d", eddy_error_name(err.code), eddy_lock_locked(&lock));
}

static void a_block_releases_on_every_way_out(void **state)
{
    (void)state;
    RUN(leave_in_each_way());
    told("1 e20 1 r10 1 g30 1 f0EPERM0 1 ECANCELED0");
}

eddy_async(void, hold_and_catch)
{
    eddy_error err;
    eddy_await_for(leave_by('e'), 100, &err);
    note("caught");
}

eddy_async(void, cancel_at_the_door)
{
    eddy_error err;
    eddy_await(eddy_lock_acquire(&lock));
    struct hold_and_catch *task = eddy_spawn(hold_and_catch());
    eddy_await(eddy_sleep(1));
    eddy_cancel(task);
    eddy_await_always(task, &err);
    note("%s", eddy_error_name(err.code));
    eddy_lock_release(&lock);
    note("%d", eddy_lock_locked(&lock));
}

static void a_cancellation_at_entry_propagates(void **state)
{
    (void)state;
    RUN(cancel_at_the_door());
    told("ECANCELED 0");
}

/* ---- costs, and order under a seed ---- */

eddy_async(void, hand_over_without_memory)
{
    eddy_await(eddy_lock_acquire(&lock));
    struct try_take *a = eddy_spawn(try_take("a")), *b = eddy_spawn(try_take("b"));
    struct try_take *c = eddy_spawn(try_take("c"));
    eddy_await(eddy_sleep(0));
    memory_fail_after(1);
    eddy_cancel(c);
    eddy_lock_release(&lock);
    eddy_cancel(a);
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
    note("%ld", memory_fault_countdown);
    memory_fail_after(0);
}

static void waking_and_cancelling_need_no_memory(void **state)
{
    (void)state;
    RUN(hand_over_without_memory());
    told("c! a b 1");
}

enum { CROWD = 20, ROUNDS = 5 };
static int inside, order[CROWD], came;

static void count_down(int *count)
{
    --*count;
}

eddy_async(int, crowd_member, (int, i))
{
    int served = 0;
    for (int round = 0; round < ROUNDS; round++)
        eddy_async_with (held, eddy_lock_hold(&lock)) {
            if (round == 0)
                order[came++] = i;
            if (++inside != 1)
                note("not-alone");
            eddy_defer(count_down, &inside);
            if (i % 3)
                eddy_await(eddy_sleep(i % 2));
            served++;
        }
    return served;
}

eddy_async(int, crowd)
{
    struct crowd_member *tasks[CROWD];
    int served = 0;
    inside = came = 0;
    for (int i = 0; i < CROWD; i++)
        tasks[i] = eddy_spawn(crowd_member(i));
    eddy_await(eddy_sleep(0));
    eddy_cancel(tasks[7]);
    for (int i = 0; i < CROWD; i++) {
        eddy_error err;
        int result = eddy_await_always(tasks[i], &err);
        if (err.code != (i == 7 ? ECANCELED : 0))
            note("%d:%s", i, eddy_error_name(err.code));
        served += result;
    }
    return served - (CROWD - 1) * ROUNDS + eddy_lock_locked(&lock);
}

static void under_any_seed_one_task_holds_the_lock_and_each_gets_it(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        RUN_SEEDED(crowd(), seed);
        told("");
        for (int i = 0; seed == 0 && i + 1 < came; i++)
            assert_true(order[i] < order[i + 1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_free_lock_is_taken_without_suspending, begin),
        cmocka_unit_test_setup(waiters_are_served_before_newcomers, begin),
        cmocka_unit_test_setup(any_task_may_release, begin),
        cmocka_unit_test_setup(releasing_a_free_lock_stops_the_program, begin),
        cmocka_unit_test_setup(the_wait_itself_can_be_spawned, begin),
        cmocka_unit_test_setup(outside_of_a_task_it_cannot_be_awaited, begin),
        cmocka_unit_test_setup(a_cancelled_waiter_leaves_the_wait_queue, begin),
        cmocka_unit_test_setup(a_waiter_cancelled_after_the_hand_over_holds_the_lock, begin),
        cmocka_unit_test_setup(the_last_waiter_that_was_given_the_lock_has_it_too, begin),
        cmocka_unit_test_setup(a_release_skips_cancelled_waiters, begin),
        cmocka_unit_test_setup(a_spawned_wait_that_was_given_it_ends_with_it, begin),
        cmocka_unit_test_setup(a_block_releases_on_every_way_out, begin),
        cmocka_unit_test_setup(a_cancellation_at_entry_propagates, begin),
        cmocka_unit_test_setup(waking_and_cancelling_need_no_memory, begin),
        cmocka_unit_test_setup(under_any_seed_one_task_holds_the_lock_and_each_gets_it, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
