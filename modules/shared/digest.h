/* SPDX-License-Identifier: MIT */
/* digest.h - SHA-256: a name for any bytes, which no other bytes have. It is the same on all machines. */
#ifndef EDDY_MODULES_DIGEST_H
#define EDDY_MODULES_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest {
    uint32_t state[8]; /* the chaining value */
    uint64_t size;     /* bytes taken so far */
    uint8_t block[64]; /* the bytes of the block that is not full yet */
};

void digest_start(struct digest *hash);
void digest_add(struct digest *hash, const void *data, size_t size);
/* With the 0 byte at its end, so that two different lists of texts never look alike. */
void digest_add_text(struct digest *hash, const char *text);
/* Lower-case hexadecimal digits, and a NUL. */
void digest_finish(struct digest *hash, char digits[65]);

#endif
