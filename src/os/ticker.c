/* SPDX-License-Identifier: MIT */
/* ticker.c - the thread of ticker.h. It waits on a condition, so that it can be ended at once. */
#define _GNU_SOURCE /* pthread_condattr_setclock */
#include "os/ticker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "os/clock.h"
#include "os/memory.h"

struct ticker {
    pthread_t thread;
    pthread_mutex_t mutex;   /* of `ends` */
    pthread_cond_t ended;
    bool ends;
    int64_t period;          /* nanoseconds */
    void (*tick)(void *argument);
    void *argument;
};

static void *run(void *argument)
{
    struct ticker *ticker = argument;
    pthread_mutex_lock(&ticker->mutex);
    while (!ticker->ends) {
        int64_t next = clock_add(clock_monotonic(), ticker->period);
        struct timespec until = {.tv_sec = next / CLOCK_SECOND, .tv_nsec = next % CLOCK_SECOND};
        if (pthread_cond_timedwait(&ticker->ended, &ticker->mutex, &until) == ETIMEDOUT && !ticker->ends)
            ticker->tick(ticker->argument);
    }
    pthread_mutex_unlock(&ticker->mutex);
    return NULL;
}

struct ticker *ticker_new(int64_t period, void (*tick)(void *argument), void *argument)
{
    struct ticker *ticker = memory_alloc_zeroed(sizeof *ticker);
    if (!ticker)
        return NULL;
    *ticker = (struct ticker){.period = period, .tick = tick, .argument = argument};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&ticker->mutex, NULL);
    pthread_cond_init(&ticker->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&ticker->thread, NULL, run, ticker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error)
        return ticker;
    pthread_mutex_destroy(&ticker->mutex);
    pthread_cond_destroy(&ticker->ended);
    memory_free(ticker);
    return NULL;
}

void ticker_free(struct ticker *ticker)
{
    if (!ticker)
        return;
    pthread_mutex_lock(&ticker->mutex);
    ticker->ends = true;
    pthread_cond_signal(&ticker->ended);
    pthread_mutex_unlock(&ticker->mutex);
    pthread_join(ticker->thread, NULL);
    pthread_mutex_destroy(&ticker->mutex);
    pthread_cond_destroy(&ticker->ended);
    memory_free(ticker);
}
