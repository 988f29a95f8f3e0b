/* SPDX-License-Identifier: MIT */
/*
 * stream.c - reads of every kind from a stream, compared with a model: the bytes that come out are those that went
 * in, in order, for any pieces, limits, separators and timeouts.
 *
 * Input: the limit, sizes of the next two parts; pieces in which the writer sends; reads; the bytes themselves, which
 * are sent several times over.
 */
#include "fuzz.h"

enum { PAYLOAD = 200000, ROOM = 70000, MOST_READS = 3000 };

struct course {
    uint8_t *sent;  /* all bytes that the writer sends */
    size_t size;    /* of it */
    size_t at;      /* how much of it has been read */
    size_t limit;   /* the stream's limit; 0: the default */
    struct input pieces, reads;
};

static uint8_t payload[PAYLOAD];
static char room[ROOM];
static const char *const separators[] = {"\n", "\r\n", "ab", "aab", "\r\n\r\n", "xyxyz"};

static eddy_slice separator(unsigned which)
{
    const char *text = separators[which % 6];
    return (eddy_slice){text, strlen(text)};
}

async(void, feed, (eddy_stream *, s), (struct course *, c)) {
    eddy_error err = {0};
    for (size_t at = 0; at < c->size && !err.code;) {
        bool last = c->pieces.size == 0;
        unsigned piece = take_byte(&c->pieces);
        size_t size = last ? c->size : piece < 200 ? 1 + piece % 40 : 1 + (piece - 199) * 400;
        if (size > c->size - at)
            size = c->size - at;
        await(eddy_stream_write(s, c->sent + at, size), &err);
        at += size;
        if (piece % 3 == 0)
            await(eddy_sleep(piece % 2 ? 0 : 0.001));
    }
    await(eddy_stream_close(s), &err);
}

/* Two or three separators, which may be equal or begin with each other. */
async(void, read_until_any, (eddy_stream *, s), (unsigned, which), (eddy_slice *, got)) {
    eddy_slice any[3] = {separator(which), separator(which / 6), {"b", 1}};
    await(eddy_stream_read_until_any(s, any, which > 127 ? 3 : 2, got));
}

async(void, read_once, (eddy_stream *, s), (struct input *, in), (eddy_slice *, got)) {
    *got = (eddy_slice){room, 0};
    switch (take_byte(in) % 6) {
    case 0:
        got->size = await(eddy_stream_read(s, room, take_number(in) % 40000));
        break;
    case 1:
        got->size = take_number(in) % 300;
        await(eddy_stream_read_exactly(s, room, got->size));
        break;
    case 2:
        await(eddy_stream_read_some(s, got));
        break;
    case 3:
        await(eddy_stream_read_line(s, got));
        break;
    case 4:
        await(eddy_stream_read_until(s, separators[take_byte(in) % 6], got));
        break;
    default:
        await(read_until_any(s, take_byte(in), got));
    }
}

static void expect(const struct course *c, eddy_slice got, const char *what)
{
    if (got.size > c->size - c->at || (got.size && memcmp(got.data, c->sent + c->at, got.size) != 0))
        DIE("%s: %zu bytes at %zu of %zu are not those that were sent", what, got.size, c->at, c->size);
}

/* True: the run is over. */
static bool take_failure(struct course *c, eddy_stream *s, const eddy_error *err)
{
    eddy_slice part = eddy_stream_partial(s);
    if (err->code != ETIMEDOUT && err->code != EDDY_LIMIT_OVERRUN && err->code != EDDY_INCOMPLETE_READ)
        DIE("a read failed with %d %s", err->code, err->message);
    expect(c, part, "what is there after a failure");
    if (err->code == EDDY_INCOMPLETE_READ && part.size != c->size - c->at)
        DIE("incomplete after %zu + %zu of %zu bytes", c->at, part.size, c->size);
    return err->code == EDDY_INCOMPLETE_READ;
}

/* The distance to the end of the line, its newline included; without a newline, to the end of the data. */
static size_t rest_of_line(const struct course *c)
{
    const uint8_t *end = memchr(c->sent + c->at, '\n', c->size - c->at);
    return end ? (size_t)(end - (c->sent + c->at)) + 1 : c->size - c->at;
}

/* Called after a line that was too long. The next read of a line would drop the rest of it up to a separator of that
 * read; so the line is either dropped here, or read by a call that knows no lines. */
async(void, leave_long_line, (eddy_stream *, s), (struct course *, c), (bool, skip)) {
    size_t left = rest_of_line(c), n = skip ? await(eddy_stream_skip_line(s)) : await(eddy_stream_read(s, room, 1));
    if (skip && n != left)
        DIE("%zu bytes were skipped at %zu of %zu, not %zu", n, c->at, c->size, left);
    if (!skip)
        expect(c, (eddy_slice){room, n}, "a read within a long line");
    c->at += n;
}

async(void, read_all, (eddy_stream *, s), (struct course *, c)) {
    eddy_error err;
    for (int i = 0; i < MOST_READS && c->reads.size; i++) {
        eddy_slice got = {room, 0};
        unsigned patience = take_byte(&c->reads);
        if (patience % 4 == 1)
            await_for(read_once(s, &c->reads, &got), 0.0001 * (patience % 16), &err);
        else
            await(read_once(s, &c->reads, &got), &err);
        if (err.code && take_failure(c, s, &err))
            return;
        if (err.code == EDDY_LIMIT_OVERRUN)
            await(leave_long_line(s, c, patience & 16));
        if (!err.code) {
            expect(c, got, "a read");
            c->at += got.size;
        }
    }
    for (size_t n; (n = await(eddy_stream_read(s, room, sizeof room))) > 0; c->at += n)
        expect(c, (eddy_slice){room, n}, "the rest");
    if (c->at != c->size)
        DIE("the stream ended after %zu of %zu bytes", c->at, c->size);
}

async(int, main_task, (struct course *, c)) {
    eddy_stream *ends[2];
    await(eddy_stream_pair(ends));
    if (c->limit)
        eddy_stream_set_limit(ends[1], c->limit);
    struct feed *writer = spawn(feed(ends[0], c));
    await(read_all(ends[1], c));
    await(eddy_stream_close(ends[1]));
    await(writer);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct course c = {.sent = payload};
    c.limit = take_number(&in) % 2000;
    size_t pieces = take_byte(&in), reads = take_byte(&in);
    c.pieces = take_part(&in, pieces);
    c.reads = take_part(&in, reads);
    for (unsigned times = 1 + take_byte(&in) % 50; times && c.size + in.size < PAYLOAD; times--) {
        memcpy(payload + c.size, in.data, in.size);
        c.size += in.size;
    }
    FUZZ_RUN(main_task(&c));
    return 0;
}
