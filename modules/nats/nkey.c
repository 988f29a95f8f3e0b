/* SPDX-License-Identifier: MIT */
/*
 * nkey.c - see nkey.h.
 *
 * A seed is base32 of two bytes of prefix, 32 bytes of the key's seed and a CRC-16; a public key of one byte, 32 bytes
 * and a CRC-16.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "nkey.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SEED_TEXT = 58, SEED_BYTES = 36, PUBLIC_BYTES = 35, PREFIX_SEED = 18 << 3, PREFIX_USER = 20 << 3 };

/* What is used of libsodium. */
struct sodium {
    int (*init)(void);
    int (*keypair)(unsigned char *public_key, unsigned char *secret_key, const unsigned char *seed);
    int (*sign)(unsigned char *signature, unsigned long long *size, const unsigned char *message,
                unsigned long long message_size, const unsigned char *secret_key);
};

static bool load(struct sodium *s)
{
    static const char *const names[] = {"libsodium.so.23", "libsodium.so.26", "libsodium.so"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return false;
    *(void **)&s->init = dlsym(library, "sodium_init");
    *(void **)&s->keypair = dlsym(library, "crypto_sign_seed_keypair");
    *(void **)&s->sign = dlsym(library, "crypto_sign_detached");
    return s->init && s->keypair && s->sign && s->init() >= 0;
}

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* CRC-16 of XMODEM. */
static uint16_t crc_of(const unsigned char *data, size_t size)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < size; i++) {
        crc ^= (uint16_t)(data[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

static bool read_seed(const char *text, unsigned char bytes[SEED_BYTES])
{
    uint32_t held = 0;
    int bits = 0;
    size_t used = 0;
    if (strlen(text) != SEED_TEXT)
        return false;
    for (; *text; text++) {
        const char *found = strchr(base32, *text);
        if (!found)
            return false;
        held = held << 5 | (uint32_t)(found - base32);
        bits += 5;
        if (bits >= 8 && used < SEED_BYTES)
            bytes[used++] = (unsigned char)(held >> (bits -= 8));
    }
    uint16_t crc = crc_of(bytes, SEED_BYTES - 2);
    return (bytes[0] & 0xf8) == PREFIX_SEED && bytes[SEED_BYTES - 2] == (crc & 0xff) &&
           bytes[SEED_BYTES - 1] == crc >> 8;
}

/* Base32 or base64 without padding: `bits` of each digit. */
static void write_text(const unsigned char *data, size_t size, int bits, const char *digits, char *to)
{
    uint32_t held = 0;
    int count = 0;
    for (size_t i = 0; i < size; i++) {
        held = held << 8 | data[i];
        for (count += 8; count >= bits; count -= bits)
            *to++ = digits[held >> (count - bits) & ((1u << bits) - 1)];
    }
    if (count)
        *to++ = digits[held << (bits - count) & ((1u << bits) - 1)];
    *to = '\0';
}

static void write_public(const unsigned char key[32], char text[NKEY_PUBLIC])
{
    unsigned char bytes[PUBLIC_BYTES] = {PREFIX_USER};
    memcpy(bytes + 1, key, 32);
    uint16_t crc = crc_of(bytes, PUBLIC_BYTES - 2);
    bytes[PUBLIC_BYTES - 2] = crc & 0xff;
    bytes[PUBLIC_BYTES - 1] = (unsigned char)(crc >> 8);
    write_text(bytes, sizeof bytes, 5, base32, text);
}

int nkey_sign(const char *seed, const char *challenge, char public_key[NKEY_PUBLIC], char signature[NKEY_SIGNATURE],
              const char **why)
{
    struct sodium sodium;
    unsigned char bytes[SEED_BYTES], key[32], secret[64], signed_bytes[64];
    *why = "the seed of the nkey is not valid: it begins with SU and has 58 letters";
    if (!read_seed(seed, bytes))
        return EINVAL;
    *why = "an nkey needs libsodium, which is not there: install libsodium23";
    if (!load(&sodium))
        return ENOSYS;
    sodium.keypair(key, secret, bytes + 2);
    sodium.sign(signed_bytes, NULL, (const unsigned char *)challenge, strlen(challenge), secret);
    write_public(key, public_key);
    write_text(signed_bytes, sizeof signed_bytes, 6, base64, signature);
    explicit_bzero(bytes, sizeof bytes);
    explicit_bzero(secret, sizeof secret);
    return 0;
}
