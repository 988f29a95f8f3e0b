/* SPDX-License-Identifier: MIT */
/* mt19937.h - the random numbers of CPython's `random` module, bit for bit.
 *
 * The programs of the notes print random results; with the same seed as their Python originals they
 * must print the same. So this is the Mersenne Twister (Matsumoto and Nishimura, 1998), seeded as
 * random.seed(n) does it, with CPython's way from its words to random(), randint(), uniform() and
 * getrandbits(). */
#ifndef MT19937_H
#define MT19937_H

#include <stdint.h>

enum { MT_SIZE = 624, MT_SHIFT = 397 };

struct mt19937 {
    uint32_t word[MT_SIZE]; /* the state of the generator */
    int next;               /* index of the next word to hand out; MT_SIZE when all have been */
};

/* Fills the state from one number: the published init_genrand. */
static inline void mt_fill(struct mt19937 *mt, uint32_t seed)
{
    mt->word[0] = seed;
    for (uint32_t i = 1; i < MT_SIZE; i++) {
        uint32_t before = mt->word[i - 1];
        mt->word[i] = 1812433253u * (before ^ (before >> 30)) + i;
    }
    mt->next = MT_SIZE;
}

/* random.seed(seed): the published init_by_array with the seed's 32-bit words, the lowest first,
 * as its key. */
static inline void mt_seed(struct mt19937 *mt, uint64_t seed)
{
    uint32_t key[] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t keys = key[1] ? 2 : 1, i = 1, j = 0, *word = mt->word;

    mt_fill(mt, 19650218u);
    for (int k = 0; k < MT_SIZE; k++) {
        word[i] = (word[i] ^ ((word[i - 1] ^ (word[i - 1] >> 30)) * 1664525u)) + key[j] + j;
        j = (j + 1) % keys;
        if (++i == MT_SIZE) {
            word[0] = word[MT_SIZE - 1];
            i = 1;
        }
    }
    for (int k = 0; k < MT_SIZE - 1; k++) {
        word[i] = (word[i] ^ ((word[i - 1] ^ (word[i - 1] >> 30)) * 1566083941u)) - i;
        if (++i == MT_SIZE) {
            word[0] = word[MT_SIZE - 1];
            i = 1;
        }
    }
    word[0] = 0x80000000u;
}

static inline void mt_twist(struct mt19937 *mt)
{
    for (int i = 0; i < MT_SIZE; i++) {
        uint32_t y = (mt->word[i] & 0x80000000u) | (mt->word[(i + 1) % MT_SIZE] & 0x7fffffffu);
        mt->word[i] = mt->word[(i + MT_SHIFT) % MT_SIZE] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    mt->next = 0;
}

/* The next 32 random bits. */
static inline uint32_t mt_next(struct mt19937 *mt)
{
    if (mt->next == MT_SIZE)
        mt_twist(mt);
    uint32_t y = mt->word[mt->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

/* random.random(): 53 bits from two words. */
static inline double mt_random(struct mt19937 *mt)
{
    uint32_t high = mt_next(mt) >> 5, low = mt_next(mt) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

/* random.uniform(a, b) */
static inline double mt_uniform(struct mt19937 *mt, double a, double b)
{
    return a + (b - a) * mt_random(mt);
}

/* random.getrandbits(bits) for 1 to 64 bits: the low word first, a last partial word from its
 * top bits. */
static inline uint64_t mt_bits(struct mt19937 *mt, int bits)
{
    if (bits <= 32)
        return mt_next(mt) >> (32 - bits);
    uint64_t low = mt_next(mt);
    return low | (uint64_t)(mt_next(mt) >> (64 - bits)) << 32;
}

/* random.randint(a, b): draws as many bits as the number of choices has, until they make a
 * choice. */
static inline int mt_randint(struct mt19937 *mt, int a, int b)
{
    uint64_t choices = (uint64_t)((int64_t)b - a + 1), drawn;
    int bits = 64 - __builtin_clzll(choices);
    do
        drawn = mt_bits(mt, bits);
    while (drawn >= choices);
    return (int)(a + (int64_t)drawn);
}

#endif
