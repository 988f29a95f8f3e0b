/* SPDX-License-Identifier: MIT */
/*
 * sha256.h - SHA-256 (FIPS 180-4): names the entries of the cache by what went into them, and jobs by their keys
 * (modules/jobs compiles it, too).
 *
 * A cryptographic hash, because an entry is a program that will be executed, and a key has a result that is kept: two
 * contents must not share a name even if an attacker chooses them.
 */
#ifndef EDDY_CLI_SHA256_H
#define EDDY_CLI_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8]; /* the chaining value */
    uint64_t size;     /* bytes taken so far */
    uint8_t block[64]; /* the bytes of the block that is not full yet */
};

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t size);
/* Adds a part together with its size, so that two different lists of parts never look alike. */
void sha256_add_part(struct sha256 *hash, const void *data, size_t size);
void sha256_add_string(struct sha256 *hash, const char *string);
/* Lower-case hexadecimal digits of the digest, and a NUL. */
void sha256_finish(struct sha256 *hash, char digits[65]);

#endif
