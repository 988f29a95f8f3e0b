/* SPDX-License-Identifier: MIT */
/*
 * luck.c - see luck.h.
 *
 * Invariant: what happens depends on the seed and on how many jobs were asked for before, so that a seed repeats a run.
 */
#define EDDY_LIBRARY
#include "luck.h"

#include <stdlib.h>
#include <string.h>

/* One of so many messages is lost, and of so many workers one dies; in a storm of half as many. */
enum { LOST = 20, DIES = 10 };
#define FOUND 2.0       /* seconds until a caller notices that a message was lost */
#define DIES_WITHIN 0.1 /* seconds of a job, at most, until its worker dies */

enum weather { NONE, MIXED, STORM };

/* Without a seed, and in fine weather, nothing happens. */
static enum weather weather_of(uint64_t *seed)
{
    eddy_loop *loop = eddy_current_loop();
    const char *driver = loop ? eddy_loop_driver(loop) : NULL, *text = getenv("EDDY_SEED");
    const char *weather = getenv("EDDY_SIM_WEATHER");
    *seed = text ? strtoull(text, NULL, 0) : 0;
    if (!driver || strcmp(driver, "sim") != 0 || !*seed)
        return NONE;
    if (!weather || !*weather)
        return MIXED;
    return strncmp(weather, "storm", 5) == 0 ? STORM : strncmp(weather, "mixed", 5) == 0 ? MIXED : NONE;
}

/* A number of the run; splitmix64. */
static uint64_t number(uint64_t seed, uint64_t *drawn)
{
    uint64_t z = seed * 0x9e3779b97f4a7c15 + ++*drawn * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

struct luck luck_of_job(uint64_t *drawn, int lost, int tries)
{
    uint64_t seed;
    enum weather weather = weather_of(&seed);
    struct luck luck = {.dies_after = -1};
    if (weather == NONE)
        return luck;
    uint64_t worse = weather == STORM ? 2 : 1;
    if (number(seed, drawn) % LOST < worse)
        luck.comes_after = FOUND;
    bool may_die = weather == STORM || lost + 1 < tries;
    if (may_die && number(seed, drawn) % DIES < worse)
        luck.dies_after = (double)(number(seed, drawn) % 1000) / 1000 * DIES_WITHIN;
    return luck;
}
