/* SPDX-License-Identifier: MIT */
/* yield.c - State Threads: two threads that let each other run. */
#include "state_threads.h"

static st_thread_t last;

static void *turns(void *count)
{
    for (long i = 0; i < (long)(intptr_t)count; i++) {
        bench_require(last != st_thread_self(), "the other one ran in between");
        last = st_thread_self();
        give_way();
    }
    return NULL;
}

static void ask(long count)
{
    last = NULL;
    st_thread_t a = st_thread_create(turns, (void *)(intptr_t)(count / 2), 1, 0);
    st_thread_t b = st_thread_create(turns, (void *)(intptr_t)(count / 2), 1, 0);
    st_thread_join(a, NULL);
    st_thread_join(b, NULL);
}

static const struct measure measures[] = {
    {.name = "yield", .count = 1000000, .ask = ask},
    {0},
};
BENCH_STATE_THREADS(measures)
