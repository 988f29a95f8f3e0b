/* SPDX-License-Identifier: MIT */
/* collect.c - lists built from generators: comprehensions. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

typedef list_of(int) int_list;

struct point {
    double x, y;
};

generator(int, range, (int, n))
{
    for (int i = 0; i < n; i++)
        yield(i);
}

generator(int, failing)
{
    yield(1);
    throw(EIO);
}

async_generator(int, mygen, (int, u))
{
    for (int i = 0; i < u; i++) {
        yield(1 << i);
        await(eddy_sleep(0.001));
    }
}

async_generator(int, bad_mygen)
{
    yield(1);
    throw(EDOM);
}

async(int, doubled, (int, n))
{
    await(eddy_sleep(0));
    return 2 * n;
}

static void in_plain_functions(void)
{
    list_of(int) all = {0}, odd = {0};
    collect(&all, x * x, x, range(100));
    CHECK(all.count == 100 && all.items[99] == 9801 && all.capacity >= 100);
    collect(&odd, x, x, range(6), x % 2);
    collect(&odd, x, x, range(8), x > 5); /* appends */
    CHECK(odd.count == 5 && odd.items[0] == 1 && odd.items[2] == 5 && odd.items[4] == 7);
    if (all.count)
        collect(&odd, 1, x, range(1)); /* the braces keep the else outside */
    else
        abort();
    CHECK(odd.count == 6);
    list_push(&odd, 77);
    CHECK(odd.items[6] == 77);
    list_free(&all);
    list_free(&odd);
    CHECK(all.items == NULL && all.count == 0);
    list_of(struct point) points = {0};
    collect(&points, ((struct point){x, -x}), x, range(3));
    list_push(&points, (struct point){9, 8});
    CHECK(points.count == 4 && points.items[2].y == -2 && points.items[3].x == 9);
    list_free(&points);
    list_of(int) none = {0};
    collect(&none, x, x, range(0));
    CHECK(none.count == 0);
    list_free(&none);
}

static void free_ints(int_list *list)
{
    list_free(list);
}

/* B38: an async comprehension and an await in a comprehension; items one after the other, not at the same time. */
async(void, in_async_functions)
{
    int_list g = {0}, f = {0}, awaited = {0};
    defer(free_ints, &g);
    defer(free_ints, &f);
    defer(free_ints, &awaited);
    async_collect(&g, i, i, mygen(10));
    async_collect(&f, j, j, mygen(10), !(j / 3 % 5));
    int wanted[] = {1, 2, 16, 32, 256, 512};
    CHECK(g.count == 10 && g.items[0] == 1 && g.items[9] == 512);
    CHECK(f.count == 6 && !memcmp(f.items, wanted, sizeof wanted));
    collect(&awaited, await(doubled(x)), x, range(4), await(doubled(x)) != 4);
    CHECK(awaited.count == 3 && awaited.items[2] == 6);
}

async(int, fails, (bool, asynchronous))
{
    int_list list = {0};
    defer(free_ints, &list);
    if (asynchronous)
        async_collect(&list, x, x, bad_mygen());
    else
        collect(&list, x, x, failing());
    CHECK(list.count == 1 && !asynchronous);
    return 1;
}

async(int, main_task)
{
    eddy_error err;
    await(in_async_functions());
    await(fails(false), &err);
    CHECK(err.code == EIO);
    await(fails(true), &err);
    CHECK(err.code == EDOM);
    return 0;
}

int main(void)
{
    in_plain_functions();
    return eddy_run(main_task());
}
