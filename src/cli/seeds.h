/* SPDX-License-Identifier: MIT */
/*
 * seeds.h - a compiled program in the simulation, once with each seed, several at a time.
 *
 * Invariant: the failure that is reported is that of the lowest seed that fails.
 */
#ifndef EDDY_CLI_SEEDS_H
#define EDDY_CLI_SEEDS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/text.h"

#define SEEDS_HUNG 124 /* exit status for a program that did not end in time, like that of timeout(1) */

struct seeds {
    const char *program;          /* the file */
    const struct words *sources;  /* for the command that repeats a failure */
    char *const *arguments;       /* the program's arguments, followed by NULL */
    const char *weather;          /* NULL: the default weather for a seed */
    uint64_t count;               /* seeds 1 to count */
    double seconds;               /* seconds of real time that the program may take with one seed */
};

/* True: the simulation knows this weather. */
bool seeds_weather_is_known(const char *weather);
/* Returns 0 if no seed failed; else the status of the program with the reported seed, 128 + N for a signal, or
 * SEEDS_HUNG. */
int seeds_run(const struct seeds *seeds);

#endif
