/* SPDX-License-Identifier: MIT */
/* hibernation.h - for the tests of hibernation: tasks that park with words on their stacks, put to sleep at once. */
#ifndef EDDY_TESTS_UNIT_HIBERNATION_H
#define EDDY_TESTS_UNIT_HIBERNATION_H

#include "run_clean.h"

#include "core/current.h"
#include "core/loop.h"
#include "os/hibernate.h"
#include "os/stack_pool.h"
#include "os/valgrind.h"

enum { WORDS = 24 };

static const eddy_loop_options asleep = {.size = sizeof(eddy_loop_options), .hibernation = true};

#define RUN_ASLEEP(coroutine) assert_int_equal(eddy_run_with(&asleep, coroutine), 0)

/* False under sanitizers and Valgrind, where everything else must hold, too. */
static bool sleeps_here(void)
{
    return !hibernate_refusal() && stack_pool.sleeps;
}

/* Like looks of the loop at tasks that have been parked for long: as many as reach each stack once. Threads may wake
 * stacks as fast as the looks put them to sleep, so it does not go on until none is awake. */
static void put_all_to_sleep(void)
{
    struct eddy_loop *loop = current.loop;
    for (struct task *task = loop->tasks; task; task = task->next)
        task->ready.parked_at = loop->looked_at - (1 << 20);
    loop->hibernation.young = true;
    for (size_t looked = 0; loop->hibernation.young && looked <= loop->task_count; looked += HIBERNATION_NAPS) {
        loop->hibernation.next = 0;
        hibernation_look(loop, 1);
    }
}

/* Waits until the spawned tasks have parked, and sleep. */
async(void, all_sleep)
{
    await(eddy_sleep(0));
    put_all_to_sleep();
}

/* ---- one task parks with a block of words that others read ---- */

struct block {
    volatile uint64_t seed;
    volatile uint64_t words[WORDS]; /* each word is a function of the seed */
    volatile uint64_t added;        /* by other threads */
};

static struct block *first;
static eddy_event go;

static uint64_t word(uint64_t seed, int i)
{
    return (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)i;
}

static void fill(struct block *block, uint64_t seed)
{
    block->seed = seed;
    for (int i = 0; i < WORDS; i++)
        block->words[i] = word(seed, i);
}

static bool is_whole(const struct block *block)
{
    for (int i = 0; i < WORDS; i++)
        if (block->words[i] != word(block->seed, i))
            return false;
    return true;
}

async(void, parked, (uint64_t, seed))
{
    struct block block = {0};
    fill(&block, seed);
    first = &block;
    await(eddy_event_wait(&go));
    CHECK(is_whole(&block));
}

/* The main function of a test: nothing is tested if the kernel has no such guards. */
static inline bool can_sleep(void)
{
    stack_watch_overflow(true);
    return !hibernate_refusal();
}

#endif
