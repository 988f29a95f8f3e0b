/* SPDX-License-Identifier: MIT */
/*
 * channels.c - channel_of between loops and threads: every item arrives once and in order, closing ends the iteration,
 * and neither a cancellation nor the end of a half loses an item or a wait.
 */
#include <errno.h>
#include <math.h>
#include <eddy/keywords.h>
#include <pthread.h>
#include "check.h"

#define OTHER eddy_core_loop(1 - eddy_core_index())

typedef channel_of(int) int_channel;

struct parcel {
    char text[40];
    long weight;
};
typedef channel_of(struct parcel) parcel_channel;

/* ---- within a loop ---- */

async(void, puts_numbers, (int_channel *, c), (int, from), (int, count))
{
    for (int i = from; i < from + count; i++)
        await(eddy_channel_put(c, i));
}

async(void, one_loop)
{
    int_channel c;
    eddy_error err;
    CHECK(eddy_channel_init(&c, 2) == 0 && eddy_channel_size(&c) == 0);
    int value = 0;
    CHECK(!eddy_channel_try_get(&c, &value));
    CHECK(eddy_channel_try_put(&c, 1) && eddy_channel_try_put(&c, 2) && !eddy_channel_try_put(&c, 3));
    CHECK(eddy_channel_size(&c) == 2);
    CHECK(await(eddy_channel_get(&c)) == 1 && await(eddy_channel_get(&c)) == 2);
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, puts_numbers(&c, 10, 20));
        for (int i = 10; i < 30; i++)
            CHECK(await(eddy_channel_get(&c)) == i);
    }
    struct puts_numbers *task = spawn(puts_numbers(&c, 0, 3)); /* one too many: it waits */
    await(eddy_sleep(0.001));
    eddy_channel_close(&c);
    await(task, &err);
    CHECK(err.code == EDDY_QUEUE_SHUT_DOWN);
    async_for (x, &c)
        value += 10 + x;
    CHECK(value == 21); /* what was in it is got */
    await(eddy_channel_get(&c), &err);
    CHECK(err.code == EDDY_QUEUE_SHUT_DOWN);
    await(eddy_channel_put(&c, 1), &err);
    CHECK(err.code == EDDY_QUEUE_SHUT_DOWN);
    CHECK(eddy_channel_get_wait(&c, &value, -1) == EDDY_QUEUE_SHUT_DOWN);
    eddy_channel_close(&c);
    eddy_channel_free(&c);
    eddy_channel_free(&c);
    await(eddy_channel_get(&c), &err);
    CHECK(err.code == EINVAL);
}

/* ---- between loops ---- */

static parcel_channel parcels;

async(void, sends_parcels, (int, count))
{
    for (int i = 0; i < count; i++) {
        struct parcel parcel = {.weight = i};
        snprintf(parcel.text, sizeof parcel.text, "parcel %d", i);
        await(eddy_channel_put(&parcels, parcel));
    }
    eddy_channel_close(&parcels);
}

async(void, gets_parcels, (int, count))
{
    int i = 0;
    char text[40];
    async_with (group, eddy_task_group()) { /* ends the loop if the sender fails */
        eddy_group_spawn(group, eddy_on(OTHER, sends_parcels(count)));
        async_for (parcel, &parcels) {
            snprintf(text, sizeof text, "parcel %d", i);
            CHECK(strcmp(parcel.text, text) == 0 && parcel.weight == i);
            i++;
        }
    }
    CHECK(i == count);
}

/* Several putters and getters on each loop: the sum of all items is what it should be, and each came once. */
enum { MANY = 300, TASKS = 4 };
static int_channel many;
static int got[2 * TASKS * MANY]; /* atomic */

async(void, takes_all)
{
    async_for (x, &many)
        __atomic_add_fetch(&got[x], 1, __ATOMIC_RELAXED);
}

async(void, take_part, (int, core))
{
    async_with (group, eddy_task_group())
        for (int i = 0; i < TASKS; i++)
            eddy_group_spawn(group, puts_numbers(&many, (core * TASKS + i) * MANY, MANY));
}

async(void, crowds)
{
    CHECK(eddy_channel_init(&many, 3) == 0);
    async_with (takers, eddy_task_group()) {
        for (int i = 0; i < TASKS; i++) {
            eddy_group_spawn(takers, takes_all());
            eddy_group_spawn(takers, eddy_on(OTHER, takes_all()));
        }
        async_with (putters, eddy_task_group()) {
            eddy_group_spawn(putters, take_part(0));
            eddy_group_spawn(putters, eddy_on(OTHER, take_part(1)));
        }
        eddy_channel_close(&many);
    }
    for (int i = 0; i < 2 * TASKS * MANY; i++)
        CHECK(got[i] == 1);
    eddy_channel_free(&many);
}

/* ---- cancellation ---- */

async(int, gets_one, (int_channel *, c))
{
    return await(eddy_channel_get(c));
}

static void put_soon(int_channel *c)
{
    eddy_channel_try_put(c, 5);
}

/* A cancelled wait takes no item, and wakes nobody in vain. */
async(void, cancelled_waits)
{
    int_channel c;
    eddy_error err;
    int x = 0;
    eddy_channel_init(&c, 1);
    struct gets_one *first = spawn(gets_one(&c)), *second = spawn(gets_one(&c));
    await(eddy_sleep(0.001));
    eddy_cancel(first);
    await(first, &err);
    CHECK(err.code == ECANCELED);
    CHECK(eddy_channel_try_put(&c, 3) && await(second) == 3);
    await_for(eddy_channel_get(&c), 0.001, &err);
    CHECK(err.code == ETIMEDOUT);
    CHECK(eddy_channel_try_put(&c, 4) && eddy_channel_try_get(&c, &x) && x == 4);
    first = spawn(gets_one(&c)); /* an item and the request come at the same time: the item is not lost */
    await(eddy_sleep(0.001));
    put_soon(&c);
    eddy_cancel(first);
    x = await(first, &err);
    CHECK(err.code == 0 ? x == 5 : eddy_channel_try_get(&c, &x) && x == 5);
    eddy_channel_free(&c);
}

/* ---- halves ---- */

static int_channel sender;

async(void, sends_and_frees, (int, count))
{
    await(puts_numbers(&sender, 0, count));
    eddy_channel_free(&sender);
}

async(void, halves)
{
    int_channel c, receiver, nothing;
    eddy_error err;
    int sum = 0;
    eddy_channel_init(&c, 4);
    CHECK(eddy_channel_sender(&sender, &c) == 0 && eddy_channel_receiver(&receiver, &c) == 0);
    CHECK(eddy_channel_receiver(&nothing, &sender) == EINVAL);
    await(eddy_channel_get(&sender), &err);
    CHECK(err.code == EINVAL);
    await(eddy_channel_put(&receiver, 1), &err);
    CHECK(err.code == EINVAL);
    eddy_channel_free(&c); /* the halves keep it */
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, eddy_on(OTHER, sends_and_frees(10)));
        async_for (x, &receiver) /* ends with the last sender */
            sum += x;
    }
    CHECK(sum == 45);
    eddy_channel_free(&receiver);
    eddy_channel_init(&c, 1);
    eddy_channel_sender(&sender, &c);
    eddy_channel_free(&c); /* the last receiver */
    await(eddy_channel_put(&sender, 1), &err);
    CHECK(err.code == EDDY_QUEUE_SHUT_DOWN);
    eddy_channel_free(&sender);
}

/* ---- threads without a loop ---- */

static int_channel to_thread, from_thread;

static void *doubles(void *unused)
{
    int x;
    while (eddy_channel_get_wait(&to_thread, &x, -1) == 0)
        if (eddy_channel_put_wait(&from_thread, 2 * x, INFINITY) != 0)
            break;
    eddy_channel_close(&from_thread);
    return unused;
}

async(void, threads)
{
    pthread_t thread;
    int sum = 0, x;
    eddy_channel_init(&to_thread, 1);
    eddy_channel_init(&from_thread, 1);
    CHECK(eddy_channel_get_wait(&to_thread, &x, 1) == EDEADLK); /* it would block the loop */
    if (pthread_create(&thread, NULL, doubles, NULL) != 0)
        throw(EAGAIN, "no memory for a thread");
    eddy_error err;
    for (int i = 0; i < 50; i++) {
        await(eddy_channel_put(&to_thread, i));
        sum += await(eddy_channel_get(&from_thread));
    }
    eddy_channel_close(&to_thread);
    await(eddy_channel_get(&from_thread), &err);
    CHECK(err.code == EDDY_QUEUE_SHUT_DOWN && sum == 49 * 50);
    pthread_join(thread, NULL);
    eddy_channel_free(&to_thread);
    eddy_channel_free(&from_thread);
}

static void a_thread_alone(void)
{
    int_channel c;
    int x = 0;
    CHECK(eddy_channel_init(&c, 0) == 0); /* of one item */
    CHECK(eddy_channel_get_wait(&c, &x, 0) == EAGAIN);
    CHECK(eddy_channel_get_wait(&c, &x, 0.001) == ETIMEDOUT);
    CHECK(eddy_channel_put_wait(&c, 7, 0) == 0);
    CHECK(eddy_channel_put_wait(&c, 8, 0.001) == ETIMEDOUT);
    CHECK(eddy_channel_get_wait(&c, &x, -1) == 0 && x == 7);
    eddy_channel_free(&c);
    CHECK(eddy_channel_put_wait(&c, 8, 0) == EINVAL);
    CHECK(eddy_channel_init(&c, SIZE_MAX / 2) == ENOMEM);
}

async(int, core_0)
{
    if (eddy_core_index() == 1)
        return 1;
    await(one_loop());
    CHECK(eddy_channel_init(&parcels, 4) == 0);
    await(gets_parcels(500));
    eddy_channel_free(&parcels);
    await(crowds());
    await(cancelled_waits());
    await(halves());
    await(threads());
    return 0;
}

int main(void)
{
    a_thread_alone();
    CHECK(eddy_run_on_cores(2, core_0()) == 0);
    return 0;
}
