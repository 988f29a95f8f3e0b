/* SPDX-License-Identifier: MIT */
/* random.h - random numbers from a seed (splitmix64): for order and chance in the simulation, not for secrets. */
#ifndef EDDY_BASE_RANDOM_H
#define EDDY_BASE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* From 0 to limit - 1; limit > 0.  The small bias of the modulus does not matter here. */
static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
    return random_next(state) % limit;
}

/* True with this probability.  0 draws no number, so that a feature that is off does not change the others. */
static inline bool random_chance(uint64_t *state, double probability)
{
    return probability > 0 && (double)(random_next(state) >> 11) * 0x1p-53 < probability;
}

#endif
