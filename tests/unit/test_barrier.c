/* SPDX-License-Identifier: MIT */
/* test_barrier.c - rules of eddy_barrier: all go on or none, each with its own index, round after round. */
#include <eddy.h>
#include <errno.h>

#include "transcript.h"

static eddy_barrier barrier;

static int begin(void **state)
{
    (void)state;
    barrier = (eddy_barrier)EDDY_BARRIER_INIT(3);
    return 0;
}

/* Notes its name and its index, or '!' for a cancellation, or 'x' for a broken barrier. */
eddy_async(void, meet, (const char *, name))
{
    eddy_error err;
    size_t index = eddy_await_always(eddy_barrier_wait(&barrier), &err);
    if (!err.code)
        note("%s%zu", name, index);
    else
        note("%s%s", name, err.code == ECANCELED ? "!" : err.code == EDDY_BARRIER_BROKEN ? "x" : "?");
}

/* ---- meeting ---- */

eddy_async(void, three_meet)
{
    struct meet *a = eddy_spawn(meet("a")), *b = eddy_spawn(meet("b"));
    eddy_await(eddy_sleep(1));
    note("%zu waiting", barrier.waiting);
    eddy_await(meet("c"));
    note("main");
    eddy_await(a);
    eddy_await(b);
    note("%zu waiting", barrier.waiting);
}

static void the_last_to_arrive_goes_on_at_once_and_wakes_the_others(void **state)
{
    (void)state;
    RUN_SEEDED(three_meet(), 0);
    told("2 waiting c2 main a0 b1 0 waiting");
}

eddy_async(void, meet_alone)
{
    barrier.parties = 1;
    for (int i = 0; i < 3; i++)
        eddy_await(meet("a"));
}

static void a_barrier_for_one_never_waits(void **state)
{
    (void)state;
    RUN(meet_alone());
    told("a0 a0 a0");
}

eddy_async(void, meet_again_and_again, (const char *, name))
{
    for (int i = 0; i < 3; i++)
        eddy_await(meet(name));
}

eddy_async(void, rounds)
{
    struct meet_again_and_again *a = eddy_spawn(meet_again_and_again("a"));
    struct meet_again_and_again *b = eddy_spawn(meet_again_and_again("b"));
    struct meet_again_and_again *c = eddy_spawn(meet_again_and_again("c"));
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
    note("%zu %zu", barrier.waiting, barrier.draining);
}

static void a_barrier_can_be_used_again_at_once(void **state)
{
    (void)state;
    RUN(rounds());
    /* as in asyncio: early arrivals for the next round arrive after the last one of this round has gone on */
    told("c2 a0 b1 a2 b0 c1 b2 c0 a1 0 0");
}

/* Seven tasks at once for three places: two rounds, and one task remains waiting. */
eddy_async(void, too_many)
{
    static const char *names[] = {"a", "b", "c", "d", "e", "f", "g"};
    struct meet *tasks[7];
    for (int i = 0; i < 7; i++)
        tasks[i] = eddy_spawn(meet(names[i]));
    eddy_await(eddy_sleep(1));
    note("%zu waiting", barrier.waiting);
    eddy_cancel(tasks[6]);
    for (int i = 0; i < 7; i++)
        eddy_await(tasks[i]);
    note("%zu waiting", barrier.waiting);
}

static void a_task_that_comes_while_the_barrier_drains_waits_for_the_next_round(void **state)
{
    (void)state;
    RUN_SEEDED(too_many(), 0);
    told("c2 a0 b1 f2 d0 e1 1 waiting g! 0 waiting");
}

eddy_async(void, spawned_without_a_stack)
{
    struct eddy_barrier_wait *a = eddy_spawn(eddy_barrier_wait(&barrier));
    struct eddy_barrier_wait *b = eddy_spawn(eddy_barrier_wait(&barrier));
    struct eddy_barrier_wait *c = eddy_spawn(eddy_barrier_wait(&barrier));
    note("%zu", eddy_await(a));
    note("%zu", eddy_await(b));
    note("%zu %zu", eddy_await(c), barrier.draining);
}

static void the_wait_itself_can_be_spawned(void **state)
{
    (void)state;
    RUN(spawned_without_a_stack());
    told("0 1 2 0");
}

static void meet_nobody(void)
{
    barrier.parties = 0;
    eddy_run(meet("a"));
}

static void a_barrier_for_none_stops_the_program(void **state)
{
    (void)state;
    stops_with(meet_nobody, "a barrier needs EDDY_BARRIER_INIT(n) with n of at least 1");
}

/* ---- cancelling ---- */

eddy_async(void, cancel_one)
{
    struct meet *a = eddy_spawn(meet("a")), *b = eddy_spawn(meet("b"));
    eddy_await(eddy_sleep(0));
    eddy_cancel(a);
    eddy_await(a);
    note("%zu waiting, broken:%d", barrier.waiting, barrier.broken);
    struct meet *c = eddy_spawn(meet("c"));
    eddy_await(eddy_sleep(0));
    eddy_await(meet("d"));
    eddy_await(b);
    eddy_await(c);
}

static void a_cancelled_waiter_leaves_the_wait_queue(void **state)
{
    (void)state;
    RUN(cancel_one());
    told("a! 1 waiting, broken:0 d2 b0 c1");
}

eddy_async(void, cancel_one_let_go)
{
    struct meet *a = eddy_spawn(meet("a")), *b = eddy_spawn(meet("b"));
    eddy_await(eddy_sleep(0));
    eddy_await(meet("c"));
    eddy_cancel(a);
    eddy_await(a);
    eddy_await(b);
    note("%zu %zu", barrier.waiting, barrier.draining);
}

static void a_cancelled_waiter_does_not_hold_the_others_back(void **state)
{
    (void)state;
    RUN(cancel_one_let_go());
    told("c2 a! b1 0 0");
}

/* ---- breaking ---- */

eddy_async(void, abort_while_filling)
{
    struct meet *a = eddy_spawn(meet("a")), *b = eddy_spawn(meet("b"));
    eddy_await(eddy_sleep(0));
    eddy_barrier_abort(&barrier);
    note("%zu waiting, broken:%d", barrier.waiting, barrier.broken);
    eddy_await(a);
    eddy_await(b);
    eddy_await(meet("c"));
    eddy_barrier_reset(&barrier);
    note("broken:%d", barrier.broken);
    struct meet *d = eddy_spawn(meet("d")), *e = eddy_spawn(meet("e"));
    eddy_await(eddy_sleep(0));
    eddy_await(meet("f"));
    eddy_await(d);
    eddy_await(e);
}

static void an_aborted_barrier_is_broken_until_reset(void **state)
{
    (void)state;
    RUN(abort_while_filling());
    told("0 waiting, broken:1 ax bx cx broken:0 f2 d0 e1");
}

eddy_async(void, reset_while_filling)
{
    eddy_barrier_reset(&barrier);
    struct meet *a = eddy_spawn(meet("a")), *b = eddy_spawn(meet("b"));
    eddy_await(eddy_sleep(0));
    eddy_barrier_reset(&barrier);
    struct meet *c = eddy_spawn(meet("c")), *d = eddy_spawn(meet("d"));
    eddy_await(a);
    eddy_await(b);
    eddy_await(eddy_sleep(0));
    eddy_await(meet("e"));
    eddy_await(c);
    eddy_await(d);
}

static void reset_breaks_only_those_who_wait(void **state)
{
    (void)state;
    RUN(reset_while_filling());
    told("ax bx e2 c0 d1");
}

/* Tasks that were released and have not run yet are reached too; tasks that wait for the next round are not. */
eddy_async(void, break_while_draining, (bool, aborts))
{
    struct meet *a = eddy_spawn(meet("a")), *b = eddy_spawn(meet("b")), *c = eddy_spawn(meet("c"));
    struct meet *d = eddy_spawn(meet("d"));
    eddy_await(eddy_sleep(0));
    if (aborts)
        eddy_barrier_abort(&barrier);
    else
        eddy_barrier_reset(&barrier);
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
    eddy_await(eddy_sleep(0));
    note("%zu waiting", barrier.waiting);
    eddy_barrier_reset(&barrier);
    eddy_await(d);
}

static void breaking_while_it_drains_reaches_those_who_have_not_run(void **state)
{
    (void)state;
    RUN(break_while_draining(false));
    told("c2 ax bx 1 waiting dx");
    RUN(break_while_draining(true));
    told("c2 ax bx dx 0 waiting");
}

/* Cancelled while it is early: before the others have gone on, and after it was woken. */
eddy_async(void, cancel_the_early)
{
    struct meet *a = eddy_spawn(meet("a")), *b = eddy_spawn(meet("b")), *c = eddy_spawn(meet("c"));
    struct meet *d = eddy_spawn(meet("d")), *e = eddy_spawn(meet("e"));
    eddy_await(eddy_sleep(0));
    eddy_cancel(d);
    eddy_await(c);
    eddy_await(a);
    eddy_await(b);
    eddy_cancel(e);
    eddy_await(d);
    eddy_await(e);
    note("%zu %zu", barrier.waiting, barrier.draining);
}

static void a_task_that_came_early_can_be_cancelled(void **state)
{
    (void)state;
    RUN(cancel_the_early());
    told("c2 a0 b1 d! e! 0 0");
}

eddy_async(void, without_memory)
{
    struct meet *a = eddy_spawn(meet("a")), *b = eddy_spawn(meet("b")), *c;
    eddy_await(eddy_sleep(0));
    memory_fail_after(1);
    eddy_cancel(a);
    eddy_await(a);
    eddy_barrier_abort(&barrier);
    note("%ld", memory_fault_countdown);
    memory_fail_after(0);
    eddy_await(b);
    eddy_barrier_reset(&barrier);
    a = eddy_spawn(meet("a")), b = eddy_spawn(meet("b")), c = eddy_spawn(meet("c"));
    eddy_await(eddy_sleep(0));
    memory_fail_after(1);
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
    RUN(without_memory());
    told("a! 1 bx c2 a! b1 1");
}

/* ---- order under a seed ---- */

enum { CROWD = 5, ROUNDS = 8 };
static unsigned seen[ROUNDS];

eddy_async(void, crowd_member, (int, pause))
{
    for (int round = 0; round < ROUNDS; round++) {
        seen[round] |= 1u << eddy_await(eddy_barrier_wait(&barrier));
        if (round > 0 && seen[round - 1] != (1u << CROWD) - 1)
            note("round %d began before all had left the one before", round);
        eddy_await(eddy_sleep(pause));
    }
}

eddy_async(void, crowd)
{
    struct crowd_member *tasks[CROWD];
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < CROWD; i++)
        tasks[i] = eddy_spawn(crowd_member(i % 3));
    for (int i = 0; i < CROWD; i++)
        eddy_await(tasks[i]);
    for (int round = 0; round < ROUNDS; round++)
        if (seen[round] != (1u << CROWD) - 1)
            note("round %d: %x", round, seen[round]);
    note("%zu %zu", barrier.waiting, barrier.draining);
}

static void under_any_seed_each_round_has_each_index_once(void **state)
{
    (void)state;
    barrier.parties = CROWD;
    for (uint64_t seed = 0; seed < 40; seed++) {
        RUN_SEEDED(crowd(), seed);
        told("0 0");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_last_to_arrive_goes_on_at_once_and_wakes_the_others, begin),
        cmocka_unit_test_setup(a_barrier_for_one_never_waits, begin),
        cmocka_unit_test_setup(a_barrier_can_be_used_again_at_once, begin),
        cmocka_unit_test_setup(a_task_that_comes_while_the_barrier_drains_waits_for_the_next_round, begin),
        cmocka_unit_test_setup(the_wait_itself_can_be_spawned, begin),
        cmocka_unit_test_setup(a_barrier_for_none_stops_the_program, begin),
        cmocka_unit_test_setup(a_cancelled_waiter_leaves_the_wait_queue, begin),
        cmocka_unit_test_setup(a_cancelled_waiter_does_not_hold_the_others_back, begin),
        cmocka_unit_test_setup(a_task_that_came_early_can_be_cancelled, begin),
        cmocka_unit_test_setup(an_aborted_barrier_is_broken_until_reset, begin),
        cmocka_unit_test_setup(reset_breaks_only_those_who_wait, begin),
        cmocka_unit_test_setup(breaking_while_it_drains_reaches_those_who_have_not_run, begin),
        cmocka_unit_test_setup(waking_and_cancelling_need_no_memory, begin),
        cmocka_unit_test_setup(under_any_seed_each_round_has_each_index_once, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
