/* SPDX-License-Identifier: MIT */
/* clock.c - see clock.h. */
#define _GNU_SOURCE
#include "os/clock.h"

#include <float.h>
#include <time.h>

int64_t clock_monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}

int64_t clock_from_seconds(double seconds)
{
    double exact = seconds * 1e9;
    if (exact >= 0x1p63)
        return CLOCK_NEVER;
    if (exact <= -0x1p63)
        return INT64_MIN;
    int64_t whole = (int64_t)exact;
    /* The error of the multiplication itself must not be rounded up: 0.3 seconds and three times 0.1 must
     * be the same instant, or timers with equal due times would lose their order. */
    return exact > 0 && exact - (double)whole > exact * DBL_EPSILON ? whole + 1 : whole;
}

int64_t clock_add(int64_t now, int64_t span)
{
    int64_t sum;
    if (!__builtin_add_overflow(now, span, &sum))
        return sum;
    return span > 0 ? CLOCK_NEVER : INT64_MIN;
}
