/* SPDX-License-Identifier: MIT */
/*
 * sim_weather.h - what the simulated network does to its connections, and how often.
 *
 * EDDY_SIM_WEATHER="reset=0.01 partition=0.05 latency=0.020": probabilities from 0 to 1, times in seconds. Or a
 * name, which sets them all, and changes to it: "storm reset=0.5". Without a seed the weather is fine: everything
 * happens at once, in order and completely. With a seed it is mixed.
 */
#ifndef EDDY_OS_SIM_WEATHER_H
#define EDDY_OS_SIM_WEATHER_H

#include <stdbool.h>
#include <stdint.h>

struct sim_weather {
    double latency;     /* seconds that bytes are in flight, at most */
    double short_part;  /* probability that a receive or send moves only a part of the bytes */
    double late;        /* probability that a completion comes late, out of order; that a write waits first */
    double deaf_cancel; /* probability that a cancellation comes late, perhaps after the operation has been executed */
    double reset;       /* probability that a connection breaks, for each send */
    double partition;   /* probability that a connection is cut off for a time, for each connection */
    double outage;      /* seconds that it is cut off, at most */
};

/* text: NULL or as above.  False: it cannot be read. */
bool sim_weather_read(struct sim_weather *weather, uint64_t seed, const char *text);

#endif
