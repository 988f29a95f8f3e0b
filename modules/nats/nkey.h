/* SPDX-License-Identifier: MIT */
/* nkey.h - signs a server's challenge with an nkey (Ed25519), by libsodium, which is loaded when it is needed. */
#ifndef EDDY_NATS_NKEY_H
#define EDDY_NATS_NKEY_H

#include <stddef.h>

enum { NKEY_PUBLIC = 57, NKEY_SIGNATURE = 87 }; /* bytes of the texts, with the 0 byte */

/* Returns 0, EINVAL (the seed) or ENOSYS (no libsodium), and then *why. */
int nkey_sign(const char *seed, const char *challenge, char public_key[NKEY_PUBLIC], char signature[NKEY_SIGNATURE],
              const char **why);

#endif
