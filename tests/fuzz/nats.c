/* SPDX-License-Identifier: MIT */
/* nats.c - what a server of NATS sends, as eddy-nats reads it: operations in pieces, headers, and JSON. */
#include "fuzz.h"

#include "nats/json.h"
#include "nats/message.h"
#include "nats/reader.h"

#include "pieces.h"

enum { MOST = 4096, LIMIT = 500 };

/* What has been read: a number that depends on each byte of it. */
static uint64_t mix(uint64_t sum, eddy_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        sum = (sum ^ (unsigned char)bytes.data[i]) * 0x100000001b3;
    return sum * 31 + bytes.size;
}

static uint64_t take_message(uint64_t sum, const struct view *view)
{
    eddy_nats_message *m = message_new(NULL, view);
    if (!m)
        DIE("no memory");
    if (m->data.data[m->data.size])
        DIE("a message has no 0 byte at its end");
    const char *value = eddy_nats_header_of(m, "a");
    sum = mix(sum * 3 + (uint64_t)m->status, m->data);
    sum = mix(sum, (eddy_slice){m->subject, strlen(m->subject)});
    sum = mix(sum, (eddy_slice){m->reply, strlen(m->reply)});
    sum = value ? mix(sum, (eddy_slice){value, strlen(value)}) : sum;
    eddy_nats_message_free(m);
    return sum;
}

/* False: the bytes were refused, or there is no more. */
static bool take_all(struct reader *reader, uint64_t *sum)
{
    struct view view;
    enum reader_result result;
    while ((result = reader_next(reader, &view)) != READER_MORE) {
        *sum = *sum * 7 + result;
        if (result >= READER_BAD) {
            if (!reader->why)
                DIE("refused without a reason");
            return false;
        }
        if (result == READER_MESSAGE)
            *sum = take_message(*sum * 5 + view.sid, &view);
        else if (result == READER_INFO || result == READER_ERROR)
            *sum = mix(*sum, view.text);
    }
    return true;
}

static void read_json(const char *data, size_t size)
{
    static const char *const names[] = {"a", "a.b", "error.code", "config.name", ""};
    char *text = strndup(data, size), value[40];
    uint64_t number;
    eddy_slice found;
    if (!text)
        DIE("no memory");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_find(text, names[i], &found) && (found.data < text || found.data + found.size > text + strlen(text)))
            DIE("a value lies outside of its text");
        eddy_nats_json_number(text, names[i], &number);
        json_bool(text, names[i]);
        if (json_text(text, names[i], value, sizeof value) && strlen(value) >= sizeof value)
            DIE("a text is larger than its place");
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input in = {bytes, size};
    size_t kind = take_byte(&in), piece = 1 + take_byte(&in) % 50;
    const char *data = (const char *)in.data;
    if (in.size == 0 || in.size > MOST)
        return 0;
    if (kind % 3 == 0)
        read_json(data, in.size);
    else if (read_pieces(LIMIT, data, in.size, piece) != read_pieces(LIMIT, data, in.size, in.size))
        DIE("what is read depends on the pieces it comes in");
    return 0;
}
