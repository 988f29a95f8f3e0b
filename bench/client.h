/* SPDX-License-Identifier: MIT */
/* client.h - what the measuring clients of the modules share: clocks, a measurement, and the line that they print. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static long requests; /* that were answered since the last reset */

static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds of this process. */
static inline double cpu(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static inline void report(double began, double cpu_before)
{
    printf("%ld %.6f %.6f\n", requests, now() - began, cpu() - cpu_before);
}

static const double warm_up_seconds = 0.3;

/* Of clients that are no coroutines. ask: counts `requests` until the time is over. */
static inline void measure(void (*ask)(void *connection, int depth, double until), void *connection, int depth,
                           double seconds)
{
    ask(connection, depth, now() + warm_up_seconds);
    requests = 0;
    double began = now(), cpu_before = cpu();
    ask(connection, depth, began + seconds);
    report(began, cpu_before);
}

#endif
