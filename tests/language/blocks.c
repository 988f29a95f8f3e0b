/* SPDX-License-Identifier: MIT */
/* blocks.c - break, continue, return and goto out of for_each, async_for and async_with, in loops and switches. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

static void closing(const char *name)
{
    note(name);
}

generator(int, range, (int, n))
{
    defer(closing, ")");
    note("(");
    for (int i = 0; i < n; i++)
        yield(i);
}

async_generator(int, ticker, (int, n))
{
    defer(closing, "]");
    note("[");
    for (int i = 0; i < n; i++) {
        await(eddy_sleep(0));
        yield(i);
    }
}

struct door {
    struct eddy_manager manager;
    const char *value;
};

static void door_enter(struct eddy_manager *manager, eddy_error *err)
{
    (void)manager;
    (void)err;
    note("{");
}

static void door_exit(struct eddy_manager *manager, eddy_error *err)
{
    (void)manager;
    note(err->code ? "!}" : "}");
}

static struct door door(const char *name)
{
    return (struct door){{.enter = door_enter, .exit = door_exit}, name};
}

static int return_from_for_each(int limit)
{
    for_each (x, range(10))
        if (x > limit)
            return x;
    return -1;
}

static void for_each_block(void)
{
    int sum = 0;
    for (int round = 0; round < 2; round++) {
        for_each (x, range(9)) {
            if (x == 1)
                continue;
            if (x == 4)
                break;
            sum += x;
        }
        sum += 100; /* break and continue belong to the for_each */
    }
    CHECK(sum == 210);
    CHECK_LOG("()()");
    CHECK(return_from_for_each(3) == 4 && return_from_for_each(20) == -1);
    CHECK_LOG("()()");
    for_each (x, range(3)) {
        for_each (y, range(3)) {
            if (x == 1 && y == 1)
                goto out;
        }
    }
out:
    CHECK_LOG("(()())");
    for_each (a, range(2)) for_each (b, range(2)) sum += 10 * a + b;
    CHECK(sum == 232);
    CHECK_LOG("(()())");
    if (sum)
        for_each (x, range(1))
            sum += x;
    else
        abort();
    switch (sum) {
    case 232:
        for_each (x, range(3)) {
            if (x)
                break; /* the for_each */
        }
        sum = 1;
        break;
    default: abort();
    }
    CHECK(sum == 1);
    for_each (x, range(3))
        switch (x) {
        case 1: break; /* the switch */
        default: sum += x;
        }
    CHECK(sum == 3);
    CHECK_LOG("()()()");
}

async(int, return_from_async_for)
{
    async_for (x, ticker(5)) {
        if (x == 2)
            return x;
    }
    return -1;
}

async(void, async_for_block)
{
    int sum = 0;
    for (int round = 0; round < 2; round++) {
        async_for (x, ticker(9)) {
            if (x == 1)
                continue;
            if (x == 4)
                break;
            sum += x;
        }
        sum += 100;
    }
    CHECK(sum == 210);
    CHECK_LOG("[][]");
    CHECK(await(return_from_async_for()) == 2);
    CHECK_LOG("[]");
    async_for (x, ticker(3)) {
        async_for (y, ticker(3))
            if (x == 0 && y == 1)
                goto out;
    }
out:
    CHECK_LOG("[[]]");
    if (sum)
        async_for (x, ticker(1))
            sum += x;
    else
        abort();
    switch (sum) {
    case 210:
        async_for (x, ticker(3)) {
            if (x)
                break;
        }
        break;
    default: abort();
    }
    CHECK_LOG("[][]");
}

async(int, return_from_async_with)
{
    for (int i = 0; i < 3; i++)
        async_with (name, door("red")) {
            if (i == 1)
                return (int)strlen(name);
        }
    return -1;
}

async(void, fail_in_async_with)
{
    async_with (a, door("a")) async_with (b, door("b")) {
        CHECK(*a == 'a' && *b == 'b');
        await(eddy_sleep(0));
        throw(EIO);
    }
}

async(void, async_with_block)
{
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        async_with (name, door("red")) {
            sum += (int)strlen(name);
            if (i)
                continue; /* ends the block, not the iteration */
            sum += 10;
        }
        sum += 100;
    }
    CHECK(sum == 319);
    CHECK_LOG("{}{}{}");
    CHECK(await(return_from_async_with()) == 3);
    CHECK_LOG("{}{}");
    for (int i = 0;; i++)
        async_with (unused, door("red")) {
            if (i == 2)
                goto out;
        }
out:
    CHECK_LOG("{}{}{}");
    eddy_error err;
    await(fail_in_async_with(), &err);
    CHECK(err.code == EIO);
    CHECK_LOG("{{!}!}");
    async_with (name, door("x"))
        for (int i = 0; i < 3; i++)
            if (i == 1)
                break; /* the for's */
    async_with (name, door("x"))
        switch (*name) {
        case 'x': break; /* the switch's */
        default: abort();
        }
    if (sum)
        async_with (unused, door("x"))
            sum = 0;
    else
        abort();
    CHECK(sum == 0);
    CHECK_LOG("{}{}{}");
}

async(int, main_task)
{
    for_each_block();
    await(async_for_block());
    await(async_with_block());
    return 0;
}

async(void, break_in_async_with)
{
    for (;;)
        async_with (unused, door("x")) {
            break;
        }
}

static void run_break(void)
{
    eddy_run(break_in_async_with());
}

int main(void)
{
    CHECK(check_aborts(run_break, "blocks.c:"));
    CHECK(check_aborts(run_break, "break"));
    return eddy_run(main_task());
}
