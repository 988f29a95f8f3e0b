/* SPDX-License-Identifier: MIT */
/* http.c - the head and body of HTTP requests as examples/http_request.h reads them, from bytes in any pieces. */
#include "fuzz.h"

#include "http_request.h"

enum { MOST_REQUESTS = 200 };

async(void, feed, (eddy_stream *, s), (struct input, in), (size_t, piece)) {
    eddy_error err = {0};
    while (in.size && !err.code) {
        struct input part = take_part(&in, piece ? piece : in.size);
        await(eddy_stream_write(s, part.data, part.size), &err);
        if (piece)
            await(eddy_sleep(0));
    }
    await(eddy_stream_write_eof(s), &err);
}

/* Reads what the server sends, "100 Continue" included. */
async(void, drain, (eddy_stream *, s)) {
    eddy_slice answer;
    eddy_error err;
    while (await(eddy_stream_read_some(s, &answer), &err))
        continue;
}

static void check(const struct request *r)
{
    if (strlen(r->method) >= sizeof r->method || strlen(r->target) >= sizeof r->target)
        DIE("a method or target is longer than its room");
    if (r->body.size > REQUEST_BODY || (!r->chunked && r->body.size != r->size))
        DIE("a body of %zu bytes where %zu were announced", r->body.size, r->size);
}

async(void, serve, (eddy_stream *, s)) {
    struct request r = {0};
    eddy_error err = {0};
    defer(request_free, &r);
    for (int i = 0; i < MOST_REQUESTS; i++) {
        const char *refusal = await(request_read(s, &r), &err);
        if (err.code || refusal)
            break;
        check(&r);
    }
    if (err.code && err.code != EDDY_INCOMPLETE_READ && err.code != EDDY_LIMIT_OVERRUN)
        DIE("a request failed with %d %s", err.code, err.message);
}

async(int, main_task, (struct input, in)) {
    eddy_stream *ends[2];
    eddy_error err;
    await(eddy_stream_pair(ends));
    size_t piece = take_byte(&in) % 50;
    struct feed *writer = spawn(feed(ends[0], in, piece));
    struct drain *reader = spawn(drain(ends[0]));
    await(serve(ends[1]));
    await(eddy_stream_close(ends[1]));
    await(writer, &err);
    await(reader, &err);
    await(eddy_stream_close(ends[0]));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FUZZ_RUN(main_task((struct input){data, size}));
    return 0;
}
