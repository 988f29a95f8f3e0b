/* SPDX-License-Identifier: MIT */
/* utf8.c - whether bytes are UTF-8: no code point has more bytes than it needs, is a surrogate or above 10FFFF. */
#include "frames.h"

/* Bytes that follow the first one; -1: it begins no character. */
static int rest_of(unsigned char first)
{
    return first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
}

/* The second byte decides what the first leaves open. */
static bool fits(unsigned char first, unsigned char second)
{
    return first == 0xe0   ? second >= 0xa0
           : first == 0xed ? second < 0xa0
           : first == 0xf0 ? second >= 0x90
           : first == 0xf4 ? second < 0x90
                           : true;
}

bool utf8_is_valid(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size;
    while (at < end) {
        int rest = rest_of(*at);
        if (rest < 0 || end - at <= rest || (rest && !fits(at[0], at[1])))
            return false;
        for (int i = 1; i <= rest; i++)
            if ((at[i] & 0xc0) != 0x80)
                return false;
        at += rest + 1;
    }
    return true;
}
