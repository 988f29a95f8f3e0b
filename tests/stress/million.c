/* SPDX-License-Identifier: MIT */
/*
 * million.c - a million tasks at once on a kernel without MADV_GUARD_INSTALL, and so beyond the limit on mappings:
 * EDDY_STACK_GUARD=mprotect and EDDY_MAP_LIMIT stand in for it. Such a stack takes two pages, one of them for the
 * canary.
 */
#include <stdio.h>
#include <stdlib.h>

#include <eddy/keywords.h>

#include "os/probe.h"
#include "os/stack.h"

enum { MOST = 1000 * 1000, BYTES_EACH = 10 * 1024 };

static eddy_event go = EDDY_EVENT_INIT;
static long begun, ended;

/* As many as there is free memory for. */
static long affordable(void)
{
    long kilobytes = 0;
    char line[128];
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %ld kB", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    long count = kilobytes * 1024 / BYTES_EACH;
    return count < MOST ? count : MOST;
}

async(void, wait_for_go)
{
    begun++;
    await(eddy_event_wait(&go));
    ended++;
}

/* How the next stack would be guarded. */
static enum stack_guard next_guard(void)
{
    struct stack *stack = stack_take(0);
    enum stack_guard guard = stack ? (enum stack_guard)stack->guard : STACK_GUARD_NONE;
    if (stack)
        stack_give(stack);
    return guard;
}

async(int, main_task)
{
    long count = affordable();
    enum stack_guard first = next_guard();
    async_with (group, eddy_task_group()) {
        for (long i = 0; i < count; i++)
            eddy_group_spawn(group, wait_for_go());
        while (begun < count)
            await(eddy_sleep(0));
        if (first != STACK_GUARD_MPROTECT || next_guard() != STACK_GUARD_CANARY)
            throw(EPROTO, "stacks are guarded in other ways");
        eddy_event_set(&go);
    }
    printf("%ld tasks%s\n", ended, count < MOST ? ": more do not fit into the free memory" : "");
    return count >= MOST / 10 && ended == count ? 0 : 1;
}

int main(void)
{
    return eddy_run(main_task());
}
