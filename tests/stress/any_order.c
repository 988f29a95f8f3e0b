/* SPDX-License-Identifier: MIT */
/* any_order.c - rules that hold in every order of tasks: run with thousands of seeds, each of which gives another
 * order. */
#include <errno.h>
#include <stdio.h>

#include <eddy/keywords.h>

#define CHECK(x) \
    do { \
        if (!(x)) { \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #x); \
            _exit(1); \
        } \
    } while (0)

#include <unistd.h>

typedef queue_of(int) int_queue;

static int produced, consumed, inside, most;

async(void, producer, (int_queue *, q), (int, n))
{
    for (int i = 0; i < n; i++) {
        await(eddy_queue_put(q, 1));
        produced++;
        if (i % 3 == 0)
            await(eddy_sleep(0.001 * (i % 5)));
    }
}

async(void, consumer, (int_queue *, q))
{
    for (;;) {
        consumed += await(eddy_queue_get(q));
        eddy_queue_task_done(q);
        await(eddy_sleep(0));
    }
}

/* Getters that are cancelled at any moment lose no item. */
async(void, impatient, (int_queue *, q))
{
    for (int i = 0; i < 5; i++) {
        eddy_error err;
        int item = await_for(eddy_queue_get(q), 0.0005 * i, &err);
        if (err.code == 0) {
            consumed += item;
            eddy_queue_task_done(q);
        }
    }
}

async(void, in_turn, (eddy_semaphore *, s), (int, limit))
{
    async_with (held, eddy_semaphore_hold(s)) {
        inside++;
        most = inside > most ? inside : most;
        CHECK(inside <= limit);
        await(eddy_sleep(0.001));
        inside--;
    }
}

async(int, value_or_failure, (int, n))
{
    await(eddy_sleep(0.001 * (n % 3)));
    if (n % 4 == 3)
        throw(ERANGE, "%d", n);
    return n;
}

async(void, queues)
{
    int_queue q;
    eddy_queue_init(&q, 3);
    defer(eddy_queue_free, &q);
    produced = consumed = 0;
    async_with (consumers, eddy_task_group()) {
        async_with (producers, eddy_task_group()) {
            for (int i = 0; i < 4; i++)
                eddy_group_spawn(producers, producer(&q, 10));
            for (int i = 0; i < 3; i++)
                eddy_group_spawn(consumers, consumer(&q));
            for (int i = 0; i < 3; i++)
                eddy_group_spawn(producers, impatient(&q));
        }
        await(eddy_queue_join(&q));
        eddy_group_cancel(consumers);
    }
    CHECK(produced == 40 && consumed == 40 && eddy_queue_size(&q) == 0);
}

async(void, semaphores)
{
    eddy_semaphore s = EDDY_SEMAPHORE_INIT(2);
    inside = most = 0;
    async_with (group, eddy_task_group())
        for (int i = 0; i < 9; i++)
            eddy_group_spawn(group, in_turn(&s, 2));
    CHECK(inside == 0 && most == 2 && s.value == 2);
}

async(void, settled)
{
    struct value_or_failure *t[8];
    int sum = 0, failures = 0;
    for (int i = 0; i < 8; i++)
        t[i] = spawn(value_or_failure(i));
    await(eddy_gather_array_settled(t, 8));
    for (int i = 0; i < 8; i++) {
        eddy_error err;
        sum += await(t[i], &err);
        failures += err.code == ERANGE;
    }
    CHECK(sum == 18 && failures == 2);
}

async(void, group_that_fails, (int *, done))
{
    async_with (group, eddy_task_group())
        for (int i = 0; i < 4; i++)
            eddy_group_spawn(group, value_or_failure(3 + 4 * i), done);
}

async(int, main_task)
{
    int none = 0;
    for (int round = 0; round < 3; round++) {
        eddy_error err;
        await(queues());
        await(semaphores());
        await(settled());
        await(group_that_fails(&none), &err);
        CHECK(err.code == ERANGE && eddy_error_count(&err) >= 1 && none == 0);
        CHECK(eddy_all_tasks(NULL, NULL) == 1 && eddy_cancelling(eddy_current_task()) == 0);
    }
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
