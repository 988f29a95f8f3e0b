/* SPDX-License-Identifier: MIT */
/*
 * test_hibernation_crowd.c - stacks that fall asleep and wake at random while other threads look and write.
 *
 * EDDY_HIBERNATION_STACKS: how many tasks park (1500).
 */
#define _GNU_SOURCE
#include "hibernation.h"

#include "base/random.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LOOKERS = 3 };

/* ---- the steps of a change are far apart: between two of them the other threads have time to look and write ---- */

static bool slow; /* atomic */

#if !defined(EDDY_SANITIZED)
static void linger(void)
{
    if (__atomic_load_n(&slow, __ATOMIC_RELAXED))
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

/* The library, linked statically, calls these instead of the C library's. */
int madvise(void *address, size_t size, int advice)
{
    linger();
    int answer = (int)syscall(SYS_madvise, address, size, advice);
    linger();
    return answer;
}

int mprotect(void *address, size_t size, int protection)
{
    linger();
    int answer = (int)syscall(SYS_mprotect, address, size, protection);
    linger();
    return answer;
}

void *mremap(void *address, size_t size, size_t new_size, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    void *to = flags & MREMAP_FIXED ? va_arg(more, void *) : NULL;
    va_end(more);
    linger();
    void *moved = (void *)syscall(SYS_mremap, address, size, new_size, flags, to);
    linger();
    return moved;
}
#endif

/* ---- many, at random, with threads that look and write ---- */

static struct block **blocks;
static long crowd, parked_now;
static bool over; /* atomic */

static long how_many(void)
{
    const char *text = getenv("EDDY_HIBERNATION_STACKS");
    long count = text ? strtol(text, NULL, 10) : 1500;
#if defined(EDDY_SANITIZED)
    count = 200;
#endif
    return RUNNING_ON_VALGRIND ? 100 : count;
}

static long rounds(void)
{
    return 60 + how_many() / 500;
}

async(void, parks_at_random, (long, number))
{
    struct block block = {0};
    uint64_t seed = (uint64_t)number + 1;
    fill(&block, seed);
    __atomic_store_n(&blocks[number], &block, __ATOMIC_RELEASE);
    parked_now++;
    await(eddy_event_wait(&go));
    for (int round = 0; round < 3; round++) {
        CHECK(is_whole(&block));
        await(eddy_sleep((double)(random_next(&seed) % 1000) / 1e5));
    }
    CHECK(is_whole(&block));
    parked_now--;
    eddy_event *never = &go; /* until all threads have ended: they read the block */
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        (void)never;
        await(eddy_sleep(0.05));
    }
    CHECK(is_whole(&block));
}

struct looker {
    pthread_t thread;
    uint64_t random;
    uint64_t added; /* to all blocks */
    long broken;
};

static void *look_at_random(void *argument)
{
    struct looker *looker = argument;
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        struct block *block = blocks[random_next(&looker->random) % (uint64_t)crowd];
        looker->broken += !is_whole(block);
        __atomic_fetch_add(&block->added, 1, __ATOMIC_RELAXED);
        looker->added++;
        if (looker->added % 64 == 0)
            sched_yield();
    }
    return NULL;
}

/* Pressure: tasks that begin put others to sleep. */
async(void, short_lived)
{
    await(eddy_sleep(0.001));
}

async(void, stir, (long, times))
{
    for (long i = 0; i < times; i++) {
        async_with (group, eddy_task_group())
            for (int k = 0; k < 50; k++)
                eddy_group_spawn(group, short_lived());
        struct block *block = blocks[(i * 7919) % crowd];
        CHECK(is_whole(block));
    }
}

async(void, crowd_at_random)
{
    crowd = how_many();
    blocks = calloc((size_t)crowd, sizeof *blocks);
    go = (eddy_event)EDDY_EVENT_INIT;
    over = false;
    parked_now = 0;
    struct looker lookers[LOOKERS] = {0};
    uint64_t added = 0, found = 0;
    async_with (group, eddy_task_group()) {
        for (long i = 0; i < crowd; i++)
            eddy_group_spawn(group, parks_at_random(i));
        while (parked_now < crowd)
            await(eddy_sleep(0));
        CHECK(!sleeps_here() || crowd < 1500 || stacks_asleep() > crowd / 5);
        for (int i = 0; i < LOOKERS; i++) {
            lookers[i].random = (uint64_t)i + 1;
            pthread_create(&lookers[i].thread, NULL, look_at_random, &lookers[i]);
        }
        await(stir(20));
        await(all_sleep()); /* all stacks that are not read are put to sleep, while the threads read */
        eddy_event_set(&go);
        while (parked_now > 0)
            await(eddy_sleep(0.01));
        __atomic_store_n(&over, true, __ATOMIC_RELEASE);
        for (int i = 0; i < LOOKERS; i++) {
            pthread_join(lookers[i].thread, NULL);
            added += lookers[i].added;
        }
        for (long i = 0; i < crowd; i++)
            found += blocks[i]->added;
    }
    for (int i = 0; i < LOOKERS; i++)
        CHECK(lookers[i].broken == 0);
    free(blocks);
    CHECK(found == added);
}

static void threads_find_all_whole_and_no_write_is_lost(void **state)
{
    (void)state;
    RUN_ASLEEP(crowd_at_random());
}

/* Two threads at once at the same stack. */
static pthread_barrier_t together;

static void *look_together(void *broken)
{
    for (long i = rounds(); i > 0; i--) {
        pthread_barrier_wait(&together);
        *(long *)broken += !is_whole(first);
        pthread_barrier_wait(&together);
    }
    return NULL;
}

async(void, two_at_once)
{
    pthread_t threads[2];
    long broken[2] = {0};
    go = (eddy_event)EDDY_EVENT_INIT;
    struct parked *task = spawn(parked(5));
    await(eddy_sleep(0));
    __atomic_store_n(&slow, true, __ATOMIC_RELAXED);
    pthread_barrier_init(&together, NULL, 3);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, look_together, &broken[i]);
    for (long i = rounds(); i > 0; i--) {
        put_all_to_sleep();
        pthread_barrier_wait(&together);
        pthread_barrier_wait(&together);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&together);
    __atomic_store_n(&slow, false, __ATOMIC_RELAXED);
    CHECK(broken[0] == 0 && broken[1] == 0);
    eddy_event_set(&go);
    await(task);
}

static void two_threads_that_touch_at_once_find_it_whole(void **state)
{
    (void)state;
    RUN_ASLEEP(two_at_once());
}

/* A write at the very moment of falling asleep. */
static void *write_on(void *count)
{
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        __atomic_fetch_add(&first->added, 1, __ATOMIC_RELAXED);
        ++*(uint64_t *)count;
    }
    return NULL;
}

async(void, sleep_while_written)
{
    pthread_t thread;
    uint64_t count = 0;
    go = (eddy_event)EDDY_EVENT_INIT;
    over = false;
    struct parked *task = spawn(parked(6));
    await(eddy_sleep(0));
    __atomic_store_n(&slow, true, __ATOMIC_RELAXED);
    pthread_create(&thread, NULL, write_on, &count);
    for (long naps = 0; sleeps_here() && naps < rounds();) {
        while (stacks_asleep() == 1)
            sched_yield(); /* until the thread has written again */
        put_all_to_sleep();
        naps += stacks_asleep();
    }
    __atomic_store_n(&over, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    __atomic_store_n(&slow, false, __ATOMIC_RELAXED);
    CHECK(first->added == count);
    eddy_event_set(&go);
    await(task);
}

static void a_write_while_it_falls_asleep_is_not_lost(void **state)
{
    (void)state;
    RUN_ASLEEP(sleep_while_written());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_find_all_whole_and_no_write_is_lost),
        cmocka_unit_test(two_threads_that_touch_at_once_find_it_whole),
        cmocka_unit_test(a_write_while_it_falls_asleep_is_not_lost),
    };
    return can_sleep() ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
