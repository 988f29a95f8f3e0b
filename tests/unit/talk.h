/* SPDX-License-Identifier: MIT */
/* talk.h - two ends of a stream that begin TLS with each other, and the results, for the tests of src/tls. */
#ifndef EDDY_TESTS_UNIT_TALK_H
#define EDDY_TESTS_UNIT_TALK_H

#include "certificates.h"
#include "run_clean.h"

#include "io/stream.h"

/* Contexts, the two ends of a stream, and the results of their handshakes. */
struct talk {
    eddy_tls *client_tls, *server_tls;
    eddy_stream *ends[2];           /* the client's end, the server's end */
    int client_code, server_code;   /* 0: well */
    char client_words[400], server_words[400];
};

static inline eddy_tls_options client_options(void)
{
    static struct certificate_path authority;
    authority = certificate_at("authority");
    return (eddy_tls_options){.size = sizeof(eddy_tls_options), .ca_file = authority.text};
}

static inline eddy_tls_options server_options(const char *name)
{
    static struct certificate_path certificate;
    certificate = certificate_at(name);
    return (eddy_tls_options){.size = sizeof(eddy_tls_options), .certificate_file = certificate.text};
}

static inline eddy_tls *client_of(eddy_tls_options options)
{
    eddy_error err;
    eddy_tls *tls = eddy_tls_client_new(&options, &err);
    if (!tls)
        print_error("%s\n", err.message);
    return tls;
}

static inline eddy_tls *server_of(eddy_tls_options options)
{
    eddy_error err;
    eddy_tls *tls = eddy_tls_server_new(&options, &err);
    if (!tls)
        print_error("%s\n", err.message);
    return tls;
}

static inline void end_talk(struct talk *talk)
{
    for (int i = 0; i < 2; i++)
        eddy_stream_abort(talk->ends[i]);
    eddy_tls_free(talk->client_tls);
    eddy_tls_free(talk->server_tls);
}

async(int, shake, (eddy_stream *, s), (eddy_tls *, tls), (const char *, host), (char *, words))
{
    eddy_error err;
    await(eddy_start_tls(s, tls, host), &err);
    snprintf(words, 400, "%s", err.code ? err.message : "");
    if (err.code)
        stream_close(s); /* an end that could not even begin leaves the other one waiting */
    return err.code;
}

/* Both handshakes on two streams in memory; an error is stored in talk. */
async(void, meet, (struct talk *, talk), (const char *, host))
{
    CHECK(talk->client_tls && talk->server_tls);
    await(eddy_stream_pair(talk->ends));
    struct shake *server = spawn(shake(talk->ends[1], talk->server_tls, NULL, talk->server_words));
    if (eddy_done(server)) /* there was no memory for the task */
        await(server);
    talk->client_code = await(shake(talk->ends[0], talk->client_tls, host, talk->client_words));
    if (talk->client_code)
        eddy_stream_abort(talk->ends[0]), talk->ends[0] = NULL;
    talk->server_code = await(server);
}

async(void, expect_word, (eddy_stream *, from), (eddy_stream *, to), (const char *, word))
{
    char buffer[64];
    size_t size = strlen(word);
    await(eddy_stream_write(from, word, size));
    CHECK(await(eddy_stream_read_exactly(to, buffer, size)) == size && memcmp(buffer, word, size) == 0);
}

/* Words in both directions, then an orderly end in both directions. */
async(void, converse, (struct talk *, talk))
{
    char byte;
    CHECK(talk->client_code == 0 && talk->server_code == 0);
    await(expect_word(talk->ends[0], talk->ends[1], "ping"));
    await(expect_word(talk->ends[1], talk->ends[0], "pong"));
    await(eddy_stream_write_eof(talk->ends[0]));
    CHECK(await(eddy_stream_read(talk->ends[1], &byte, 1)) == 0);
    await(expect_word(talk->ends[1], talk->ends[0], "after the end of the other"));
    await(eddy_stream_write_eof(talk->ends[1]));
    CHECK(await(eddy_stream_read(talk->ends[0], &byte, 1)) == 0);
}

#endif
