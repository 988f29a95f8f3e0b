/* SPDX-License-Identifier: MIT */
/* talk.c - a conversation: the bytes that come back equal those that were sent, all of them unless a side was cut
 * short. See talk.h. */
#include "talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "world.h"

async_define(void, echo, (eddy_stream *, s), (void *, unused))
{
    char bytes[700];
    (void)unused;
    for (size_t size; (size = await(eddy_stream_read(s, bytes, sizeof bytes))) > 0;)
        await(eddy_stream_write(s, bytes, size));
    await(eddy_stream_write_eof(s));
}

struct speech {
    eddy_stream *stream;
    const char *text;
    size_t size;
    bool cut;       /* the writer has not finished */
};

async(void, speak, (struct speech *, speech))
{
    eddy_error err;
    speech->cut = true;
    await_always(eddy_stream_write(speech->stream, speech->text, speech->size), &err);
    if (err.code)
        rethrow(&err);
    await(eddy_stream_write_eof(speech->stream));
    speech->cut = false;
}

static void drop(eddy_stream **s)
{
    eddy_stream_abort(*s);
}

static char *random_text(uint64_t *random, size_t size)
{
    char *text = malloc(size);
    for (size_t i = 0; text && i < size; i++)
        text[i] = random_below(random, 20) ? (char)('a' + random_below(random, 20)) : '\n';
    return text;
}

struct piece {
    const char *data;
    size_t size;
};

/* Reads some more, in one of the ways to read; a timeout returns no bytes and loses none. */
async(struct piece, read_some, (eddy_stream *, s), (char *, buffer), (size_t, room), (uint64_t, choice))
{
    eddy_slice line = {NULL, 0};
    eddy_error err;
    size_t size = 0, want = 1 + choice / 64 % (room < 50 ? room : 50);
    double seconds = 0.001 * (double)(choice / 8 % 8);
    switch (choice % 4) {
    case 0: size = await_for(eddy_stream_read(s, buffer, room), seconds, &err); break;
    case 1: await_for(eddy_stream_read_exactly(s, buffer, want), seconds, &err); break;
    case 2: size = await_for(eddy_stream_read_line(s, &line), seconds, &err); break;
    default: size = await_for(eddy_stream_read_some(s, &line), seconds, &err);
    }
    if (err.code == ETIMEDOUT)
        return (struct piece){buffer, 0};
    if (err.code == EDDY_LIMIT_OVERRUN)
        return (struct piece){buffer, await(eddy_stream_read(s, buffer, room))};
    if (err.code)
        rethrow(&err);
    if (choice % 4 == 1)
        return (struct piece){buffer, want};
    return (struct piece){choice % 4 == 0 ? buffer : line.data, size};
}

/* Reads until all bytes have arrived, or the end, or until no more can arrive since the writer was cut short. */
async(size_t, listen_to, (struct speech *, speech), (struct speak *, writer), (const struct op *, op), (char *, buffer))
{
    size_t at = 0;
    uint64_t random = op->count * 1000u + op->size;
    for (unsigned turn = 0; at < speech->size && !(speech->cut && eddy_done(writer)); turn++) {
        if (turn == 5 && op->which & 2)
            eddy_cancel(writer, "in the middle");
        eddy_error err;
        uint64_t choice = random_next(&random);
        size_t room = speech->size - at;
        struct piece piece = await(read_some(speech->stream, buffer, room, choice), &err);
        if (err.code)
            rethrow(&err);
        MUST(piece.size <= room && memcmp(piece.data, speech->text + at, piece.size) == 0,
             "wrong bytes after %zu of %zu", at, speech->size);
        at += piece.size;
        if (piece.size == 0 && eddy_stream_at_end(speech->stream))
            break;
    }
    return at;
}

async_define(void, talk, (const struct op *, op))
{
    uint64_t random = op->count * 1000u + op->size;
    eddy_stream *ends[2] = {NULL, NULL}, **first = &ends[0], **second = &ends[1];
    char *text = random_text(&random, op->size), *buffer = malloc(op->size + 1);
    defer(free, text);
    defer(free, buffer);
    if (!text || !buffer)
        throw(ENOMEM);
    defer(drop, first);
    defer(drop, second);
    if (op->which & 1)
        await(eddy_stream_pair(ends));
    else
        ends[0] = await(eddy_open_connection("127.0.0.1", world.port));
    struct echo *other = ends[1] ? spawn(echo(ends[1], (void *)NULL)) : NULL;
    struct speech speech = {.stream = ends[0], .text = text, .size = op->size, .cut = true};
    struct speak *writer = spawn(speak(&speech));
    eddy_error err;
    size_t size = await(listen_to(&speech, writer, op, buffer));
    world.bytes += (long)size;
    await(writer, &err);
    MUST(size == op->size || speech.cut || world.rough, "an end after %zu of %u bytes", size, op->size);
    if (!speech.cut && other)
        await(other);
    if (op->count & 1)
        return;
    eddy_stream *s = ends[0];
    ends[0] = NULL;
    await(eddy_stream_close(s));
}
