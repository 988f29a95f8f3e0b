/* SPDX-License-Identifier: MIT */
/* test_queue.c - rules of queues between tasks. The order of items is tested in test_queue_items.c. */
#include <eddy.h>
#include <errno.h>

#include "core/current.h"
#include "core/task.h"
#include "transcript.h"

typedef eddy_queue_of(int) int_queue;
static int_queue queue;

static int end(void **state)
{
    (void)state;
    eddy_queue_free(&queue);
    return 0;
}

static const char *ending(const eddy_error *err)
{
    switch (err->code) {
    case ECANCELED: return "!";
    case EDDY_QUEUE_SHUT_DOWN: return "x";
    default: return eddy_error_name(err->code);
    }
}

/* Notes its name and the item, or '!' for a cancellation, or 'x' for a queue that was shut down. */
eddy_async(void, get, (const char *, name))
{
    eddy_error err;
    int item = eddy_await_always(eddy_queue_get(&queue), &err);
    if (err.code)
        note("%s%s", name, ending(&err));
    else
        note("%s%d", name, item);
}

/* The same for put: notes +item when it is in the queue. */
eddy_async(void, put, (int, item))
{
    eddy_error err;
    eddy_await_always(eddy_queue_put(&queue, item), &err);
    note("+%d%s", item, err.code ? ending(&err) : "");
}

eddy_async(void, bystander)
{
    note("bystander");
}

/* The items in the queue, in the order in which they would be taken. */
static void note_items(void)
{
    int item;
    note("[");
    while (eddy_queue_try_get(&queue, &item))
        note("%d", item);
    note("]");
}

/* ---- waiting ---- */

eddy_async(void, items_are_there)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct bystander *other = eddy_spawn(bystander());
    int sum = 0;
    for (int i = 0; i < 8; i++)
        eddy_await(eddy_queue_put(&queue, i));
    note("%zu", eddy_queue_size(&queue));
    for (int i = 0; i < 8; i++)
        sum += eddy_await(eddy_queue_get(&queue));
    note("%d %zu", sum, eddy_queue_size(&queue));
    eddy_await(other);
}

static void put_and_get_that_need_not_wait_do_not_suspend(void **state)
{
    (void)state;
    RUN(items_are_there());
    told("8 28 0 bystander");
}

eddy_async(void, getters_in_line)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct get *a = eddy_spawn(get("a")), *b = eddy_spawn(get("b"));
    eddy_await(eddy_sleep(0));
    for (int i = 1; i <= 3; i++)
        eddy_await(eddy_queue_put(&queue, i));
    struct get *late = eddy_spawn(get("late"));
    note("size:%zu", eddy_queue_size(&queue));
    eddy_await(a);
    eddy_await(b);
    eddy_await(late);
}

static void getters_are_woken_in_the_order_they_came(void **state)
{
    (void)state;
    RUN(getters_in_line());
    told("size:3 a1 b2 late3");
}

eddy_async(void, take_before_a_getter)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct get *a = eddy_spawn(get("a")), *b = eddy_spawn(get("b"));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_queue_put(&queue, 1));
    note("main%d", eddy_await(eddy_queue_get(&queue)));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_queue_put(&queue, 2));
    eddy_await(eddy_queue_put(&queue, 3));
    eddy_await(a);
    eddy_await(b);
}

static void a_woken_getter_whose_item_was_taken_waits_again_as_the_last(void **state)
{
    (void)state;
    RUN(take_before_a_getter());
    told("main1 b2 a3");
}

eddy_async(void, cancel_who_waits_again)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct get *a = eddy_spawn(get("a")), *b = eddy_spawn(get("b"));
    __auto_type native = eddy_spawn(eddy_queue_get(&queue));
    eddy_await(eddy_sleep(0));
    for (int i = 0; i < 3; i++)
        eddy_await(eddy_queue_put(&queue, i));
    note_items();
    eddy_await(eddy_sleep(0));
    eddy_cancel(a);
    eddy_await(eddy_queue_put(&queue, 4));
    eddy_await(eddy_queue_put(&queue, 5));
    eddy_await(a);
    eddy_await(b);
    note("native%d", eddy_await(native));
}

/* Its item is taken by another task, and it is cancelled before it has gone on: instead of waiting again it ends. */
eddy_async(void, get_in_vain)
{
    eddy_error err;
    eddy_await_always(eddy_queue_get(&queue), &err);
    note("%s waits%d", ending(&err), current.task->waits_for != NULL);
    eddy_await_always(eddy_sleep(0), &err); /* the request has been delivered */
    note("%d", err.code);
}

eddy_async(void, take_and_cancel)
{
    int item;
    eddy_error err;
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct get_in_vain *a = eddy_spawn(get_in_vain());
    __auto_type native = eddy_spawn(eddy_queue_get(&queue));
    eddy_await(eddy_sleep(0));
    for (int i = 0; i < 2; i++)
        eddy_await(eddy_queue_put(&queue, i));
    while (eddy_queue_try_get(&queue, &item))
        note("%d", item);
    eddy_cancel(a);
    eddy_cancel(native);
    eddy_await_always(native, &err);
    note("native%s", ending(&err));
    eddy_await(a);
}

static void a_getter_that_would_wait_again_takes_the_request(void **state)
{
    (void)state;
    RUN(take_and_cancel());
    told("0 1 ! waits0 0 native!");
}

static void a_getter_that_waits_again_can_be_cancelled(void **state)
{
    (void)state;
    RUN(cancel_who_waits_again());
    told("[ 0 1 2 ] a! b4 native5");
}

eddy_async(void, putters_in_line)
{
    eddy_queue_init(&queue, 2);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct put *tasks[5];
    for (int i = 0; i < 5; i++)
        tasks[i] = eddy_spawn(put(i));
    eddy_await(eddy_sleep(0));
    note("full:%d", eddy_queue_full(&queue));
    for (int i = 0; i < 3; i++) {
        note("%d", eddy_await(eddy_queue_get(&queue)));
        eddy_await(eddy_sleep(0));
    }
    for (int i = 0; i < 5; i++)
        eddy_await(tasks[i]);
    note_items();
}

static void putters_wait_while_it_is_full_in_the_order_they_came(void **state)
{
    (void)state;
    RUN(putters_in_line());
    told("+0 +1 full:1 0 +2 1 +3 2 +4 [ 3 4 ]");
}

eddy_async(void, put_before_a_putter)
{
    eddy_queue_init(&queue, 1);
    eddy_defer(eddy_queue_drop, &queue.queue);
    eddy_await(put(0));
    struct put *a = eddy_spawn(put(1)), *b = eddy_spawn(put(2));
    eddy_await(eddy_sleep(0));
    for (int i = 0; i < 3; i++) {
        note("%d", eddy_await(eddy_queue_get(&queue)));
        if (i == 0)
            note("put:%d", eddy_queue_try_put(&queue, 9));
        eddy_await(eddy_sleep(0));
    }
    eddy_await(a);
    eddy_await(b);
    note_items();
}

static void a_woken_putter_whose_room_was_taken_waits_again_as_the_last(void **state)
{
    (void)state;
    RUN(put_before_a_putter());
    told("+0 0 put:1 9 +2 2 +1 [ 1 ]");
}

eddy_async(void, spawned_without_a_stack)
{
    eddy_queue_init(&queue, 1);
    eddy_defer(eddy_queue_drop, &queue.queue);
    __auto_type first = eddy_spawn(eddy_queue_put(&queue, 1));
    __auto_type second = eddy_spawn(eddy_queue_put(&queue, 2));
    eddy_await(eddy_sleep(0));
    __auto_type a = eddy_spawn(eddy_queue_get(&queue));
    __auto_type b = eddy_spawn(eddy_queue_get(&queue));
    __auto_type c = eddy_spawn(eddy_queue_get(&queue));
    note("%d", eddy_await(a));
    note("%d", eddy_await(b));
    eddy_await(first);
    eddy_await(second);
    note("put:%d", eddy_queue_try_put(&queue, 3));
    note("%d", eddy_await(c));
}

static void gets_and_puts_can_be_spawned(void **state)
{
    (void)state;
    RUN(spawned_without_a_stack());
    told("1 2 put:1 3");
}

static void trying_without_waiting_gives_true_or_false(void **state)
{
    (void)state;
    int item = 7;
    eddy_queue_init(&queue, 1);
    assert_false(eddy_queue_try_get(&queue, &item));
    assert_int_equal(item, 7);
    assert_true(eddy_queue_empty(&queue));
    assert_true(eddy_queue_try_put(&queue, 1));
    assert_true(eddy_queue_full(&queue));
    assert_false(eddy_queue_try_put(&queue, 2));
    assert_true(eddy_queue_try_get(&queue, &item));
    assert_int_equal(item, 1);
    eddy_queue_free(&queue);
    eddy_queue_init(&queue, 0);
    memory_fail_after(1);
    assert_false(eddy_queue_try_put(&queue, 1));
    assert_true(eddy_queue_try_put(&queue, 2));
    assert_int_equal(eddy_queue_size(&queue), 1);
}

/* ---- cancelling ---- */

eddy_async(void, cancel_a_getter)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct get *a = eddy_spawn(get("a")), *b = eddy_spawn(get("b")), *c = eddy_spawn(get("c"));
    eddy_await(eddy_sleep(0));
    eddy_cancel(b);
    eddy_await(eddy_queue_put(&queue, 1));
    eddy_cancel(a);
    eddy_await(a);
    eddy_await(b);
    eddy_queue_shutdown(&queue, false);
    eddy_await(c);
    note_items();
}

static void a_woken_getter_that_is_cancelled_still_gets_its_item(void **state)
{
    (void)state;
    RUN(cancel_a_getter());
    told("b! a1 cx [ ]");
}

eddy_async(void, cancel_all_getters)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct get *tasks[4];
    for (int i = 0; i < 4; i++)
        tasks[i] = eddy_spawn(get("g"));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_queue_put(&queue, 1));
    eddy_await(eddy_queue_put(&queue, 2));
    for (int i = 0; i < 4; i++)
        eddy_cancel(tasks[i]);
    for (int i = 0; i < 4; i++)
        eddy_await(tasks[i]);
    note_items();
}

static void of_cancelled_getters_those_that_were_woken_have_the_items(void **state)
{
    (void)state;
    RUN(cancel_all_getters());
    told("g1 g2 g! g! [ ]");
}

eddy_async(void, cancel_a_putter)
{
    eddy_queue_init(&queue, 1);
    eddy_defer(eddy_queue_drop, &queue.queue);
    eddy_await(eddy_queue_put(&queue, 0));
    struct put *a = eddy_spawn(put(1)), *b = eddy_spawn(put(2)), *c = eddy_spawn(put(3));
    eddy_await(eddy_sleep(0));
    eddy_cancel(b);
    note("%d", eddy_await(eddy_queue_get(&queue)));
    eddy_cancel(a);
    eddy_await(a);
    eddy_await(b);
    note("%d", eddy_await(eddy_queue_get(&queue)));
    eddy_await(c);
    note_items();
}

static void a_woken_putter_that_is_cancelled_still_puts_its_item(void **state)
{
    (void)state;
    RUN(cancel_a_putter());
    told("0 +2! +1 1 +3 [ 3 ]");
}

eddy_async(void, without_memory)
{
    eddy_queue_init(&queue, 1);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct get *a = eddy_spawn(get("a")), *b = eddy_spawn(get("b")), *c = eddy_spawn(get("c"));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_queue_put(&queue, 1));
    memory_fail_after(1);
    eddy_cancel(a);
    eddy_cancel(c);
    eddy_cancel(b);
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
    note("put:%d", eddy_queue_try_put(&queue, 2));
    note("%d", eddy_await(eddy_queue_get(&queue)));
    note("%ld", memory_fault_countdown);
    memory_fail_after(0);
}

static void waking_and_cancelling_need_no_memory(void **state)
{
    (void)state;
    RUN(without_memory());
    told("a1 c! b! put:1 2 1");
}

eddy_async(void, no_memory_for_items)
{
    eddy_error err;
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    for (int i = 0; i < 8; i++)
        eddy_await(eddy_queue_put(&queue, i));
    memory_fail_after(1);
    eddy_await_always(eddy_queue_put(&queue, 8), &err);
    note("%s: %s", eddy_error_name(err.code), err.message);
    eddy_await(eddy_queue_put(&queue, 9));
    note_items();
    note("%zu", queue.queue.unfinished);
}

static void a_put_without_memory_fails_and_leaves_nothing(void **state)
{
    (void)state;
    RUN(no_memory_for_items());
    told("ENOMEM: eddy_queue_put: the queue holds 8 items [ 0 1 2 3 4 5 6 7 9 ] 9");
}

/* ---- join ---- */

eddy_async(void, join, (const char *, name))
{
    eddy_error err;
    eddy_await_always(eddy_queue_join(&queue), &err);
    note("%s%s", name, err.code ? ending(&err) : "");
}

eddy_async(void, work_off)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    eddy_await(join("at-once"));
    eddy_await(eddy_queue_put(&queue, 1));
    eddy_await(eddy_queue_put(&queue, 2));
    struct join *a = eddy_spawn(join("a")), *b = eddy_spawn(join("b")), *c = eddy_spawn(join("c"));
    eddy_await(eddy_sleep(0));
    for (int i = 0; i < 2; i++) {
        eddy_await(eddy_queue_get(&queue));
        eddy_await(eddy_sleep(0));
        note("got");
    }
    eddy_cancel(b);
    eddy_queue_task_done(&queue);
    eddy_await(eddy_sleep(0));
    note("one-done");
    eddy_queue_task_done(&queue);
    eddy_cancel(c);
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
}

static void join_waits_until_all_items_are_done(void **state)
{
    (void)state;
    RUN(work_off());
    told("at-once got got b! one-done a c!");
}

static void finish_too_often(void)
{
    eddy_queue_init(&queue, 0);
    eddy_queue_try_put(&queue, 1);
    eddy_queue_task_done(&queue);
    eddy_queue_task_done(&queue);
}

static void more_done_than_put_stops_the_program(void **state)
{
    (void)state;
    stops_with(finish_too_often, "eddy_queue_task_done was called more often than items were put");
}

/* ---- shutting down ---- */

eddy_async(void, shut_down_with_items)
{
    eddy_queue_init(&queue, 2);
    eddy_defer(eddy_queue_drop, &queue.queue);
    eddy_await(put(1));
    eddy_await(put(2));
    struct put *blocked = eddy_spawn(put(3)), *another = eddy_spawn(put(4));
    struct join *joiner = eddy_spawn(join("joined"));
    eddy_await(eddy_sleep(0));
    eddy_queue_shutdown(&queue, false);
    eddy_queue_shutdown(&queue, false);
    eddy_await(blocked);
    eddy_await(another);
    eddy_await(put(5));
    note("put:%d", eddy_queue_try_put(&queue, 6));
    for (int i = 0; i < 3; i++)
        eddy_await(get("g"));
    eddy_queue_task_done(&queue);
    eddy_queue_task_done(&queue);
    eddy_await(joiner);
}

static void after_shutdown_puts_fail_and_gets_drain_it(void **state)
{
    (void)state;
    RUN(shut_down_with_items());
    told("+1 +2 +3x +4x +5x put:0 g1 g2 gx joined");
}

eddy_async(void, shut_down_empty)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct get *a = eddy_spawn(get("a")), *b = eddy_spawn(get("b")), *c = eddy_spawn(get("c"));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_queue_put(&queue, 1));
    eddy_queue_shutdown(&queue, false);
    eddy_cancel(c);
    eddy_await(a);
    eddy_await(b);
    eddy_await(c);
}

static void shutdown_wakes_getters_who_take_what_is_there(void **state)
{
    (void)state;
    RUN(shut_down_empty());
    told("a1 bx c!");
}

eddy_async(void, cancel_the_woken_after_shutdown)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct get *a = eddy_spawn(get("a")), *b = eddy_spawn(get("b"));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_queue_put(&queue, 1));
    eddy_queue_shutdown(&queue, false);
    eddy_cancel(a);
    eddy_await(a);
    eddy_await(b);
    note_items();
}

static void the_item_of_a_getter_cancelled_after_shutdown_is_not_lost(void **state)
{
    (void)state;
    RUN(cancel_the_woken_after_shutdown());
    told("a1 bx [ ]");
}

eddy_async(void, shut_down_at_once)
{
    eddy_queue_init(&queue, 2);
    eddy_defer(eddy_queue_drop, &queue.queue);
    eddy_await(put(1));
    eddy_await(put(2));
    struct put *blocked = eddy_spawn(put(3));
    struct join *joiner = eddy_spawn(join("joined"));
    eddy_await(eddy_sleep(0));
    eddy_queue_shutdown(&queue, true);
    note("%zu", eddy_queue_size(&queue));
    eddy_await(joiner);
    eddy_await(blocked);
    eddy_await(get("g"));
    eddy_queue_shutdown(&queue, true);
}

static void immediate_shutdown_drops_the_items_and_ends_join(void **state)
{
    (void)state;
    RUN(shut_down_at_once());
    told("+1 +2 0 joined +3x gx");
}

eddy_async(void, shut_down_with_work_begun)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    eddy_await(put(1));
    eddy_await(put(2));
    eddy_await(get("g"));
    struct join *joiner = eddy_spawn(join("joined"));
    eddy_await(eddy_sleep(0));
    eddy_queue_shutdown(&queue, true);
    eddy_await(eddy_sleep(0));
    note("not-yet");
    eddy_queue_task_done(&queue);
    eddy_await(joiner);
}

static void immediate_shutdown_still_waits_for_work_begun(void **state)
{
    (void)state;
    RUN(shut_down_with_work_begun());
    told("+1 +2 g1 not-yet joined");
}

/* Woken for an item or a place that the shutdown then takes away. */
eddy_async(void, shut_down_under_the_woken)
{
    eddy_queue_init(&queue, 0);
    eddy_defer(eddy_queue_drop, &queue.queue);
    struct get *a = eddy_spawn(get("a")), *b = eddy_spawn(get("b"));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_queue_put(&queue, 1));
    eddy_await(eddy_queue_put(&queue, 2));
    eddy_queue_shutdown(&queue, true);
    eddy_cancel(b);
    eddy_await(a);
    eddy_await(b);
    eddy_queue_free(&queue);
    eddy_queue_init(&queue, 1);
    eddy_await(put(1));
    struct put *c = eddy_spawn(put(2)), *d = eddy_spawn(put(3));
    eddy_await(eddy_sleep(0));
    eddy_await(get("main"));
    eddy_queue_shutdown(&queue, false);
    eddy_cancel(d);
    eddy_await(c);
    eddy_await(d);
}

static void woken_waiters_see_the_shutdown_too(void **state)
{
    (void)state;
    RUN(shut_down_under_the_woken());
    told("ax b! +1 main1 +2x +3!");
}

/* ---- order under a seed ---- */

enum { PRODUCERS = 4, CONSUMERS = 5, ITEMS = 40 };
static unsigned char got[PRODUCERS * ITEMS];
static int last_of[PRODUCERS];

eddy_async(void, producer, (int, number))
{
    for (int i = 0; i < ITEMS; i++) {
        eddy_await(eddy_queue_put(&queue, number * ITEMS + i));
        if (i % 5 == number)
            eddy_await(eddy_sleep(0));
    }
}

eddy_async(void, consumer)
{
    for (;;) {
        int item = eddy_await(eddy_queue_get(&queue));
        got[item]++;
        if (last_of[item / ITEMS] >= item)
            note("%d-before-%d", last_of[item / ITEMS], item);
        last_of[item / ITEMS] = item;
        if (item % 3 == 0)
            eddy_await(eddy_sleep(0));
        eddy_queue_task_done(&queue);
    }
}

eddy_async(void, crowd)
{
    struct producer *producers[PRODUCERS];
    struct consumer *consumers[CONSUMERS];
    memset(got, 0, sizeof got);
    for (int i = 0; i < PRODUCERS; i++)
        last_of[i] = -1;
    eddy_queue_init(&queue, 3);
    for (int i = 0; i < CONSUMERS; i++)
        consumers[i] = eddy_spawn(consumer());
    for (int i = 0; i < PRODUCERS; i++)
        producers[i] = eddy_spawn(producer(i));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_sleep(0));
    eddy_cancel(consumers[1]);
    eddy_cancel(consumers[2]);
    for (int i = 0; i < PRODUCERS; i++)
        eddy_await(producers[i]);
    while (eddy_queue_size(&queue))
        eddy_await(eddy_sleep(0));
    eddy_queue_shutdown(&queue, false);
    for (int i = 0; i < CONSUMERS; i++) {
        eddy_error err;
        eddy_await_always(consumers[i], &err);
        if (err.code != EDDY_QUEUE_SHUT_DOWN && err.code != ECANCELED)
            note("%d:%s", i, eddy_error_name(err.code));
    }
    for (int i = 0; i < PRODUCERS * ITEMS; i++)
        if (got[i] != 1)
            note("%d:%dx", i, got[i]);
    note("%zu", eddy_queue_size(&queue));
    eddy_queue_free(&queue);
}

static void under_any_seed_each_item_arrives_once_and_in_order(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        RUN_SEEDED(crowd(), seed);
        told("0");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(put_and_get_that_need_not_wait_do_not_suspend, end),
        cmocka_unit_test_teardown(getters_are_woken_in_the_order_they_came, end),
        cmocka_unit_test_teardown(a_woken_getter_whose_item_was_taken_waits_again_as_the_last, end),
        cmocka_unit_test_teardown(a_getter_that_waits_again_can_be_cancelled, end),
        cmocka_unit_test_teardown(a_getter_that_would_wait_again_takes_the_request, end),
        cmocka_unit_test_teardown(putters_wait_while_it_is_full_in_the_order_they_came, end),
        cmocka_unit_test_teardown(a_woken_putter_whose_room_was_taken_waits_again_as_the_last, end),
        cmocka_unit_test_teardown(gets_and_puts_can_be_spawned, end),
        cmocka_unit_test_teardown(trying_without_waiting_gives_true_or_false, end),
        cmocka_unit_test_teardown(a_woken_getter_that_is_cancelled_still_gets_its_item, end),
        cmocka_unit_test_teardown(of_cancelled_getters_those_that_were_woken_have_the_items, end),
        cmocka_unit_test_teardown(a_woken_putter_that_is_cancelled_still_puts_its_item, end),
        cmocka_unit_test_teardown(waking_and_cancelling_need_no_memory, end),
        cmocka_unit_test_teardown(a_put_without_memory_fails_and_leaves_nothing, end),
        cmocka_unit_test_teardown(join_waits_until_all_items_are_done, end),
        cmocka_unit_test_teardown(more_done_than_put_stops_the_program, end),
        cmocka_unit_test_teardown(after_shutdown_puts_fail_and_gets_drain_it, end),
        cmocka_unit_test_teardown(shutdown_wakes_getters_who_take_what_is_there, end),
        cmocka_unit_test_teardown(the_item_of_a_getter_cancelled_after_shutdown_is_not_lost, end),
        cmocka_unit_test_teardown(immediate_shutdown_drops_the_items_and_ends_join, end),
        cmocka_unit_test_teardown(immediate_shutdown_still_waits_for_work_begun, end),
        cmocka_unit_test_teardown(woken_waiters_see_the_shutdown_too, end),
        cmocka_unit_test_teardown(under_any_seed_each_item_arrives_once_and_in_order, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
