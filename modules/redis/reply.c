/* SPDX-License-Identifier: MIT */
/*
 * reply.c - see reply.h.
 *
 * Invariant: a whole reply is the first member of its block, which contains its parts and texts. A reply that was
 * joined owns the blocks of those that it consists of.
 */
#define EDDY_LIBRARY
#include "reply.h"

#include <stdlib.h>
#include <string.h>

#include "../shared/number.h"

struct block {
    eddy_redis_reply reply; /* first */
    struct block *joined;   /* a list: blocks that end with this one */
    struct block *next;     /* in the list of another one */
};

/* What is being built. */
struct builder {
    const char *at, *end;
    eddy_redis_reply *parts; /* the next free one */
    char *text;              /* room for the next text */
};

static struct block *block_of(eddy_redis_reply *reply)
{
    return (struct block *)(void *)reply;
}

/* ==== building ==== */

static eddy_slice add_text(struct builder *b, const char *data, size_t size)
{
    eddy_slice text = {b->text, size};
    memcpy(b->text, data, size);
    b->text[size] = '\0';
    b->text += size + 1;
    return text;
}

/* A string with a length; a verbatim string has its format in front: "txt:". */
static void build_text(struct builder *b, eddy_redis_reply *reply, char kind, int64_t size)
{
    if (size < 0)
        return;
    size_t skipped = kind == '=' && size >= 4 ? 4 : 0;
    reply->kind = kind == '!' ? EDDY_REDIS_ERROR : EDDY_REDIS_TEXT;
    reply->text = add_text(b, b->at + skipped, (size_t)size - skipped);
    b->at += size + 2;
}

static void build_line(struct builder *b, eddy_redis_reply *reply, const char *line, int64_t number)
{
    switch (*line) {
    case '+': case '(':
        reply->kind = EDDY_REDIS_TEXT;
        reply->text = add_text(b, line + 1, (size_t)(b->at - line) - 3);
        break;
    case '-':
        reply->kind = EDDY_REDIS_ERROR;
        reply->text = add_text(b, line + 1, (size_t)(b->at - line) - 3);
        break;
    case ':':
        reply->kind = EDDY_REDIS_INTEGER;
        reply->integer = number;
        break;
    case ',':
        reply->kind = EDDY_REDIS_REAL;
        reply->real = number_parse(line + 1);
        break;
    case '#':
        reply->kind = EDDY_REDIS_BOOLEAN;
        reply->integer = line[1] == 't';
        break;
    default: break;
    }
}

static void build(struct builder *b, eddy_redis_reply *reply);

static void build_parts(struct builder *b, eddy_redis_reply *reply, char kind, int64_t count)
{
    if (count < 0)
        return;
    reply->kind = kind == '%' ? EDDY_REDIS_MAP : kind == '~' ? EDDY_REDIS_SET : EDDY_REDIS_ARRAY;
    reply->count = kind == '%' ? 2 * (size_t)count : (size_t)count;
    eddy_redis_reply *parts = b->parts;
    reply->items = reply->count ? parts : NULL;
    b->parts += reply->count;
    for (size_t i = 0; i < reply->count; i++)
        build(b, &parts[i]);
}

/* An attribute is told about the value after it, and dropped. */
static void skip_attribute(struct builder *b, int64_t pairs)
{
    for (int64_t i = 0; i < 2 * pairs; i++)
        build(b, b->parts++);
}

/* reply is all zero. What the reader has found is whole and right. */
static void build(struct builder *b, eddy_redis_reply *reply)
{
    int64_t number;
    const char *line = b->at;
    b->at = reader_line(b->at, b->end, &number);
    if (*line == '|') {
        skip_attribute(b, number);
        build(b, reply);
    } else if (strchr("$=!", *line)) {
        build_text(b, reply, *line, number);
    } else if (strchr("*~>%", *line)) {
        build_parts(b, reply, *line, number);
    } else {
        build_line(b, reply, line, number);
    }
}

eddy_redis_reply *reply_build(const struct view *view)
{
    size_t parts = (view->parts - 1) * sizeof(eddy_redis_reply);
    struct block *block = malloc(sizeof *block + parts + view->bytes);
    if (!block)
        return NULL;
    memset(block, 0, sizeof *block + parts);
    char *rest = (char *)(block + 1);
    struct builder b = {view->data, view->data + view->size, (eddy_redis_reply *)(void *)rest, rest + parts};
    build(&b, &block->reply);
    return &block->reply;
}

eddy_redis_reply *reply_join(eddy_redis_reply **replies, size_t count)
{
    struct block *block = calloc(1, sizeof *block + count * sizeof(eddy_redis_reply));
    if (!block)
        return NULL;
    eddy_redis_reply *items = (eddy_redis_reply *)(void *)(block + 1);
    block->reply.kind = EDDY_REDIS_ARRAY;
    block->reply.count = count;
    block->reply.items = items;
    for (size_t i = 0; i < count; i++) {
        struct block *one = block_of(replies[i]);
        items[i] = one->reply;
        one->next = block->joined;
        block->joined = one;
    }
    return &block->reply;
}

void eddy_redis_reply_free(eddy_redis_reply *reply)
{
    if (!reply)
        return;
    for (struct block *one = block_of(reply)->joined, *next; one; one = next) {
        next = one->next;
        eddy_redis_reply_free(&one->reply);
    }
    free(reply);
}

/* ==== reading ==== */

static const eddy_redis_reply none;

bool reply_is(const eddy_redis_reply *reply, const char *text)
{
    return reply->text.size == strlen(text) && memcmp(reply->text.data, text, reply->text.size) == 0;
}

int64_t eddy_redis_integer(const eddy_redis_reply *reply)
{
    switch (reply->kind) {
    case EDDY_REDIS_INTEGER: case EDDY_REDIS_BOOLEAN: return reply->integer;
    case EDDY_REDIS_REAL:
        if (reply->real >= -9223372036854775808.0 && reply->real < 9223372036854775808.0)
            return (int64_t)reply->real;
        return reply->real > 0 ? INT64_MAX : reply->real < 0 ? INT64_MIN : 0;
    case EDDY_REDIS_TEXT: return strtoll(reply->text.data, NULL, 10);
    default: return 0;
    }
}

double eddy_redis_real(const eddy_redis_reply *reply)
{
    switch (reply->kind) {
    case EDDY_REDIS_INTEGER: case EDDY_REDIS_BOOLEAN: return (double)reply->integer;
    case EDDY_REDIS_REAL: return reply->real;
    case EDDY_REDIS_TEXT: return number_parse(reply->text.data);
    default: return 0;
    }
}

const char *eddy_redis_text(const eddy_redis_reply *reply)
{
    return reply->text.data ? reply->text.data : "";
}

bool eddy_redis_is_null(const eddy_redis_reply *reply)
{
    return reply->kind == EDDY_REDIS_NULL;
}

const eddy_redis_reply *eddy_redis_item(const eddy_redis_reply *reply, size_t i)
{
    return i < reply->count ? &reply->items[i] : &none;
}

static const eddy_redis_reply *field_in_turn(const eddy_redis_reply *reply, const char *name)
{
    for (size_t i = 0; i + 1 < reply->count; i += 2)
        if (reply_is(&reply->items[i], name))
            return &reply->items[i + 1];
    return &none;
}

static bool is_pair(const eddy_redis_reply *reply)
{
    return reply->kind == EDDY_REDIS_ARRAY && reply->count == 2;
}

static const eddy_redis_reply *field_in_pairs(const eddy_redis_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->count; i++)
        if (is_pair(&reply->items[i]) && reply_is(&reply->items[i].items[0], name))
            return &reply->items[i].items[1];
    return &none;
}

/* RESP2 has HGETALL's fields in turn, and the streams of XREAD in pairs. */
const eddy_redis_reply *eddy_redis_field(const eddy_redis_reply *reply, const char *name)
{
    bool has_pairs = reply->count > 0 && is_pair(&reply->items[0]);
    return has_pairs ? field_in_pairs(reply, name) : field_in_turn(reply, name);
}
