/* SPDX-License-Identifier: MIT */
/* defer.c - clean-up runs on every way out, last in, first out, and may wait. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

static void put(const char *text)
{
    note(text);
}

static void put_number(int n)
{
    note_number(n);
}

static void close_it(int *p)
{
    note_number(*p);
}

async(void, boom)
{
    throw(EIO, "boom");
}

async(int, leave, (int, how))
{
    defer(put, "end ");
    for (int i = 0; i < 2; i++) {
        defer(put_number, i);
        if (how == 0)
            continue;
        if (how == 1)
            break;
        if (how == 2)
            return 2;
        if (how == 3)
            goto out;
        if (how == 4)
            throw(EDOM);
        await(boom());
    }
out:
    return how;
}

async(void, ways_out)
{
    eddy_error err;
    CHECK(await(leave(0)) == 0);
    CHECK_LOG("0 1 end ");
    CHECK(await(leave(1)) == 1);
    CHECK_LOG("0 end ");
    CHECK(await(leave(2)) == 2);
    CHECK_LOG("0 end ");
    CHECK(await(leave(3)) == 3);
    CHECK_LOG("0 end ");
    await(leave(4), &err);
    CHECK(err.code == EDOM);
    CHECK_LOG("0 end ");
    await(leave(5), &err);
    CHECK(err.code == EIO);
    CHECK_LOG("0 end ");
}

async(void, arguments)
{
    int one = 1, two = 2;
    {
        defer(close_it, &one);
        defer(close_it, &two);
        defer(put_number, 3);
    }
    CHECK_LOG("3 2 1 ");
    char *text = strdup("x");
    defer(free, text);
    const char *constant = "c";
    defer(put, constant);
    FILE *file = fopen("/dev/null", "r");
    defer(fclose, file); /* a function that returns a value */
    switch (one) {
    case 1: {
        defer(put, "case ");
        break;
    }
    default: abort();
    }
    CHECK_LOG("case ");
}

/* Waits, catches a failure of its own, and neither sees nor loses the failure that is propagating. */
static void waiting(const char *text)
{
    eddy_error err;
    eddy_await(eddy_sleep(0.001), &err);
    CHECK(err.code == 0);
    eddy_await(boom(), &err);
    CHECK(err.code == EIO);
    note(text);
}

async(int, fails_and_waits)
{
    defer(waiting, "waited ");
    throw(ERANGE, "first");
}

async(int, returns_and_waits)
{
    defer(waiting, "waited ");
    return 6;
}

async(void, cancelled_and_waits)
{
    defer(waiting, "waited ");
    await(eddy_sleep(1000));
}

async(void, clean_up_waits)
{
    eddy_error err;
    CHECK(await(fails_and_waits(), &err) == 0);
    CHECK(err.code == ERANGE && !strcmp(err.message, "first"));
    CHECK(await(returns_and_waits()) == 6);
    struct cancelled_and_waits *t = spawn(cancelled_and_waits());
    await(eddy_sleep(0));
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED);
    CHECK_LOG("waited waited waited ");
}

generator(int, numbers)
{
    defer(put, "generator ");
    for (int i = 0;; i++) {
        defer(put_number, i);
        yield(i);
    }
}

async(int, main_task)
{
    await(ways_out());
    await(arguments());
    CHECK_LOG("c");
    await(clean_up_waits());
    for_each (x, numbers())
        if (x == 2)
            break;
    CHECK_LOG("0 1 2 generator ");
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
