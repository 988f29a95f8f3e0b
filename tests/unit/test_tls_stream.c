/* SPDX-License-Identifier: MIT */
/* test_tls_stream.c - TLS on live streams and in servers: how it begins, what it transports, what interrupts it. */
#include "run_clean.h"

#ifdef EDDY_WITH_TLS

#include "talk.h"

#include <openssl/ssl.h>

#include "tls/tls.h"

static struct talk usual_talk(void)
{
    return (struct talk){.client_tls = client_of(client_options()), .server_tls = server_of(server_options("server"))};
}

/* ==== servers ==== */

/* The errors that a server's on_failure received. */
struct told {
    int count, code;
    char words[400];
};

static void tell(const eddy_error *err, void *argument)
{
    struct told *told = argument;
    told->count++;
    told->code = err->code;
    snprintf(told->words, sizeof told->words, "%s", err->message);
}

async(void, echo_line, (eddy_stream *, s), (void *, argument))
{
    eddy_slice line;
    int *served = argument;
    await(eddy_stream_read_line(s, &line));
    await(eddy_stream_write(s, line.data, line.size));
    ++*served; /* and it leaves the closing to the server */
}

async(void, ask, (eddy_tls *, tls), (int, port), (const char *, question))
{
    eddy_slice line;
    eddy_stream *s = await(eddy_open_tls_connection("localhost", port, tls));
    defer(eddy_stream_abort, s);
    await(eddy_stream_write(s, question, strlen(question)));
    CHECK(await(eddy_stream_read_line(s, &line)) == strlen(question) && !memcmp(line.data, question, line.size));
    CHECK(await(eddy_stream_read_line(s, &line)) == 0 && eddy_stream_at_end(s));
}

async(void, served)
{
    struct told told = {0};
    struct certificate_path stranger = certificate_at("stranger");
    eddy_tls_options server_side = server_options("server"), client_side = client_options();
    eddy_error err;
    int count = 0;
    server_side.on_failure = tell;
    server_side.on_failure_argument = &told;
    eddy_tls *server_tls = server_of(server_side), *client_tls = client_of(client_side);
    client_side.ca_file = stranger.text;
    eddy_tls *suspicious = client_of(client_side);
    defer(eddy_tls_free, suspicious);
    defer(eddy_tls_free, client_tls);
    struct eddy_start_server plain = eddy_start_server(echo_line, (void *)&count, "localhost", 0);
    eddy_server *server = await(eddy_over_tls(plain, server_tls));
    eddy_tls_free(server_tls); /* the server keeps its own reference */
    int port = eddy_server_port(server);
    await(ask(client_tls, port, "first\n"));
    await(ask(suspicious, port, "second\n"), &err);
    CHECK(err.code == EDDY_TLS_CERTIFICATE && strstr(err.message, "tls handshake with localhost:"));
    await(ask(client_tls, port, "third\n"));
    await(eddy_server_close(server, 5));
    CHECK(count == 2 && told.count == 1 && strstr(told.words, "tls handshake with "));
    /* The client's reason, unless the end of the connection comes first. */
    CHECK(told.code == ECONNRESET || (told.code == EDDY_TLS_FAILED && strstr(told.words, "unknown ca")));
}

static void a_server_goes_on_after_failures(void **state)
{
    (void)state;
    RUN_CLEAN(served());
}

async(void, without_certificate)
{
    eddy_error err;
    int count = 0;
    eddy_tls *client = client_of(client_options());
    defer(eddy_tls_free, client);
    await(eddy_over_tls(eddy_start_server(echo_line, (void *)&count, "localhost", 0), NULL), &err);
    CHECK(err.code == EINVAL);
    await(eddy_over_tls(eddy_start_server(echo_line, (void *)&count, "localhost", 0), client), &err);
    CHECK(err.code == EINVAL);
    CHECK(strstr(err.message, "eddy_tls_server_new(&options, &err) makes it, or says why"));
}

static void a_server_needs_a_servers_context(void **state)
{
    (void)state;
    RUN_CLEAN(without_certificate());
}

struct tally {
    size_t bytes;
    int code;
    eddy_event done;
};

async(void, count_bytes, (eddy_stream *, s), (void *, argument))
{
    struct tally *tally = argument;
    eddy_slice bytes;
    eddy_error err;
    do {
        await(eddy_stream_read_some(s, &bytes), &err);
        tally->bytes += bytes.size;
    } while (!err.code && bytes.size);
    tally->code = err.code;
    eddy_event_set(&tally->done);
}

/* A client that never reads loses no data when it closes. */
async(void, write_only, (size_t, size))
{
    struct tally tally = {0};
    eddy_tls *server_tls = server_of(server_options("server")), *client_tls = client_of(client_options());
    defer(eddy_tls_free, server_tls);
    defer(eddy_tls_free, client_tls);
    char *data = calloc(1, size);
    defer(free, data);
    eddy_server *server =
        await(eddy_over_tls(eddy_start_server(count_bytes, (void *)&tally, "localhost", 0), server_tls));
    eddy_stream *s = await(eddy_open_tls_connection("localhost", eddy_server_port(server), client_tls));
    await(eddy_stream_write(s, data, size));
    await(eddy_stream_close(s));
    await(eddy_event_wait(&tally.done));
    CHECK(tally.bytes == size && tally.code == 0);
    await(eddy_server_close(server, 5));
}

static void a_client_that_only_writes_loses_nothing(void **state)
{
    (void)state;
    RUN_CLEAN(write_only(1));
    RUN_CLEAN(write_only(1000000));
}

/* ==== a live stream ==== */

async(void, answer_starttls, (eddy_stream *, s), (eddy_tls *, tls))
{
    eddy_slice line;
    await(eddy_stream_read_line(s, &line));
    CHECK(line.size == 9 && memcmp(line.data, "STARTTLS\n", 9) == 0);
    await(eddy_stream_write(s, "go\n", 3));
    await(eddy_start_tls(s, tls, NULL));
}

async(void, live)
{
    eddy_slice line;
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    struct answer_starttls *server = spawn(answer_starttls(talk.ends[1], talk.server_tls));
    await(eddy_stream_write(talk.ends[0], "STARTTLS\n", 9));
    await(eddy_stream_read_line(talk.ends[0], &line));
    await(eddy_start_tls(talk.ends[0], talk.client_tls, "localhost"));
    await(server);
    await(converse(&talk));
}

static void tls_begins_on_a_live_stream(void **state)
{
    (void)state;
    RUN_CLEAN(live());
}

/* Bytes that a client received before the handshake are not authenticated. */
async(void, injected)
{
    eddy_slice line;
    eddy_error err;
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    await(eddy_stream_write(talk.ends[1], "go\nEVIL\n", 8));
    await(eddy_stream_read_line(talk.ends[0], &line));
    await(eddy_start_tls(talk.ends[0], talk.client_tls, "localhost"), &err);
    CHECK(err.code == EDDY_TLS_FAILED && strstr(err.message, "plaintext bytes"));
    CHECK(await(eddy_stream_read_line(talk.ends[0], &line)) == 5); /* the stream is unchanged */
}

/* To a server such bytes are the client's hello, or an error. */
async(void, injected_at_the_server)
{
    eddy_slice line;
    eddy_error err;
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    await(eddy_stream_write(talk.ends[0], "STARTTLS\nEVIL COMMAND\n", 22));
    await(eddy_stream_read_line(talk.ends[1], &line));
    await(eddy_start_tls(talk.ends[1], talk.server_tls, NULL), &err);
    CHECK(err.code == EDDY_TLS_FAILED && strstr(err.message, "wrong version number"));
    await(eddy_stream_read_line(talk.ends[1], &line), &err);
    CHECK(err.code == EDDY_STREAM_CLOSED);
}

static void plain_bytes_are_not_taken_for_encrypted_ones(void **state)
{
    (void)state;
    RUN_CLEAN(injected());
    RUN_CLEAN(injected_at_the_server());
}

async(void, refusals)
{
    eddy_error err;
    char byte;
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    await(eddy_start_tls(talk.ends[0], talk.client_tls, NULL), &err);
    CHECK(err.code == EINVAL);
    await(eddy_start_tls(talk.ends[0], talk.client_tls, ""), &err);
    CHECK(err.code == EINVAL);
    struct eddy_stream_read *reader = spawn_eager(eddy_stream_read(talk.ends[0], &byte, 1));
    await(eddy_start_tls(talk.ends[0], talk.client_tls, "localhost"), &err);
    CHECK(err.code == EDDY_STREAM_BUSY);
    await(eddy_stream_write(talk.ends[1], "x", 1));
    CHECK(await(reader) == 1);
}

static void a_refusal_leaves_the_stream_as_it_was(void **state)
{
    (void)state;
    RUN_CLEAN(refusals());
}

async(void, inner)
{
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    struct shake *server = spawn(shake(talk.ends[1], talk.server_tls, NULL, talk.server_words));
    talk.client_code = await(shake(talk.ends[0], talk.client_tls, "any.eddy.test", talk.client_words));
    talk.server_code = await(server);
    CHECK(strcmp(eddy_tls_server_name(talk.ends[1]), "any.eddy.test") == 0);
    await(converse(&talk));
}

static void tls_inside_of_tls(void **state)
{
    (void)state;
    RUN_CLEAN(inner());
}

/* ==== handshakes that do not succeed ==== */

async(void, expect_closed, (eddy_stream *, s))
{
    eddy_error err;
    char byte;
    await(eddy_stream_read(s, &byte, 1), &err);
    CHECK(err.code == EDDY_STREAM_CLOSED);
    await(eddy_stream_write(s, "x", 1), &err);
    CHECK(err.code == EDDY_STREAM_CLOSED);
}

async(void, silent)
{
    eddy_tls_options client = client_options();
    client.handshake_seconds = 0.02;
    struct talk talk = {.client_tls = client_of(client)};
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    CHECK(await(shake(talk.ends[0], talk.client_tls, "localhost", talk.client_words)) == ETIMEDOUT);
    CHECK(strstr(talk.client_words, "tls handshake with localhost"));
    await(expect_closed(talk.ends[0]));
}

async(void, hurried, (struct talk *, talk))
{
    async_with (scope, eddy_timeout(0.02)) {
        await(eddy_start_tls(talk->ends[0], talk->client_tls, "localhost"));
    }
}

async(void, callers_timeout)
{
    eddy_error err;
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    await(hurried(&talk), &err);
    CHECK(err.code == ETIMEDOUT);
    await(expect_closed(talk.ends[0]));
}

static void a_silent_peer_is_given_up(void **state)
{
    (void)state;
    RUN_CLEAN(silent());
    RUN_CLEAN(callers_timeout());
}

async(void, late)
{
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    eddy_stream_set_deadline(talk.ends[0], eddy_time() + 0.02);
    CHECK(await(shake(talk.ends[0], talk.client_tls, "localhost", talk.client_words)) == ETIMEDOUT);
}

static void the_streams_deadline_counts(void **state)
{
    (void)state;
    RUN_CLEAN(late());
}

/* when: the number of passes before the cancellation. The stream is closed, or has everything: the task may have
 * ended just then. */
async(void, begin_tls, (struct talk *, talk), (bool *, begun))
{
    *begun = true;
    await(eddy_start_tls(talk->ends[0], talk->client_tls, "localhost"));
}

async(void, cancelled, (int, when))
{
    bool begun = false;
    eddy_error err;
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    struct shake *server = spawn(shake(talk.ends[1], talk.server_tls, NULL, talk.server_words));
    struct begin_tls *client = spawn(begin_tls(&talk, &begun));
    for (int i = 0; i < when; i++)
        await(eddy_sleep(0));
    eddy_cancel(client);
    await(client, &err);
    if (eddy_tls_version(talk.ends[0])) {
        CHECK(await(server) == 0);
        await(converse(&talk));
        return;
    }
    CHECK(err.code == ECANCELED);
    if (begun)
        await(expect_closed(talk.ends[0]));
    eddy_stream_abort(talk.ends[0]);
    talk.ends[0] = NULL;
    CHECK(await(server) == EDDY_TLS_FAILED && strstr(talk.server_words, "the peer ended the connection"));
}

static void a_cancelled_handshake_closes(void **state)
{
    (void)state;
    for (int when = 0; when < 8; when++)
        RUN_CLEAN(cancelled(when));
}

async(void, other_languages, (const char *, words), (const char *, complaint))
{
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    await(eddy_stream_write(talk.ends[0], words, strlen(words)));
    await(eddy_stream_write_eof(talk.ends[0]));
    CHECK(await(shake(talk.ends[1], talk.server_tls, NULL, talk.server_words)) == EDDY_TLS_FAILED);
    CHECK(strstr(talk.server_words, complaint));
}

static void other_bytes_instead_of_a_handshake_are_refused(void **state)
{
    (void)state;
    RUN_CLEAN(other_languages("", "the peer ended the connection"));
    RUN_CLEAN(other_languages("GET / HTTP/1.1\r\n\r\n", "http request"));
    RUN_CLEAN(other_languages("something else altogether", "wrong version number"));
}

/* ==== what it transports ==== */

enum { MUCH = 3 << 19 };

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 31 + i / 251);
}

async(void, send_much, (eddy_stream *, s))
{
    unsigned char *data = malloc(MUCH);
    defer(free, data);
    for (size_t i = 0; i < MUCH; i++)
        data[i] = byte_at(i);
    await(eddy_stream_write(s, data, MUCH / 2));
    eddy_slice parts[] = {{(char *)data + MUCH / 2, 10}, {(char *)data + MUCH / 2 + 10, MUCH / 2 - 10}};
    await(eddy_stream_writev(s, parts, 2));
    await(eddy_stream_write_eof(s));
}

/* In pieces of all sizes: lent, copied, and straight into the caller's memory. */
async(void, receive_much, (eddy_stream *, s))
{
    static const size_t sizes[] = {1, 100, 16384, 70000, 3};
    unsigned char *data = malloc(70000);
    defer(free, data);
    size_t count = 0, got;
    for (int turn = 0; (got = await(eddy_stream_read(s, data, sizes[turn % 5]))) > 0; turn++) {
        for (size_t i = 0; i < got; i++)
            CHECK(data[i] == byte_at(count + i));
        count += got;
    }
    CHECK(count == MUCH);
}

async(void, both_ways, (int, version))
{
    eddy_tls_options client = client_options();
    client.max_version = version;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server_options("server"))};
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    async_with (group, eddy_task_group()) {
        for (int i = 0; i < 2; i++) {
            eddy_group_spawn(group, send_much(talk.ends[i]));
            eddy_group_spawn(group, receive_much(talk.ends[i]));
        }
    }
}

static void much_both_ways_at_once(void **state)
{
    (void)state;
    RUN_CLEAN(both_ways(EDDY_TLS_1_2));
    RUN_CLEAN(both_ways(EDDY_TLS_1_3));
}

/* Bytes that a cancelled write had encrypted are sent first, and are as many as the writer is told. */
async(void, cancelled_write)
{
    eddy_error err;
    eddy_slice line;
    char *data = malloc(MUCH);
    defer(free, data);
    memset(data, '.', MUCH);
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    struct eddy_stream_write *writer = spawn(eddy_stream_write(talk.ends[0], data, MUCH));
    await(eddy_sleep(0.001));
    eddy_cancel(writer);
    await(writer, &err);
    CHECK(err.code == ECANCELED);
    size_t sent = eddy_stream_sent(talk.ends[0]);
    eddy_stream_continue(talk.ends[0]);
    writer = spawn(eddy_stream_write(talk.ends[0], "not taken", 9)); /* it waits for the bytes of the first one */
    await(eddy_sleep(0.001));
    eddy_cancel(writer);
    await(writer, &err);
    CHECK(err.code == ECANCELED && eddy_stream_sent(talk.ends[0]) == 0);
    await(expect_word(talk.ends[1], talk.ends[0], "the other way"));
    eddy_stream_set_limit(talk.ends[1], MUCH);
    struct eddy_stream_write *last = spawn(eddy_stream_write(talk.ends[0], "end\n", 4));
    await(eddy_stream_read_line(talk.ends[1], &line));
    CHECK(line.size == sent + 4 && sent < MUCH && !memcmp(line.data + line.size - 5, ".end\n", 5));
    await(last);
    await(converse(&talk));
}

static void a_cancelled_write_keeps_the_session_whole(void **state)
{
    (void)state;
    RUN_CLEAN(cancelled_write());
}

async(void, idle)
{
    struct talk talk = usual_talk();
    char byte;
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    await(expect_word(talk.ends[0], talk.ends[1], "ping"));
    await(expect_word(talk.ends[1], talk.ends[0], "pong"));
    struct eddy_stream_read *reader = spawn_eager(eddy_stream_read(talk.ends[0], &byte, 1));
    await(eddy_sleep(0.001));
    const struct tls_transport *t = tls_of(talk.ends[0]);
    CHECK(!t->chunk.data && !t->connection.filling.data && !t->sending.data);
    await(eddy_stream_write(talk.ends[1], "x", 1));
    CHECK(await(reader) == 1);
}

static void a_waiting_reader_holds_no_buffer(void **state)
{
    (void)state;
    RUN_CLEAN(idle());
}

/* ==== what interrupts it ==== */

/* New keys, for both directions, in the middle of the data. */
async(void, new_keys)
{
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    for (int i = 0; i < 4; i++) {
        CHECK(SSL_key_update(tls_of(talk.ends[i % 2])->connection.ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
        await(expect_word(talk.ends[0], talk.ends[1], "ping"));
        await(expect_word(talk.ends[1], talk.ends[0], "pong"));
    }
    await(converse(&talk));
}

static void keys_may_change(void **state)
{
    (void)state;
    RUN_CLEAN(new_keys());
}

/* asks: 0 for the client, 1 for the server. */
async(void, renegotiation, (int, asks))
{
    eddy_error err;
    char byte;
    eddy_tls_options client = client_options();
    client.max_version = EDDY_TLS_1_2;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server_options("server"))};
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    CHECK(talk.client_code == 0);
    struct tls_transport *t = tls_of(talk.ends[asks]);
    SSL_clear_options(t->connection.ssl, SSL_OP_NO_RENEGOTIATION);
    CHECK(SSL_renegotiate(t->connection.ssl) == 1);
    CHECK((SSL_do_handshake(t->connection.ssl) == 1) == asks); /* the server only asks */
    int64_t flushed = await(tls_flush(t));
    CHECK(flushed == 0);
    struct eddy_stream_read *other = spawn(eddy_stream_read(talk.ends[1 - asks], &byte, 1));
    await(eddy_stream_read(talk.ends[asks], &byte, 1), &err);
    CHECK(err.code == EDDY_TLS_FAILED && strstr(err.message, "no renegotiation"));
    eddy_cancel(other);
    await(other, &err);
}

static void renegotiation_is_refused(void **state)
{
    (void)state;
    RUN_CLEAN(renegotiation(0));
    RUN_CLEAN(renegotiation(1));
}

async(void, send_below, (eddy_stream *, s), (char *, data), (size_t, size))
{
    while (size) {
        struct iovec part = {data, size};
        int64_t sent = await(transport_send(stream_transport(s)->below, &part, 1));
        CHECK(sent > 0);
        data += sent;
        size -= (size_t)sent;
    }
}

/* One bit of a record is changed on its way: sent below the TLS, on the stream's own transport. */
async(void, tampered)
{
    eddy_error err;
    char byte, record[] = {23, 3, 3, 0, 32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
                           17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    await(send_below(talk.ends[0], record, sizeof record));
    await(eddy_stream_read(talk.ends[1], &byte, 1), &err);
    CHECK(err.code == EDDY_TLS_FAILED && strstr(err.message, "bad record mac"));
    await(eddy_stream_read(talk.ends[0], &byte, 1), &err); /* the error has been reported */
    CHECK(err.code == EDDY_TLS_FAILED && strstr(err.message, "alert bad record mac"));
}

static void a_forged_record_is_the_end(void **state)
{
    (void)state;
    RUN_CLEAN(tampered());
}

/* ==== without memory, and on several threads ==== */

static void part(struct talk *talk)
{
    for (int i = 0; i < 2; i++)
        eddy_stream_abort(talk->ends[i]);
}

async(void, whole_talk, (eddy_tls *, client), (eddy_tls *, server))
{
    struct talk talk = {.client_tls = client, .server_tls = server};
    defer(part, &talk);
    await(meet(&talk, "localhost"));
    if (talk.client_code || talk.server_code)
        throw(talk.client_code ? talk.client_code : talk.server_code);
    await(converse(&talk));
}

/* The thread keeps the last error that it caught: here it is always the same one. */
static long blocks_with_one_error(void)
{
    eddy_error err;
    eddy_error_set(&err, EINVAL, "kept");
    return memory_live_blocks();
}

/* Each of the library's allocations fails in turn: an error is returned, and nothing is left. */
static void any_allocation_may_fail(void **state)
{
    (void)state;
    eddy_tls_options options = client_options();
    options.no_resumption = true;    /* memory that the library keeps would be counted */
    options.handshake_seconds = 0.5; /* for a server whose task got no stack */
    eddy_tls *client = client_of(options), *server = server_of(server_options("server"));
    bool failed = true;
    for (long n = 1; failed && n < 1000; n++) {
        eddy_error err;
        long blocks = blocks_with_one_error();
        memory_fail_after(n);
        eddy_run(whole_talk(client, server), &err);
        failed = memory_fault_countdown == 0;
        memory_fail_after(0);
        assert_true(failed || err.code == 0 || err.code == ETIMEDOUT);
        assert_int_equal(blocks_with_one_error(), blocks);
    }
    assert_false(failed);
    eddy_tls_free(client);
    eddy_tls_free(server);
}

/* A thread's contexts, shared with the other threads. */
struct shared {
    pthread_t thread;
    eddy_tls *client, *server;
    int status;
};

async(int, talk_often, (struct shared *, shared))
{
    for (int i = 0; i < 10; i++)
        await(whole_talk(shared->client, shared->server));
    return 0;
}

static void *run_thread(void *argument)
{
    struct shared *shared = argument;
    shared->status = eddy_run(talk_often(shared));
    return NULL;
}

static void threads_share_a_context(void **state)
{
    (void)state;
    struct shared threads[3];
    eddy_tls *client = client_of(client_options()), *server = server_of(server_options("server"));
    for (int i = 0; i < 3; i++) {
        threads[i] = (struct shared){.client = client, .server = server, .status = -1};
        assert_int_equal(pthread_create(&threads[i].thread, NULL, run_thread, &threads[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i].thread, NULL);
        assert_int_equal(threads[i].status, 0);
    }
    eddy_tls_free(client);
    eddy_tls_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_goes_on_after_failures),
        cmocka_unit_test(a_server_needs_a_servers_context),
        cmocka_unit_test(a_client_that_only_writes_loses_nothing),
        cmocka_unit_test(tls_begins_on_a_live_stream),
        cmocka_unit_test(plain_bytes_are_not_taken_for_encrypted_ones),
        cmocka_unit_test(a_refusal_leaves_the_stream_as_it_was),
        cmocka_unit_test(tls_inside_of_tls),
        cmocka_unit_test(a_silent_peer_is_given_up),
        cmocka_unit_test(the_streams_deadline_counts),
        cmocka_unit_test(a_cancelled_handshake_closes),
        cmocka_unit_test(other_bytes_instead_of_a_handshake_are_refused),
        cmocka_unit_test(much_both_ways_at_once),
        cmocka_unit_test(a_cancelled_write_keeps_the_session_whole),
        cmocka_unit_test(a_waiting_reader_holds_no_buffer),
        cmocka_unit_test(keys_may_change),
        cmocka_unit_test(renegotiation_is_refused),
        cmocka_unit_test(a_forged_record_is_the_end),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(threads_share_a_context),
    };
    return cmocka_run_group_tests(tests, certificates_make, certificates_remove);
}

#else

static void without_openssl_there_is_no_tls(void **state)
{
    (void)state;
    eddy_error err;
    assert_null(eddy_tls_client_new(NULL, &err));
    assert_int_equal(err.code, ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_openssl_there_is_no_tls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
