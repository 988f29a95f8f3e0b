/* SPDX-License-Identifier: MIT */
/*
 * threads.c - several loops, one a thread: over each switch errno belongs to the task and a thread-local to the
 * thread, whatever the tasks of this loop and of the others do.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <eddy/keywords.h>
#include "check.h"

enum { LOOPS = 4, TASKS = 8, TURNS = 100 };

static __thread int loop_number;
static __thread int steps;

/* Takes the addresses of its thread-locals anew: an address from before a switch is not valid after it. */
static __attribute__((noinline)) void step(int number)
{
    CHECK(loop_number == number);
    steps++;
}

generator(int, numbers)
{
    for (int i = 0;; i++)
        yield(i);
}

async(void, walk, (int, number), (int, own))
{
    for (int i = 0; i < TURNS; i++) {
        errno = own;
        await(eddy_sleep(i % 50 ? 0 : 0.0001));
        CHECK(errno == own);
        step(number);
    }
    for_each (i, numbers()) {
        step(number);
        if (i == TURNS - 1)
            break;
    }
}

blocking(int, number_elsewhere)
{
    errno = EDOM;
    return loop_number;
}

async(void, walk_all, (int, number))
{
    async_with (group, eddy_task_group())
        for (int i = 0; i < TASKS; i++)
            eddy_group_spawn(group, walk(number, 1000 * number + i));
    errno = ERANGE;
    CHECK(await(number_elsewhere()) == 0);
    CHECK(errno == ERANGE);
}

static void *run_loop(void *argument)
{
    eddy_error err;
    loop_number = (int)(intptr_t)argument;
    eddy_run(walk_all(loop_number), &err);
    CHECK(err.code == 0);
    CHECK(steps == 2 * TASKS * TURNS);
    return NULL;
}

int main(void)
{
    pthread_t threads[LOOPS];
    for (int i = 0; i < LOOPS; i++)
        CHECK(pthread_create(&threads[i], NULL, run_loop, (void *)(intptr_t)(i + 1)) == 0);
    for (int i = 0; i < LOOPS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(loop_number == 0 && steps == 0);
    return 0;
}
