/* SPDX-License-Identifier: MIT */
/* requests_tasks.h - the rows of test_requests.c for time, tasks, locks, queues, generators and blocks. */
#ifndef EDDY_TESTS_CONFORMANCE_REQUESTS_TASKS_H
#define EDDY_TESTS_CONFORMANCE_REQUESTS_TASKS_H

#include "../unit/run_clean.h"

#include <signal.h>

/* Awaitables without a type in the public headers: they have rows, too. */
#define OTHERS(X) X(a_task) X(an_eager_task) X(a_future) X(a_shielded_task) X(a_blocking_function) X(a_type_of_ones_own)

#define ROW(name) async(void, row_##name)
#define FOREVER for (;;)

/* ==== time, tasks, futures ==== */

typedef future_of(int) int_future;

async(void, nothing)
{
}

async(void, a_turn)
{
    await(eddy_sleep(0));
}

static int_future *set_future(void)
{
    int_future *future = eddy_future_new(int_future);
    eddy_set_result(future, 1);
    return future;
}

static void free_future(int_future *future)
{
    eddy_future_free(future);
}

ROW(eddy_sleep)
{
    FOREVER await(eddy_sleep(0));
}

ROW(eddy_gather)
{
    FOREVER await(eddy_gather(nothing(), a_turn()));
}

ROW(eddy_gather_array)
{
    int_future *futures[1] = {set_future()};
    defer(free_future, futures[0]);
    FOREVER await(eddy_gather_array(futures, 1));
}

ROW(eddy_wait)
{
    int_future *futures[1] = {set_future()};
    defer(free_future, futures[0]);
    FOREVER(void) await(eddy_wait(futures, 1, EDDY_ALL_COMPLETED));
}

ROW(eddy_as_completed)
{
    FOREVER {
        struct a_turn *tasks[2] = {spawn(a_turn()), spawn(a_turn())};
        async_for (task, eddy_as_completed(tasks, 2))
            await(task);
    }
}

ROW(a_task)
{
    FOREVER await(spawn(nothing()));
}

ROW(an_eager_task)
{
    FOREVER await(spawn_eager(nothing()));
}

ROW(a_future)
{
    int_future *future = set_future();
    defer(free_future, future);
    FOREVER(void) await(future);
}

ROW(a_shielded_task)
{
    FOREVER await_shielded(a_turn());
}

blocking(int, one)
{
    return 1;
}

ROW(a_blocking_function)
{
    FOREVER(void) await(one());
}

/* Cannot be cancelled early, and always suspends. */
struct own {
    struct eddy_awaitable awaitable;
    eddy_void result;
};

static void end_own(struct own *own)
{
    eddy_complete(own);
}

static void start_own(struct eddy_awaitable *a)
{
    eddy_call_soon(end_own, (struct own *)(void *)a);
}

static const struct eddy_awaitable_type own_type = {.name = "own", .start = start_own};

ROW(a_type_of_ones_own)
{
    FOREVER {
        struct own own = {EDDY_AWAITABLE_INIT(&own_type), {0}};
        await(own);
    }
}

/* ==== waiting for each other ==== */

ROW(eddy_event_wait)
{
    eddy_event event = EDDY_EVENT_INIT;
    eddy_event_set(&event);
    FOREVER await(eddy_event_wait(&event));
}

ROW(eddy_lock_acquire)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    FOREVER {
        await(eddy_lock_acquire(&lock));
        eddy_lock_release(&lock);
    }
}

ROW(eddy_lock_hold)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    FOREVER async_with (held, eddy_lock_hold(&lock))
        (void)held;
}

ROW(eddy_semaphore_acquire)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(1);
    FOREVER {
        await(eddy_semaphore_acquire(&semaphore));
        eddy_semaphore_release(&semaphore);
    }
}

ROW(eddy_semaphore_hold)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(1);
    FOREVER async_with (held, eddy_semaphore_hold(&semaphore))
        (void)held;
}

ROW(eddy_barrier_wait)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(1);
    FOREVER(void) await(eddy_barrier_wait(&barrier));
}

async(void, notify, (eddy_condition *, condition))
{
    async_with (held, eddy_condition_hold(condition)) {
        (void)held;
        eddy_condition_notify(condition, 1);
    }
}

ROW(eddy_condition_wait)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    eddy_condition condition = EDDY_CONDITION_INIT(&lock);
    FOREVER async_with (held, eddy_condition_hold(&condition)) {
        (void)held;
        struct notify *notifier = spawn(notify(&condition));
        await(eddy_condition_wait(&condition));
        eddy_detach(notifier);
    }
}

ROW(eddy_condition_hold)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    eddy_condition condition = EDDY_CONDITION_INIT(&lock);
    FOREVER async_with (held, eddy_condition_hold(&condition))
        (void)held;
}

typedef eddy_queue_of(int) int_queue;

static void free_queue(int_queue *queue)
{
    eddy_queue_free(queue);
}

ROW(eddy_queue_op)
{
    int_queue queue;
    eddy_queue_init(&queue, 0);
    defer(free_queue, &queue);
    FOREVER {
        await(eddy_queue_put(&queue, 1));
        (void)await(eddy_queue_get(&queue));
    }
}

ROW(eddy_queue_join)
{
    int_queue queue;
    eddy_queue_init(&queue, 0);
    defer(free_queue, &queue);
    FOREVER await(eddy_queue_join(&queue));
}

typedef channel_of(int) int_channel;

ROW(eddy_channel_op)
{
    int_channel channel;
    eddy_channel_init(&channel, 1);
    defer(eddy_channel_free, &channel);
    FOREVER {
        await(eddy_channel_put(&channel, 1));
        (void)await(eddy_channel_get(&channel));
    }
}

ROW(eddy_channel_each)
{
    int_channel channel;
    eddy_channel_init(&channel, 1);
    defer(eddy_channel_free, &channel);
    (void)eddy_channel_try_put(&channel, 1);
    async_for (i, &channel)
        (void)eddy_channel_try_put(&channel, i);
}

ROW(eddy_on)
{
    FOREVER await(eddy_on(eddy_current_loop(), nothing()));
}

/* ==== generators, blocks ==== */

async_generator(int, counts)
{
    eddy_event event = EDDY_EVENT_INIT;
    eddy_event_set(&event);
    for (int i = 0;; i = 1 - i) {
        await(eddy_event_wait(&event));
        yield(i);
    }
}

ROW(eddy_anext)
{
    async_for (i, counts())
        (void)i;
}

ROW(eddy_aclose)
{
    FOREVER {
        struct counts numbers = counts();
        int number;
        (void)await(eddy_anext(&numbers, &number));
        await(eddy_aclose(&numbers));
    }
}

generator(eddy_awaitable *, turns)
{
    struct a_turn turn = a_turn();
    yield(&turn.awaitable);
}

ROW(eddy_generator_coroutine)
{
    FOREVER await(eddy_from_generator(turns()));
}

async_generator(int, opens)
{
    await(eddy_sleep(0));
    yield(1);
}

ROW(eddy_generator_manager)
{
    FOREVER async_with (value, eddy_manager_from_generator(opens()))
        (void)value;
}

ROW(eddy_timeout)
{
    FOREVER async_with (scope, eddy_timeout(1000)) {
        (void)scope;
        await(eddy_sleep(0));
    }
}

ROW(eddy_task_group)
{
    FOREVER async_with (group, eddy_task_group())
        eddy_group_spawn(group, a_turn());
}

ROW(eddy_signals)
{
    FOREVER async_for (number, eddy_signals(SIGUSR1)) {
        (void)number;
        raise(SIGUSR1);
        break;
    }
}

#endif
