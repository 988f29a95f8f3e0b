/* SPDX-License-Identifier: MIT */
/* await.c - await in every place where an expression may stand, for every kind of awaitable. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

struct point {
    double x, y;
};

typedef future_of(int) int_future;

async(int, give, (int, n))
{
    return n;
}

async(void, nothing)
{
}

/* A void await is a void expression: it may be returned. */
async(void, pass_on)
{
    return await(nothing());
}

async(struct point, make_point, (double, x), (double, y))
{
    return (struct point){x, y};
}

async(bool, yes)
{
    return true;
}

async(const char *, text)
{
    return "text";
}

async(void *, same, (void *, p))
{
    return p;
}

async(int, slow, (int, n))
{
    await(eddy_sleep(0.001));
    return n;
}

async(int, noting, (int, n))
{
    note_number(n);
    return n;
}

async(int, fib, (int, n))
{
    return n < 2 ? n : await(fib(n - 1)) + await(fib(n - 2));
}

async_declare_static(bool, odd, (int, n));

async(bool, even, (int, n))
{
    return n == 0 ? true : await(odd(n - 1));
}

async_define_static(bool, odd, (int, n))
{
    return n == 0 ? false : await(even(n - 1));
}

async(int, conditions, (int, n))
{
    int sum = 0;
    if (await(give(n)) && await(give(0)) == 0 && (await(nothing()), true))
        sum += 1;
    while (await(give(sum)) < 10)
        sum++;
    do
        sum++;
    while (await(give(sum)) < 12);
    for (int i = await(give(0)); i < await(give(3)); i += await(give(1)))
        sum += await(give(i));
    switch (await(give(2))) {
    case 2: sum += await(give(100)); break;
    default: abort();
    }
    return sum;
}

async(int, expressions, (int, n))
{
    int x = n ? await(give(1)) : await(give(2)), y = await(give(await(give(await(give(3))))));
    n ? await(nothing()) : await(pass_on());
    struct point p = await(make_point(await(make_point(1, 2)).y, await(make_point(3, 4)).x));
    int array[] = {await(give(1)), await(give(2))};
    struct point q = {.x = await(make_point(5, 6)).x, .y = 1};
    array[await(give(1))] += 10;
    x += await(give(1)), y -= await(give(1)); /* two keywords on one line */
    return x + y + (int)(p.x + p.y + q.x) + array[1] + (int)sizeof(await(give(1)));
}

/* B28: a call makes a value; the body begins when it is awaited. B35: what may be awaited. */
async(void, coroutine_values)
{
    struct noting coroutine = noting(1);
    CHECK_LOG("");
    CHECK(await(coroutine) == 1);
    CHECK_LOG("1 ");
    struct give *task = spawn(give(5));
    CHECK(await(task) == 5);
    CHECK(await(spawn(slow(6))) == 6);
    int_future *future = eddy_future_new(int_future);
    eddy_set_result(future, 7);
    CHECK(await(future) + await(future) == 14);
    eddy_future_free(future);
    eddy_awaitable *any = &spawn(give(3))->awaitable; /* its type is erased: awaited as void */
    await(any);
    await(eddy_task_of(spawn(slow(3))));
    CHECK(!strcmp(await(text()), "text") && await(same(&any)) == &any && await(same(NULL)) == NULL);
}

async(int, wait_for_it, (struct slow *, coroutine), (eddy_error *, err))
{
    return await(coroutine, err);
}

/* B30, B31: a coroutine object is awaited once, and by one task. */
async(void, single_use)
{
    eddy_error err, second;
    struct slow object = slow(1);
    CHECK(await(&object, &err) == 1 && err.code == 0);
    await(&object, &err);
    CHECK(err.code == EDDY_REUSED);
    struct slow shared = slow(2);
    struct wait_for_it *first = spawn(wait_for_it(&shared, &err));
    struct wait_for_it *other = spawn(wait_for_it(&shared, &second));
    await(eddy_gather(first, other));
    CHECK(err.code == 0 && await(first) == 2);
    CHECK(second.code == EDDY_AWAITED_ALREADY);
    await(other);
}

/* An await that does not suspend lets no other task run. */
async(void, no_turn)
{
    struct noting *other = spawn(noting(9));
    for (int i = 0; i < 1000; i++)
        CHECK(await(give(i)) == i);
    CHECK_LOG("");
    await(eddy_sleep(0));
    CHECK_LOG("9 ");
    await(other);
}

/* Any C function that runs on a task may wait. */
static int plain_function(int n)
{
    eddy_error err;
    int v = eddy_await(slow(n), &err);
    return err.code ? -1 : v;
}

async(int, main_task)
{
    CHECK(await(conditions(1)) == 115);
    CHECK(await(expressions(1)) == 2 + 2 + 2 + 3 + 5 + 12 + (int)sizeof(int));
    CHECK(await(fib(10)) == 55 && await(even(10)) && !await(even(7)) && await(yes()));
    await(coroutine_values());
    await(single_use());
    await(no_turn());
    CHECK(plain_function(8) == 8);
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
