/* SPDX-License-Identifier: MIT */
/* noop.c - an await lets other tasks run only if what it waits for really suspends. */
#include <eddy/keywords.h>
#include <stdio.h>

static int others;

async(void, noop)
{
}

async(int, f)
{
    return 7;
}

async(void, g)
{
    await(f());
    return;
}

async(void, other)
{
    others++;
}

async(void, main_task)
{
    struct other *task = spawn(other());
    for (int i = 0; i < 1000; i++) {
        await(noop());
        await(g());
    }
    printf("after 2000 awaits that were ready the other task ran %d times\n", others);
    await(eddy_sleep(0));
    printf("after one that suspends it ran %d time\n", others);
    await(task);
    printf("await f() gives %d\n", await(f()));
}

int main(void)
{
    return eddy_run(main_task());
}
