/* SPDX-License-Identifier: MIT */
/* faults_generators.c - generators of all kinds and lists, when an allocation or an operation fails. */
#include "faults.h"

typedef list_of(int) int_list;

generator(int, range, (int, n))
{
    for (int i = 0; i < n; i++)
        yield(i);
}

generator(int, both, (int, n))
{
    yield_from(range(n));
    struct range started = range(n);
    int value;
    if (eddy_next(&started, &value))
        yield(value);
    yield_from(&started);
}

generator_full(int, int, int, sums)
{
    int sum = 0;
    for (int sent; (sent = yield(sum)) > 0;)
        sum += sent;
    return sum;
}

async_generator(int, ticks, (int, n))
{
    for (int i = 0; i < n; i++) {
        await(eddy_sleep(0.001));
        yield(i);
    }
}

async_generator(int, fails_soon)
{
    yield(1);
    await(eddy_sleep(0));
    throw(EDOM, "soon");
}

static void drop(int_list *list)
{
    list_free(list);
}

async(void, plain)
{
    eddy_error err;
    int sum = 0;
    for_each (x, both(4), &err)
        sum += x;
    if (err.code)
        rethrow(&err);
    EXPECT(sum == 12);
    for_each (x, range(5), &err)
        if (x == 1)
            break;
    if (err.code)
        rethrow(&err);
    struct sums s = sums();
    int value = 0;
    bool all = eddy_next(&s, &value, &err) && eddy_send(&s, 5, &value, &err) && !eddy_send(&s, 0, &value, &err);
    if (err.code)
        rethrow(&err);
    EXPECT(all && s.result == 5);
}

async(void, async_ones)
{
    eddy_error err;
    int sum = 0, value;
    async_for (x, ticks(4), &err)
        sum += x;
    if (err.code)
        rethrow(&err);
    EXPECT(sum == 6);
    struct ticks t = ticks(3);
    bool got = await(eddy_anext(&t, &value), &err);
    eddy_error close_error;
    await(eddy_aclose(&t), &close_error);
    if (err.code)
        rethrow(&err);
    EXPECT(got && value == 0);
    async_for (x, fails_soon(), &err)
        sum += x;
    EXPECT(err.code == EDOM || err.code == ENOMEM);
}

/* eddy_run closes generators that are left open. */
async(void, left_open)
{
    static struct ticks t;
    int value;
    t = ticks(3);
    (void)await(eddy_anext(&t, &value));
}

async(void, lists)
{
    eddy_error err;
    int_list all = {0};
    defer(drop, &all);
    collect(&all, x * x, x, range(20), x % 2);
    async_collect(&all, x, x, ticks(3));
    list_push(&all, 5);
    await(eddy_sleep(0)); /* the pending failure is raised here */
    EXPECT(all.count == 14);
    (void)err;
}

generator(eddy_awaitable *, old_style)
{
    struct eddy_sleep first = eddy_sleep(0.001);
    yield(&first.awaitable);
}

async(void, main_task)
{
    PART(plain());
    PART(async_ones());
    PART(left_open());
    PART(lists());
    PART(eddy_from_generator(old_style()));
}

int main(void)
{
    return RUN_EXACTLY(main_task());
}
