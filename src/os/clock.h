/* SPDX-License-Identifier: MIT */
/* clock.h - time is one type: int64 nanoseconds of the monotonic clock, as absolute points, never as spans kept. */
#ifndef EDDY_OS_CLOCK_H
#define EDDY_OS_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX
#define CLOCK_SECOND INT64_C(1000000000)

int64_t clock_monotonic(void);

/* Seconds to nanoseconds, rounded up (a timer never fires early), saturated; the caller has refused NaN. */
int64_t clock_from_seconds(double seconds);
/* now + span, saturated at CLOCK_NEVER. */
int64_t clock_add(int64_t now, int64_t span);

#endif
