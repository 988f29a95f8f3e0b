/* SPDX-License-Identifier: MIT */
/* async_generators.c - functions that await and yield, and what closes them. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

async(int, give, (int, n))
{
    await(eddy_sleep(0));
    return n;
}

/* Clean-up that waits, in a plain function that is called by defer. */
static void slow_closing(const char *name)
{
    eddy_error err;
    eddy_await(eddy_sleep(0.001), &err);
    note(err.code ? "cut off " : name);
}

async_generator(int, ticker, (int, n))
{
    note("start ");
    defer(slow_closing, "closed ");
    for (int i = 0; i < n; i++) {
        await(eddy_sleep(0));
        yield(await(give(i)));
    }
}

async_generator_full(int, const char *, lengths)
{
    int length = 0;
    for (;;) {
        const char *s = yield(length);
        length = s ? (int)strlen(s) : -1;
    }
}

async_generator(int, failing)
{
    yield(1);
    throw(EDOM, "tick");
}

async_generator(int, catcher)
{
    eddy_error err;
    yield(0, &err);
    if (err.code == EIO)
        yield(1000);
    if (err.code == EDDY_GENERATOR_EXIT) {
        await(eddy_sleep(0.001));
        note("waited ");
    }
}

async_generator(int, stubborn)
{
    eddy_error err;
    for (int i = 0; i < 3; i++)
        yield(i, &err);
}

async_generator(void, plain_ticks, (int, n))
{
    while (n--)
        yield();
}

async(void, stepping)
{
    int v = -1;
    struct ticker t = ticker(2);
    CHECK_LOG("");
    struct eddy_anext step = eddy_anext(&t, &v); /* B54: nothing happens until it is awaited */
    CHECK_LOG("");
    CHECK(await(step) && v == 0);
    CHECK_LOG("start ");
    while (await(eddy_anext(&t, &v)))
        CHECK(v == 1);
    CHECK_LOG("closed ");
    CHECK(!await(eddy_anext(&t, &v)) && !await(eddy_anext(&t, &v))); /* B57: anext after the end fails each time */
    struct lengths l = lengths();
    eddy_error err;
    await(eddy_asend(&l, "x", &v), &err);
    CHECK(err.code == EDDY_GENERATOR_NOT_STARTED); /* B55 */
    CHECK(await(eddy_anext(&l, &v)) && v == 0);
    CHECK(await(eddy_asend(&l, "abc", &v)) && v == 3);
    CHECK(await(eddy_asend(&l, "ab", &v)) && v == 2);
    await(eddy_aclose(&l));
    CHECK(!await(eddy_anext(&l, &v)));
}

async(void, throwing)
{
    int v = -1;
    eddy_error err;
    struct catcher c = catcher(); /* B59: caught; the generator yields, and then ends */
    CHECK(await(eddy_anext(&c, &v)) && await(eddy_athrow(&c, EIO, &v)) && v == 1000);
    CHECK(!await(eddy_anext(&c, &v)));
    c = catcher(); /* B59: caught; the generator ends */
    CHECK(await(eddy_anext(&c, &v)) && !await(eddy_athrow(&c, EDOM, &v), &err) && err.code == 0);
    c = catcher(); /* B59: thrown before the first step */
    await(eddy_athrow(&c, EIO, &v), &err);
    CHECK(err.code == EIO && !await(eddy_anext(&c, &v)));
    struct ticker t = ticker(2);
    CHECK(await(eddy_anext(&t, &v)));
    await(eddy_athrow(&t, EPIPE, &v), &err);
    CHECK(err.code == EPIPE && !await(eddy_anext(&t, &v)));
    CHECK_LOG("start closed ");
    struct failing f = failing();
    CHECK(await(eddy_anext(&f, &v)) && !await(eddy_anext(&f, &v), &err) && err.code == EDOM);
    CHECK(!strcmp(err.message, "tick"));
}

async(void, closing_them)
{
    int v = -1;
    eddy_error err;
    struct ticker t = ticker(2);
    await(eddy_aclose(&t)); /* B60: not started: no code runs */
    CHECK(!await(eddy_anext(&t, &v)));
    CHECK_LOG("");
    struct catcher c = catcher(); /* B60: clean-up may wait */
    CHECK(await(eddy_anext(&c, &v)));
    await(eddy_aclose(&c));
    CHECK_LOG("waited ");
    await(eddy_aclose(&c));         /* B60: closing an ended generator does nothing */
    struct stubborn s = stubborn(); /* B60: the generator yields instead of closing */
    CHECK(await(eddy_anext(&s, &v)));
    await(eddy_aclose(&s), &err);
    CHECK(err.code == EDDY_GENERATOR_IGNORED_EXIT);
    await(eddy_aclose(&s), &err);
    await(eddy_aclose(&s), &err);
}

async(bool, one_step, (struct ticker *, t), (int *, v), (eddy_error *, err))
{
    return await(eddy_anext(t, v), err);
}

/* B56: one operation at a time; a second one is refused and does not disturb the first. */
async(void, one_at_a_time)
{
    int v = -1, w = -1;
    eddy_error err, second;
    struct ticker t = ticker(3);
    struct one_step *first = spawn(one_step(&t, &v, &err));
    struct one_step *other = spawn(one_step(&t, &w, &second));
    await(eddy_gather(first, other));
    CHECK(await(first) && v == 0 && err.code == 0);
    CHECK(!await(other) && second.code == EDDY_GENERATOR_RUNNING);
    CHECK(await(eddy_anext(&t, &v)) && v == 1);
    await(eddy_aclose(&t));
    CHECK_LOG("start closed ");
}

async(int, leave_early)
{
    async_for (x, ticker(5))
        if (x == 2)
            return x;
    return -1;
}

async(void, passes_on)
{
    async_for (x, failing())
        CHECK(x == 1);
    note("never ");
}

async(void, loops)
{
    int sum = 0;
    async_for (x, ticker(4))
        sum = sum * 10 + x;
    CHECK(sum == 123);
    CHECK_LOG("start closed ");
    async_for (x, ticker(4)) /* B49: a generator value is closed before the next statement */
        if (x == 1)
            break;
    CHECK_LOG("start closed ");
    CHECK(await(leave_early()) == 2);
    CHECK_LOG("start closed ");
    struct ticker kept = ticker(3); /* B49: a generator in a variable remains open */
    async_for (x, &kept)
        break;
    CHECK_LOG("start ");
    sum = 0;
    async_for (x, &kept)
        sum = sum * 10 + x;
    CHECK(sum == 12);
    CHECK_LOG("closed ");
    sum = 0;
    async_for (unused, plain_ticks(3))
        sum++;
    CHECK(sum == 3);
    struct plain_ticks bare = plain_ticks(2); /* nothing to receive: no variable */
    CHECK(await(eddy_anext(&bare)) && await(eddy_anext(&bare)) && !await(eddy_anext(&bare)));
    eddy_error err;
    await(passes_on(), &err); /* a failure leaves the function, as with await */
    CHECK(err.code == EDOM);
    async_for (x, failing(), &err)
        sum += x;
    CHECK(sum == 4 && err.code == EDOM);
    CHECK_LOG("");
}

/* D36 (the order at the end), B63: eddy_run closes generators that are left open. */
async(void, leaves_one_open, (struct ticker *, kept))
{
    async_for (x, kept)
        break;
}

async(int, main_task)
{
    await(stepping());
    await(throwing());
    await(closing_them());
    await(one_at_a_time());
    await(loops());
    return 0;
}

int main(void)
{
    CHECK(eddy_run(main_task()) == 0);
    struct ticker kept = ticker(3);
    CHECK(eddy_run(leaves_one_open(&kept)) == 0);
    CHECK_LOG("start closed ");
    return 0;
}
