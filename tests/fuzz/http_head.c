/* SPDX-License-Identifier: MIT */
/* http_head.c - heads of requests and responses, targets, and bodies in chunks, as eddy-http reads them. */
#include "fuzz.h"

#include "chunks.h"
#include "target.h"

enum { MOST = 4096 };

static const struct head_limits limits = {.line = 300, .size = 2000, .fields = 20};

/* No byte of a message may be in two places, or in none. */
static void check_fields(const struct head *head, size_t size)
{
    for (size_t i = 0; i < head->count; i++) {
        const struct head_field *field = &head->fields[i];
        if (field->name + field->name_size >= size || field->value + field->value_size >= size)
            DIE("a field lies outside of its head");
        if (head->text[field->name + field->name_size] || head->text[field->value + field->value_size])
            DIE("a field has no end");
        if (!head_is_token(head->text + field->name, field->name_size) ||
            !head_is_value(head->text + field->value, field->value_size))
            DIE("a field has a character that no field may have");
    }
    if (head->chunked && head->length >= 0)
        DIE("the body has two ends");
}

static void check_target(struct head *head)
{
    struct arena arena;
    struct target target;
    arena_begin(&arena);
    if (target_read(&target, head, &arena)) {
        if (target.path[0] != '/' && strcmp(target.path, "*") != 0)
            DIE("a path does not begin at the root: %s", target.path);
        if (strstr(target.path, "/../") || strstr(target.path, "/./"))
            DIE("a path leads elsewhere: %s", target.path);
        if (target_fits(target.path, "/:a/*") && !target_take_params(&target, "/:a/*", &arena))
            DIE("no memory");
    }
    arena_end(&arena);
}

static void read_head(const char *data, size_t size, size_t piece, bool request)
{
    struct head head = {0};
    struct head_search search = {0}, whole = {0};
    struct head_field fields[64];
    char text[MOST];
    int64_t found = 0;
    for (size_t n = piece; !found && n < size + piece; n += piece)
        found = head_find(&search, data, n < size ? n : size, &limits, &head);
    if ((found > 0) != (head_find(&whole, data, size, &limits, &head) > 0))
        DIE("the end of a head depends on the pieces it comes in");
    if (found <= 0)
        return;
    if ((size_t)found + search.skipped > size || search.lines > limits.fields + 1)
        DIE("a head is larger than what has come");
    memcpy(text, data + search.skipped, (size_t)found);
    bool good = (request ? head_read_request : head_read_response)(&head, text, (size_t)found, fields, &limits);
    if (good != !head.refused)
        DIE("a head is good and refused");
    if (!good)
        return;
    check_fields(&head, (size_t)found);
    if (request)
        check_target(&head);
}

static long read_chunks(const char *data, size_t size, size_t piece)
{
    struct chunks chunks = {.limit = 500};
    size_t at = 0, bytes = 0;
    while (at < size && !chunks_ended(&chunks)) {
        const char *body;
        size_t body_size, room = size - at < piece ? size - at : piece;
        int64_t taken = chunks_take(&chunks, data + at, room, &body, &body_size);
        if (taken < 0)
            return -1;
        if (taken == 0 || (size_t)taken > room || body_size > (size_t)taken)
            DIE("chunks_take took %ld of %zu bytes", (long)taken, room);
        at += (size_t)taken;
        bytes += body_size;
    }
    return chunks_ended(&chunks) ? (long)(at + bytes) : -2;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input in = {bytes, size};
    size_t kind = take_byte(&in), piece = 1 + take_byte(&in) % 50;
    const char *data = (const char *)in.data;
    if (in.size == 0 || in.size > MOST)
        return 0;
    if (kind % 3 < 2)
        read_head(data, in.size, piece, kind % 3);
    else if (read_chunks(data, in.size, piece) != read_chunks(data, in.size, in.size))
        DIE("a body depends on the pieces it comes in");
    return 0;
}
