/* SPDX-License-Identifier: MIT */
/* clock.h - time has one type: int64 nanoseconds of the monotonic clock, as absolute points; durations are not kept. */
#ifndef EDDY_OS_CLOCK_H
#define EDDY_OS_CLOCK_H

#include <float.h>
#include <stdint.h>

#define CLOCK_NEVER INT64_MAX
#define CLOCK_SECOND INT64_C(1000000000)

int64_t clock_monotonic(void);

/* A time in units of 2^20 ns (1.05 ms), in 32 bits, which overflow after 52 days: enough for debuggers. */
#define CLOCK_TICK_BITS 20
static inline uint32_t clock_tick(int64_t now)
{
    return (uint32_t)(now >> CLOCK_TICK_BITS);
}

/* Seconds to nanoseconds, rounded up (a timer never fires early), saturated; the caller has refused NaN. */
static inline int64_t clock_from_seconds(double seconds)
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
/* now + span, saturated at CLOCK_NEVER. */
static inline int64_t clock_add(int64_t now, int64_t span)
{
    int64_t sum;
    if (!__builtin_add_overflow(now, span, &sum))
        return sum;
    return span > 0 ? CLOCK_NEVER : INT64_MIN;
}
/* The same for a span in seconds. */
static inline int64_t clock_after(int64_t now, double seconds)
{
    return clock_add(now, clock_from_seconds(seconds));
}

#endif
