/* SPDX-License-Identifier: MIT */
/* redis.c - what a server of Redis sends, as eddy-redis reads it: replies of RESP2 and RESP3 in pieces, as trees. */
#include "fuzz.h"

#include "redis/reader.h"
#include "redis/reply.h"

#include "pieces.h"

enum { MOST = 4096, LIMIT = 2000 };

/* What has been read: a number that depends on each byte of it. */
static uint64_t mix(uint64_t sum, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3;
    return sum * 31 + size;
}

static uint64_t take_tree(uint64_t sum, const eddy_redis_reply *reply)
{
    if (reply->text.data && reply->text.data[reply->text.size])
        DIE("a text has no 0 byte at its end");
    int64_t integer = eddy_redis_integer(reply);
    const eddy_redis_reply *field = eddy_redis_field(reply, "a");
    sum = mix(sum * 7 + (uint64_t)reply->kind, reply->text.data, reply->text.size);
    sum = mix(sum, &integer, sizeof integer);
    sum = mix(sum, eddy_redis_text(field), strlen(eddy_redis_text(field)));
    for (size_t i = 0; i < reply->count; i++)
        sum = take_tree(sum * 3, eddy_redis_item(reply, i));
    return sum;
}

/* False: the bytes were refused. */
static bool take_all(struct reader *reader, uint64_t *sum)
{
    struct view view;
    enum reader_result result;
    while ((result = reader_next(reader, &view)) == READER_REPLY) {
        eddy_redis_reply *reply = reply_build(&view);
        if (!reply)
            DIE("no memory");
        *sum = take_tree(*sum * 5, reply);
        eddy_redis_reply_free(reply);
    }
    if (result != READER_MORE && !reader->why)
        DIE("refused without a reason");
    *sum = result == READER_MORE ? *sum : *sum * 11 + result;
    return result == READER_MORE;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input in = {bytes, size};
    size_t piece = 1 + take_byte(&in) % 50;
    const char *data = (const char *)in.data;
    if (in.size == 0 || in.size > MOST)
        return 0;
    if (read_pieces(LIMIT, data, in.size, piece) != read_pieces(LIMIT, data, in.size, in.size))
        DIE("what is read depends on the pieces it comes in");
    return 0;
}
