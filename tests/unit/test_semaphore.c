/* SPDX-License-Identifier: MIT */
/* test_semaphore.c - rules of eddy_semaphore: at most n holders, in the order of asking, no unit lost. */
#include <eddy.h>
#include <errno.h>

#include "transcript.h"

static eddy_semaphore semaphore;

static int begin(void **state)
{
    (void)state;
    semaphore = (eddy_semaphore)EDDY_SEMAPHORE_INIT(0);
    return 0;
}

eddy_async(void, take, (const char *, name))
{
    eddy_error err;
    eddy_await_always(eddy_semaphore_acquire(&semaphore), &err);
    note("%s%s", name, err.code == ECANCELED ? "!" : err.code ? "?" : "");
}

eddy_async(void, bystander)
{
    note("bystander");
}

/* ---- taking ---- */

eddy_async(void, free_units)
{
    struct bystander *other = eddy_spawn(bystander());
    semaphore.value = 2;
    note("%d", eddy_semaphore_locked(&semaphore));
    eddy_await(eddy_semaphore_acquire(&semaphore));
    note("%d", eddy_semaphore_locked(&semaphore));
    eddy_await(eddy_semaphore_acquire(&semaphore));
    note("%d", eddy_semaphore_locked(&semaphore));
    eddy_await(other);
}

static void free_units_are_taken_without_suspending(void **state)
{
    (void)state;
    RUN(free_units());
    told("0 0 1 bystander");
}

eddy_async(void, waiters_and_bargers)
{
    struct take *waiters[] = {eddy_spawn(take("0")), eddy_spawn(take("1")), eddy_spawn(take("2"))};
    eddy_await(eddy_sleep(0));
    for (int i = 0; i < 4; i++)
        eddy_semaphore_release(&semaphore);
    eddy_await(eddy_semaphore_acquire(&semaphore));
    note("main");
    for (int i = 0; i < 3; i++)
        eddy_await(waiters[i]);
    note("%zu", semaphore.value);
}

static void waiters_are_served_before_newcomers(void **state)
{
    (void)state;
    RUN(waiters_and_bargers());
    told("0 1 2 main 0");
}

/* CPython's test_acquire_fifo_order_4: several releases in one pass keep the order of asking. */
eddy_async(void, fourth)
{
    note("4");
}

static struct fourth *fourth_task;

eddy_async(void, first)
{
    eddy_await(eddy_semaphore_acquire(&semaphore));
    note("value=%zu", semaphore.value);
    fourth_task = eddy_keep(eddy_spawn(fourth()));
    note("1");
}

eddy_async(void, second)
{
    for (int i = 0; i < 3; i++)
        eddy_semaphore_release(&semaphore);
    note("value=%zu locked=%d", semaphore.value, eddy_semaphore_locked(&semaphore));
    eddy_await(eddy_semaphore_acquire(&semaphore));
    note("2");
}

eddy_async(void, third)
{
    eddy_await(eddy_semaphore_acquire(&semaphore));
    note("3");
}

eddy_async(void, several_releases)
{
    struct first *a = eddy_spawn(first());
    struct second *b = eddy_spawn(second());
    struct third *c = eddy_spawn(third());
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
    eddy_await(fourth_task);
}

static void several_releases_in_one_turn_keep_the_order(void **state)
{
    (void)state;
    RUN(several_releases());
    told("value=2 locked=1 value=0 1 2 3 4");
}

eddy_async(void, no_bound)
{
    eddy_semaphore_release(&semaphore);
    eddy_semaphore_release(&semaphore);
    note("%zu", semaphore.value);
    eddy_await(eddy_semaphore_acquire(&semaphore));
    note("%zu", semaphore.value);
}

static void releasing_without_waiters_adds_units(void **state)
{
    (void)state;
    RUN(no_bound());
    told("2 1");
}

eddy_async(void, spawned_without_a_stack)
{
    semaphore.value = 1;
    struct eddy_semaphore_acquire *now = eddy_spawn(eddy_semaphore_acquire(&semaphore));
    struct eddy_semaphore_acquire *later = eddy_spawn(eddy_semaphore_acquire(&semaphore));
    eddy_await(now);
    eddy_semaphore_release(&semaphore);
    eddy_await(later);
    note("%zu %zu", semaphore.value, semaphore.promised);
}

static void the_wait_itself_can_be_spawned(void **state)
{
    (void)state;
    RUN(spawned_without_a_stack());
    told("0 0");
}

/* ---- cancelling ---- */

eddy_async(void, cancel_in_line)
{
    struct take *a = eddy_spawn(take("a")), *b = eddy_spawn(take("b")), *c = eddy_spawn(take("c"));
    eddy_await(eddy_sleep(0));
    eddy_cancel(b);
    eddy_semaphore_release(&semaphore);
    eddy_semaphore_release(&semaphore);
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
    note("%zu", semaphore.value);
}

static void a_cancelled_waiter_leaves_the_wait_queue(void **state)
{
    (void)state;
    RUN(cancel_in_line());
    told("b! a c 0");
}

eddy_async(void, cancel_who_was_given_one)
{
    struct take *a = eddy_spawn(take("a")), *b = eddy_spawn(take("b"));
    eddy_await(eddy_sleep(0));
    eddy_semaphore_release(&semaphore);
    eddy_cancel(a);
    eddy_await(a);
    eddy_semaphore_release(&semaphore);
    eddy_await(b);
    note("%zu", semaphore.value);
}

static void a_waiter_cancelled_after_the_hand_over_holds_the_lock(void **state)
{
    (void)state;
    RUN(cancel_who_was_given_one());
    told("a b 0");
}

eddy_async(void, cancel_all)
{
    struct take *a = eddy_spawn(take("a")), *b = eddy_spawn(take("b"));
    eddy_await(eddy_sleep(0));
    eddy_semaphore_release(&semaphore);
    eddy_cancel(a);
    eddy_cancel(b);
    eddy_await(a);
    eddy_await(b);
    note("%zu %d", semaphore.value, eddy_semaphore_locked(&semaphore));
    eddy_semaphore_release(&semaphore);
    eddy_await(eddy_semaphore_acquire(&semaphore));
    note("main");
}

static void when_all_waiters_are_cancelled_only_the_woken_one_has_the_unit(void **state)
{
    (void)state;
    RUN(cancel_all());
    told("a b! 0 1 main");
}

/* One task is on its way with its unit, a second queues after it although a unit is free, and the first is
 * cancelled. */
eddy_async(void, cancel_before_the_queue_moves)
{
    struct take *a = eddy_spawn(take("a"));
    eddy_await(eddy_sleep(0));
    struct take *b = eddy_spawn(take("b"));
    struct take *c = eddy_spawn(take("c"));
    eddy_semaphore_release(&semaphore);
    eddy_semaphore_release(&semaphore);
    eddy_cancel(a);
    eddy_await(a);
    eddy_await(b);
    eddy_semaphore_release(&semaphore);
    eddy_await(c);
    note("%zu", semaphore.value);
}

static void a_waiter_after_a_cancelled_one_is_not_forgotten(void **state)
{
    (void)state;
    RUN(cancel_before_the_queue_moves());
    told("a b c 0");
}

eddy_async(void, without_memory)
{
    struct take *a = eddy_spawn(take("a")), *b = eddy_spawn(take("b")), *c = eddy_spawn(take("c"));
    eddy_await(eddy_sleep(0));
    memory_fail_after(1);
    eddy_cancel(c);
    eddy_semaphore_release(&semaphore);
    eddy_cancel(a);
    eddy_await(a);
    eddy_semaphore_release(&semaphore);
    eddy_await(b);
    eddy_await(c);
    note("%ld", memory_fault_countdown);
    memory_fail_after(0);
}

static void waking_and_cancelling_need_no_memory(void **state)
{
    (void)state;
    RUN(without_memory());
    told("c! a b 1");
}

/* ---- holding for a block ---- */

eddy_async(void, hold, (bool, fails))
{
    eddy_async_with (held, eddy_semaphore_hold(&semaphore)) {
        note("%d", held == &semaphore);
        if (fails)
            eddy_raise(EPERM);
        eddy_await(eddy_sleep(1));
    }
}

eddy_async(void, hold_in_each_way)
{
    eddy_error err;
    semaphore.value = 1;
    eddy_await(hold(false));
    note("%zu", semaphore.value);
    eddy_await_always(hold(true), &err);
    note("%s %zu", eddy_error_name(err.code), semaphore.value);
    struct hold *task = eddy_spawn(hold(false));
    eddy_await(eddy_sleep(0));
    eddy_cancel(task);
    eddy_await_always(task, &err);
    note("%s %zu", eddy_error_name(err.code), semaphore.value);
}

static void a_block_gives_its_unit_back(void **state)
{
    (void)state;
    RUN(hold_in_each_way());
    told("1 1 1 EPERM 1 1 ECANCELED 1");
}

/* ---- order under a seed ---- */

enum { CROWD = 20, UNITS = 3 };
static int inside, most;

static void count_down(int *count)
{
    --*count;
}

eddy_async(void, crowd_member, (int, i))
{
    for (int round = 0; round < 4; round++)
        eddy_async_with (held, eddy_semaphore_hold(&semaphore)) {
            if (++inside > most)
                most = inside;
            eddy_defer(count_down, &inside);
            eddy_await(eddy_sleep(i % 3));
        }
}

eddy_async(void, crowd)
{
    struct crowd_member *tasks[CROWD];
    semaphore.value = UNITS;
    inside = most = 0;
    for (int i = 0; i < CROWD; i++)
        tasks[i] = eddy_spawn(crowd_member(i));
    eddy_await(eddy_sleep(2));
    for (int i = 1; i < CROWD; i += 4)
        eddy_cancel(tasks[i]);
    for (int i = 0; i < CROWD; i++) {
        eddy_error err;
        eddy_await_always(tasks[i], &err);
        if (err.code && err.code != ECANCELED)
            note("%d:%s", i, eddy_error_name(err.code));
    }
    note("%d inside, %d at most, %zu free, %zu promised", inside, most, semaphore.value,
         semaphore.promised);
}

static void under_any_seed_no_unit_is_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        RUN_SEEDED(crowd(), seed);
        told("0 inside, 3 at most, 3 free, 0 promised");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(free_units_are_taken_without_suspending, begin),
        cmocka_unit_test_setup(waiters_are_served_before_newcomers, begin),
        cmocka_unit_test_setup(several_releases_in_one_turn_keep_the_order, begin),
        cmocka_unit_test_setup(releasing_without_waiters_adds_units, begin),
        cmocka_unit_test_setup(the_wait_itself_can_be_spawned, begin),
        cmocka_unit_test_setup(a_cancelled_waiter_leaves_the_wait_queue, begin),
        cmocka_unit_test_setup(a_waiter_cancelled_after_the_hand_over_holds_the_lock, begin),
        cmocka_unit_test_setup(when_all_waiters_are_cancelled_only_the_woken_one_has_the_unit, begin),
        cmocka_unit_test_setup(a_waiter_after_a_cancelled_one_is_not_forgotten, begin),
        cmocka_unit_test_setup(waking_and_cancelling_need_no_memory, begin),
        cmocka_unit_test_setup(a_block_gives_its_unit_back, begin),
        cmocka_unit_test_setup(under_any_seed_no_unit_is_lost, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
