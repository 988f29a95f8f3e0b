/* SPDX-License-Identifier: MIT */
/*
 * tls.c - TLS with an attacker in between who flips, cuts, doubles, inserts and delays bytes, and raw bytes in place
 * of a peer. In every case each side ends within its deadline, with an error or without.
 *
 * Input: a byte of choices, then the actions on the two directions.
 */
#include "fuzz.h"

#include "certificates.h"

enum { BLOCK = 20000, PATIENCE = 300 };
enum { READS_LINES = 1, WRITES_EOF = 2, AT_CLIENT = 64, RAW = 128 };

static eddy_tls *client_tls, *server_tls;

/* Forwards one block of a direction, changed as the next byte of the input says; false: the direction ends here. */
static bool change(struct input *acts, char *data, size_t *size)
{
    unsigned act = take_byte(acts) % 8;
    if (act == 1 && *size)
        data[take_number(acts) % *size] ^= (char)(1 << take_byte(acts) % 8);
    else if (act == 2)
        *size = take_number(acts) % (*size + 1);
    else if (act == 3)
        for (unsigned more = take_byte(acts); more; more--)
            data[(*size)++] = (char)take_byte(acts);
    else if (act == 4 && *size > 5)
        data[take_byte(acts) % 5] = (char)take_byte(acts);
    return act != 6;
}

async(void, write_in_pieces, (eddy_stream *, to), (const char *, data), (size_t, size), (size_t, piece)) {
    for (size_t at = 0; at < size; at += piece) {
        if (piece > size - at)
            piece = size - at;
        await(eddy_stream_write(to, data + at, piece));
        await(eddy_sleep(0));
    }
}

async(void, pass_on, (eddy_stream *, from), (eddy_stream *, to), (struct input *, acts)) {
    eddy_slice block;
    eddy_error err = {0};
    bool goes_on = true;
    eddy_stream_set_deadline(from, eddy_time() + 100);
    eddy_stream_set_deadline(to, eddy_time() + 100);
    while (goes_on && !err.code && await(eddy_stream_read_some(from, &block), &err)) {
        size_t size = block.size;
        char *copy = malloc(size + 256);
        defer(free, copy);
        memcpy(copy, block.data, size);
        goes_on = change(acts, copy, &size);
        size_t piece = acts->size && take_byte(acts) % 4 == 0 ? 1 + take_byte(acts) : size;
        await(write_in_pieces(to, copy, size, piece ? piece : 1), &err);
    }
    await(eddy_stream_write_eof(to), &err);
}

async(void, converse, (eddy_stream *, s), (eddy_tls *, tls), (const char *, host), (unsigned, how)) {
    char *block = calloc(1, BLOCK);
    eddy_slice line;
    defer(free, block);
    await(eddy_start_tls(s, tls, host));
    for (int i = 0; i < 3; i++) {
        if (host || i)
            await(eddy_stream_write(s, block, i == 1 ? BLOCK : 5));
        if (how & READS_LINES)
            await_for(eddy_stream_read_line(s, &line), 0.01);
        else
            await(eddy_stream_read(s, block, BLOCK));
    }
    if (how & WRITES_EOF)
        await(eddy_stream_write_eof(s));
}

async(void, talk, (eddy_stream *, s), (eddy_tls *, tls), (const char *, host), (unsigned, how)) {
    eddy_error err;
    eddy_stream_set_deadline(s, eddy_time() + 50);
    await(converse(s, tls, host, how), &err);
    await(eddy_stream_close(s), &err);
}

async(void, against_raw_bytes, (struct input, in), (unsigned, how)) {
    eddy_stream *ends[2];
    eddy_error err;
    await(eddy_stream_pair(ends));
    bool client = how & AT_CLIENT;
    struct talk *side = spawn(talk(ends[0], client ? client_tls : server_tls, client ? "localhost" : NULL, how));
    await(eddy_stream_write(ends[1], in.data, in.size), &err);
    await(eddy_stream_write_eof(ends[1]), &err);
    await_for(side, PATIENCE, &err);
    eddy_stream_abort(ends[1]);
    if (err.code)
        DIE("a side that was sent raw bytes did not end: %s", err.message);
}

async(void, with_one_between, (struct input, in), (unsigned, how)) {
    eddy_stream *left[2], *right[2];
    eddy_error err;
    struct input there = take_part(&in, in.size / 2);
    await(eddy_stream_pair(left));
    await(eddy_stream_pair(right));
    struct talk *client = spawn(talk(left[0], client_tls, "localhost", how));
    struct talk *server = spawn(talk(right[0], server_tls, NULL, how >> 2));
    struct pass_on *forth = spawn(pass_on(left[1], right[1], &there)), *back = spawn(pass_on(right[1], left[1], &in));
    await_for(client, PATIENCE, &err);
    if (!err.code)
        await_for(server, PATIENCE, &err);
    if (err.code)
        DIE("a side did not end: %s", err.message);
    await_for(forth, PATIENCE, &err);
    await_for(back, PATIENCE, &err);
    eddy_stream_abort(left[1]);
    eddy_stream_abort(right[1]);
}

async(int, main_task, (struct input, in)) {
    unsigned how = take_byte(&in);
    if (how & RAW)
        await(against_raw_bytes(in, how));
    else
        await(with_one_between(in, how));
    return 0;
}

static void make_contexts(void)
{
    eddy_error err;
    if (certificates_make(NULL) != 0)
        DIE("no folder for certificates");
    struct certificate_path server = certificate_at("server"), authority = certificate_at("authority");
    eddy_tls_options own = {.size = sizeof own, .certificate_file = server.text, .no_resumption = true};
    eddy_tls_options trusted = {.size = sizeof trusted, .ca_file = authority.text, .no_resumption = true};
    server_tls = eddy_tls_server_new(&own, &err);
    client_tls = eddy_tls_client_new(&trusted, &err);
    certificates_remove(NULL);
    if (!server_tls || !client_tls)
        DIE("no TLS: %s", err.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!server_tls)
        make_contexts();
    FUZZ_RUN(main_task((struct input){data, size}));
    return 0;
}
