/* SPDX-License-Identifier: MIT */
/* client.h - what the measuring clients of the modules share: the clocks, and the line that they print. */
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

#endif
