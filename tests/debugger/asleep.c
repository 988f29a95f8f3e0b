/* SPDX-License-Identifier: MIT */
/* asleep.c - a task whose stack sleeps; then it calls all_asleep, where gdb stops it.  Status 2: none can sleep. */
#include <errno.h>

#include <eddy/keywords.h>

static eddy_event event = EDDY_EVENT_INIT;

void all_asleep(void);
__attribute__((noinline)) void all_asleep(void)
{
    __asm__ volatile("" ::: "memory");
}

async(int, sleeper, (int, depth))
{
    if (depth)
        return await(sleeper(depth - 1)) + 1;
    await(eddy_event_wait(&event));
    return 0;
}

async(int, main_task)
{
    const eddy_spawn_options options = {.size = sizeof options, .name = "deep"};
    struct sleeper *task = eddy_spawn_with(sleeper(3), &options);
    await(eddy_sleep(2.5));
    all_asleep();
    eddy_event_set(&event);
    return await(task) != 3;
}

int main(void)
{
    const eddy_loop_options options = {.size = sizeof options, .hibernation = true};
    eddy_error err;
    int result = eddy_run_with(&options, main_task(), &err);
    return err.code == ENOTSUP ? 2 : err.code ? 1 : result;
}
