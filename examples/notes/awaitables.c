/* SPDX-License-Identifier: MIT */
/* awaitables.c - three kinds of awaitables: coroutines, tasks, futures. */
#include <eddy/keywords.h>
#include <stdio.h>

typedef future_of(int) int_future;

async(int, answer, (int, n))
{
    await(eddy_sleep(1));
    return n;
}

async(void, reader, (const char *, name), (int_future *, future))
{
    printf("%s reads %d\n", name, await(future));
}

async(void, main_task)
{
    printf("coroutine %d\n", await(answer(1)));

    struct answer *task = spawn(answer(2));
    printf("task %d\n", await(task));

    int_future *future = eddy_future_new(int_future);
    defer(eddy_future_free, future);
    struct reader *first = spawn(reader("first", future));
    struct reader *second = spawn(reader("second", future));
    await(eddy_sleep(1));
    eddy_set_result(future, 3);
    await(first);
    await(second);
    printf("future %d\n", await(future));
}

int main(void)
{
    return eddy_run(main_task());
}
