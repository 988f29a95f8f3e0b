/* SPDX-License-Identifier: MIT */
/* test_sha256.c - the digests of src/cli/sha256.c equal those of another implementation (Python's hashlib). */
#include <stdio.h>
#include <string.h>

#include "cli/sha256.h"

/* The digest of the hexadecimal digests of two hundred messages, of 0 to 199 bytes. */
static void digest_all(char digits[65])
{
    static char all[200 * 64 + 1];
    struct sha256 hash;
    for (size_t size = 0; size < 200; size++) {
        unsigned char message[200];
        for (size_t i = 0; i < size; i++)
            message[i] = (unsigned char)(i * 7 + size);
        sha256_start(&hash);
        sha256_add_part(&hash, message, size);
        sha256_finish(&hash, all + 64 * size);
    }
    sha256_start(&hash);
    sha256_add_string(&hash, all);
    sha256_finish(&hash, digits);
}

static void digest_parts(char digits[65])
{
    struct sha256 hash;
    char a[64];
    memset(a, 'a', sizeof a);
    sha256_start(&hash);
    sha256_add_part(&hash, a, 1);
    sha256_add_part(&hash, a, 64);
    sha256_add_string(&hash, "aaa");
    sha256_finish(&hash, digits);
}

static int check(const char *what, const char *digits, const char *wanted)
{
    if (strcmp(digits, wanted) == 0)
        return 0;
    printf("%s: %s, should be %s\n", what, digits, wanted);
    return 1;
}

int main(void)
{
    char all[65], parts[65];
    digest_all(all);
    digest_parts(parts);
    int failed = check("all sizes", all, "76610fa374ac59768ba3b88f8c6f5d1e10627a39e59dd2274f4cf0c17e4207b2");
    failed += check("parts", parts, "4404c8a3592e04b784c4d72841ef18b2456c5fd780d28142b1f5eac57c26bd32");
    return failed ? 1 : 0;
}
