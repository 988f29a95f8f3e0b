/* SPDX-License-Identifier: MIT */
/* generator_coroutines.c - a generator of awaitables, run as a coroutine: how Python began (B35 to B37). */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

typedef future_of(int) int_future;

async(void, boom)
{
    throw(EIO, "boom");
}

async(void, put, (const char *, text))
{
    await(eddy_sleep(0.001));
    note(text);
}

/* Awaits what the generator yields; the generator's result is the coroutine's result. */
generator_full(eddy_awaitable *, eddy_awaitable *, int, old_style, (int_future *, future))
{
    note("begin ");
    struct put first = put("first ");
    yield(&first.awaitable);
    yield(&future->awaitable);
    note("end ");
    return future->result + 1;
}

generator(eddy_awaitable *, fails)
{
    struct boom b = boom();
    yield(&b.awaitable);
    note("never ");
}

generator(eddy_awaitable *, catches)
{
    eddy_error err;
    struct boom b = boom();
    yield(&b.awaitable, &err);
    CHECK(err.code == EIO);
    note("caught ");
}

static void set_it(int_future *future)
{
    eddy_set_result(future, 41);
}

async(int, main_task)
{
    eddy_error err;
    int_future *future = eddy_future_new(int_future);
    CHECK(eddy_call_later(0.01, set_it, future));
    int result = await(eddy_from_generator(old_style(future)));
    CHECK(result == 42);
    CHECK_LOG("begin first end ");
    eddy_future_free(future);
    await(eddy_from_generator(fails()), &err);
    CHECK(err.code == EIO && !strcmp(err.message, "boom"));
    await(eddy_from_generator(catches()));
    CHECK_LOG("caught ");
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
