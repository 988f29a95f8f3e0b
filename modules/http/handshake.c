/* SPDX-License-Identifier: MIT */
/*
 * handshake.c - see handshake.h. SHA-1 proves nothing here but that the server speaks WebSocket, as the protocol has
 * it; it is written out, since the module may be built without OpenSSL.
 */
#include "handshake.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

/* ==== base64 ==== */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(const uint8_t *data, size_t size, char *text)
{
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned three = (unsigned)data[i] << 16 | (left > 1 ? data[i + 1] << 8 : 0) | (left > 2 ? data[i + 2] : 0);
        *text++ = digits[three >> 18];
        *text++ = digits[three >> 12 & 63];
        *text++ = left > 1 ? digits[three >> 6 & 63] : '=';
        *text++ = left > 2 ? digits[three & 63] : '=';
    }
    *text = 0;
}

/* ==== SHA-1 ==== */

static uint32_t turn(uint32_t word, int by)
{
    return word << by | word >> (32 - by);
}

static uint32_t mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round < 20)
        return ((b & c) | (~b & d)) + 0x5a827999;
    if (round < 40)
        return (b ^ c ^ d) + 0x6ed9eba1;
    return round < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc : (b ^ c ^ d) + 0xca62c1d6;
}

static void hash_block(uint32_t state[5], const uint8_t block[64])
{
    uint32_t word[80], s[5];
    for (int i = 0; i < 16; i++)
        word[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
                  block[4 * i + 3];
    for (int i = 16; i < 80; i++)
        word[i] = turn(word[i - 3] ^ word[i - 8] ^ word[i - 14] ^ word[i - 16], 1);
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 80; i++) {
        uint32_t next = turn(s[0], 5) + mix(i, s[1], s[2], s[3]) + s[4] + word[i];
        s[4] = s[3];
        s[3] = s[2];
        s[2] = turn(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    for (int i = 0; i < 5; i++)
        state[i] += s[i];
}

/* Of at most 119 bytes: two blocks. */
static void hash(const char *text, size_t size, uint8_t sum[20])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t blocks[128] = {0};
    size_t end = size < 56 ? 64 : 128;
    memcpy(blocks, text, size);
    blocks[size] = 0x80;
    blocks[end - 2] = (uint8_t)(size * 8 >> 8);
    blocks[end - 1] = (uint8_t)(size * 8);
    for (size_t i = 0; i < end; i += 64)
        hash_block(state, blocks + i);
    for (int i = 0; i < 20; i++)
        sum[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* ==== keys ==== */

bool handshake_make_key(char key[KEY_ROOM])
{
    uint8_t random[16];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    encode(random, sizeof random, key);
    return true;
}

bool handshake_is_key(const char *key)
{
    return strlen(key) == 24 && strspn(key, digits) == 22 && strcmp(key + 22, "==") == 0;
}

void handshake_answer(const char *key, char answer[ANSWER_ROOM])
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[24 + sizeof magic];
    uint8_t sum[20];
    memcpy(text, key, 24);
    memcpy(text + 24, magic, sizeof magic);
    hash(text, 24 + sizeof magic - 1, sum);
    encode(sum, sizeof sum, answer);
}

/* ==== protocols ==== */

static size_t word_at(const char **list)
{
    *list += strspn(*list, " \t,");
    return strcspn(*list, " \t,");
}

static bool has_word(const char *list, const char *word, size_t size)
{
    for (size_t length; (length = word_at(&list)); list += length)
        if (length == size && memcmp(list, word, size) == 0)
            return true;
    return false;
}

size_t handshake_agree(const char *ours, const char *theirs, const char **word)
{
    for (size_t size; (size = word_at(&ours)); ours += size) {
        *word = ours;
        if (has_word(theirs, ours, size))
            return size;
    }
    return 0;
}
