/* SPDX-License-Identifier: MIT */
/* queue.c - State Threads has no queue: a slot and a condition variable each way do its work. */
#include "state_threads.h"

static long value;
static bool is_there;
static st_cond_t there, back;

static void *echo(void *count)
{
    for (long i = 0; i < (long)(intptr_t)count; i++) {
        while (!is_there)
            st_cond_wait(there);
        value++;
        is_there = false;
        st_cond_signal(back);
    }
    return NULL;
}

static void round_trips(long count)
{
    value = 0;
    st_thread_t other = st_thread_create(echo, (void *)(intptr_t)count, 1, 0);
    for (long i = 0; i < count; i++) {
        is_there = true;
        st_cond_signal(there);
        while (is_there)
            st_cond_wait(back);
    }
    st_thread_join(other, NULL);
    bench_require(value == count, "the item went round so often");
}

static void ask(long count)
{
    there = st_cond_new();
    back = st_cond_new();
    round_trips(count);
    st_cond_destroy(there);
    st_cond_destroy(back);
}

static const struct measure measures[] = {
    {.name = "queue", .count = 1000000, .ask = ask},
    {0},
};
BENCH_STATE_THREADS(measures)
