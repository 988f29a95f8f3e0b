/* SPDX-License-Identifier: MIT */
/* describe.c - eddy_describe: kind, name, state and address of every kind of object. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

typedef future_of(int) int_future;

static char text[200];

static const char *describe(const void *x)
{
    size_t length = eddy_describe(x, text, sizeof text);
    CHECK(length == strlen(text) && length < sizeof text);
    return text;
}

#define SAYS(x, word) (strstr(describe(x), word) != NULL)

async(int, sleeper)
{
    await(eddy_sleep(1000));
    return 1;
}

generator(int, func)
{
    yield(37);
    yield(42);
}

static struct looking *inside;

generator(int, looking)
{
    yield(SAYS(inside, "running"));
}

async_generator(int, ticker)
{
    yield(1);
}

/* B17: states of a generator. */
static void generators(void)
{
    struct func g = func();
    int v;
    char address[30];
    snprintf(address, sizeof address, "%p", (void *)&g);
    CHECK(SAYS(&g, "generator") && SAYS(&g, "func") && SAYS(&g, "created") && SAYS(&g, address));
    eddy_next(&g, &v);
    CHECK(SAYS(&g, "suspended"));
    eddy_close(&g);
    CHECK(SAYS(&g, "finished"));
    struct looking looker = looking();
    inside = &looker;
    CHECK(eddy_next(&looker, &v) && v);
    eddy_close(&looker);
    char small[8];
    CHECK(eddy_describe(&g, small, sizeof small) == strlen(describe(&g)) && strlen(small) == 7);
}

async(int, main_task)
{
    struct sleeper coroutine = sleeper();
    CHECK(SAYS(&coroutine, "coroutine") && SAYS(&coroutine, "sleeper") && SAYS(&coroutine, "created"));
    struct sleeper *t = spawn(sleeper());
    CHECK(SAYS(t, "task") && SAYS(t, "sleeper"));
    await(eddy_sleep(0));
    CHECK(SAYS(t, "pending"));
    eddy_cancel(t);
    eddy_error err;
    await(t, &err);
    int_future *f = eddy_future_new(int_future);
    CHECK(SAYS(f, "future"));
    eddy_set_result(f, 1);
    CHECK(SAYS(f, "finished"));
    eddy_future_free(f);
    struct ticker g = ticker();
    CHECK(SAYS(&g, "async_generator") && SAYS(&g, "ticker"));
    return 0;
}

int main(void)
{
    generators();
    return eddy_run(main_task());
}
