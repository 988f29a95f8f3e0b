/* SPDX-License-Identifier: MIT */
/* lock.c - State Threads: a mutex that is handed over to the thread that waits for it. */
#include "state_threads.h"

static st_mutex_t mutex;
static st_thread_t last;

static void *take_turns(void *count)
{
    for (long i = 0; i < (long)(intptr_t)count; i++) {
        st_mutex_lock(mutex);
        bench_require(last != st_thread_self(), "the mutex changed hands");
        last = st_thread_self();
        st_mutex_unlock(mutex);
    }
    return NULL;
}

static void ask(long count)
{
    last = NULL;
    mutex = st_mutex_new();
    st_mutex_lock(mutex);
    st_thread_t a = st_thread_create(take_turns, (void *)(intptr_t)(count / 2), 1, 0);
    st_thread_t b = st_thread_create(take_turns, (void *)(intptr_t)(count / 2), 1, 0);
    give_way();
    st_mutex_unlock(mutex);
    st_thread_join(a, NULL);
    st_thread_join(b, NULL);
    st_mutex_destroy(mutex);
}

static const struct measure measures[] = {
    {.name = "lock", .count = 1000000, .ask = ask},
    {0},
};
BENCH_STATE_THREADS(measures)
