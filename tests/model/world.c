/* SPDX-License-Identifier: MIT */
/* world.c - the beginning and the end of a model's world: see world.h. */
#include "world.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

struct world world;

void world_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: ", file, line);
    vprintf(format, arguments);
    puts("");
    fflush(stdout);
    va_end(arguments);
    _exit(1);
}

/* With many ties. */
static int compare(const void *a, const void *b)
{
    int x = *(const int *)a % 7, y = *(const int *)b % 7;
    return (x > y) - (x < y);
}

void world_begin(void)
{
    bool rough = world.rough;
    memset(&world, 0, sizeof world);
    world.rough = rough;
    world.semaphore = (eddy_semaphore)EDDY_SEMAPHORE_INIT(PERMITS);
    world.condition = (eddy_condition)EDDY_CONDITION_INIT(&world.locks[LOCKS - 1]);
    world.barrier = (eddy_barrier)EDDY_BARRIER_INIT(3);
    eddy_queue_init(&world.queues[0], 2);
    eddy_queue_init(&world.queues[1], 0);
    eddy_lifo_init(&world.queues[2], 3);
    eddy_priority_init(&world.queues[3], 3, compare);
}

void world_got(int item)
{
    MUST(item >= 0 && item < world.item_count, "item %d came out, and there is none", item);
    MUST(world.items[item] == ITEM_IN || world.items[item] == ITEM_OFFERED, "item %d came out in state %d", item,
         world.items[item]);
    world.items[item] = ITEM_GOT;
}

static void check_queue(int which)
{
    int item;
    struct eddy_queue *queue = (struct eddy_queue *)(void *)&world.queues[which];
    MUST(!queue->getters.first && !queue->putters.first, "queue %d has waiters", which);
    while (eddy_queue_try_get(&world.queues[which], &item)) {
        world_got(item);
        eddy_queue_task_done(&world.queues[which]);
    }
    MUST(queue->unfinished == 0, "queue %d has %zu items that nobody has finished", which, (size_t)queue->unfinished);
    eddy_queue_free(&world.queues[which]);
}

static void check_lock(int which)
{
    MUST(!eddy_lock_locked(&world.locks[which]) && !world.in_lock[which], "lock %d is held", which);
    MUST(!world.locks[which].waiters.first, "lock %d is waited for", which);
}

void world_end(void)
{
    for (int i = 0; i < QUEUES; i++)
        check_queue(i);
    for (int i = 0; i < LOCKS; i++)
        check_lock(i);
    for (int i = 0; i < world.item_count; i++)
        MUST(world.items[i] == ITEM_GOT || world.items[i] == ITEM_REFUSED, "item %d is in state %d", i, world.items[i]);
    MUST(world.semaphore.value == PERMITS && !world.semaphore.promised && !world.semaphore.waiters.first,
         "the semaphore has %zu permits and %zu promised", world.semaphore.value, world.semaphore.promised);
    MUST(!world.condition.waiters.first && !world.event.waiters.first, "the condition or the event has waiters");
    MUST(!world.barrier.waiting && !world.barrier.draining, "the barrier has waiters");
    MUST(world.made == world.freed, "of %ld things that were made, %ld came to somebody", world.made, world.freed);
    MUST(world.live == 0, "%d actors have not cleaned up", world.live);
}
