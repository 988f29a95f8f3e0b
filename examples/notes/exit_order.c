/* SPDX-License-Identifier: MIT */
/* exit_order.c - the block that was entered last is left first; calls that were deferred in the block
 * run before that. Clean-up may wait while a failure propagates. */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>

static void say(const char *text)
{
    puts(text);
}

static void leave(const char *name)
{
    eddy_error err;
    eddy_await(eddy_sleep(0), &err);
    printf("-%s\n", name);
}

async_generator(const char *, room, (const char *, name))
{
    await(eddy_sleep(0));
    printf("+%s\n", name);
    defer(leave, name);
    yield(name);
}

#define ROOM(name) eddy_manager_from_generator(room(name))

async(void, visit)
{
    async_with (a, ROOM("a")) async_with (b, ROOM("b")) async_with (c, ROOM("c")) {
        defer(say, "callback");
        throw(EIO, "the lights went out");
    }
}

async(void, main_task)
{
    eddy_error err;
    await(visit(), &err);
    if (err.code)
        printf("after: %s\n", err.message);
}

int main(void)
{
    return eddy_run(main_task());
}
