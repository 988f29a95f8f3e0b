/* SPDX-License-Identifier: MIT */
/* clock.c - see clock.h. */
#define _GNU_SOURCE
#include "os/clock.h"

#include <time.h>

int64_t clock_monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}
