/* SPDX-License-Identifier: MIT */
/* test_transport_tls.c - rules of transports with TLS: the order of calls, trust, back-pressure, ends, upgrades. */
#include "run_clean.h"

#ifdef EDDY_WITH_TLS

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "talk.h"
#include "transport_side.h"

/* Two transports that are connected, and the contexts of both. They may outlive their test: until the loop ends. */
static struct pair {
    struct side client, server;
    eddy_tls *client_tls, *server_tls;
} pair;

static void drop_pair(struct pair *one)
{
    if (one->client.t)
        eddy_transport_abort(one->client.t);
    if (one->server.t)
        eddy_transport_abort(one->server.t);
    eddy_tls_free(one->client_tls);
    eddy_tls_free(one->server_tls);
}

static struct pair usual_pair(void)
{
    return (struct pair){.client = {.error = -1},
                         .server = {.error = -1},
                         .client_tls = client_of(client_options()),
                         .server_tls = server_of(server_options("server"))};
}

static void open_ends(struct pair *one, const struct eddy_protocol *protocol)
{
    int ends[2];
    assert_true(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    assert_true(open_side(&one->client, ends[0], protocol) == 0 && open_side(&one->server, ends[1], protocol) == 0);
}

static int start(struct side *side, eddy_tls *tls, const char *host)
{
    side->in_call = true;
    int error = eddy_transport_start_tls(side->t, tls, host);
    side->in_call = false;
    return error;
}

static void start_both(struct pair *one)
{
    assert_int_equal(start(&one->client, one->client_tls, "localhost"), 0);
    assert_int_equal(start(&one->server, one->server_tls, NULL), 0);
}

static void say(struct side *side, const char *text)
{
    assert_int_equal(eddy_transport_write(side->t, text, strlen(text)), 0);
}

async(void, until_received, (struct side *, side), (size_t, size))
{
    while (side->received < size) {
        CHECK(side->t);
        await(eddy_sleep(0.0005));
    }
    CHECK(side->received == size && !side->called_inside);
}

/* ==== what works ==== */

async(void, carries_bytes, (const struct eddy_protocol *, protocol), (int, version))
{
    struct eddy_tls_facts facts = {.size = sizeof facts};
    char subject[64];
    pair = usual_pair();
    eddy_tls_options options = client_options();
    options.max_version = version;
    eddy_tls_free(pair.client_tls);
    pair.client_tls = client_of(options);
    defer(drop_pair, &pair);
    open_ends(&pair, protocol);
    start_both(&pair);
    say(&pair.client, "written before the handshake");
    CHECK(eddy_transport_unsent(pair.client.t) == 28 && !eddy_transport_tls_facts(pair.client.t, &facts));
    await(until_received(&pair.server, 28));
    CHECK(strcmp(pair.client.log, "m") == 0 && strcmp(pair.server.log, "mr") == 0);
    const eddy_slice parts[] = {{"an ", 3}, {"answer", 6}};
    CHECK(eddy_transport_writev(pair.server.t, parts, 2) == 0);
    await(until_received(&pair.client, 9));
    CHECK(strcmp(pair.client.last, "an answer") == 0);
    CHECK(eddy_transport_tls_facts(pair.server.t, &facts) && strcmp(facts.server_name, "localhost") == 0);
    CHECK(strcmp(facts.version, version == EDDY_TLS_1_2 ? "TLSv1.2" : "TLSv1.3") == 0 && !facts.alpn && !facts.resumed);
    CHECK(eddy_transport_tls_peer_subject(pair.client.t, subject, sizeof subject) == 13);
    CHECK(strcmp(subject, "CN=the server") == 0);
    close_side(&pair.client);
    await(until_log(&pair.server, "mrel"));
    await(until_log(&pair.client, "mrl"));
    CHECK(pair.client.error == 0 && pair.server.error == 0);
}

static void bytes_go_both_ways(void **state)
{
    (void)state;
    RUN_CLEAN(carries_bytes(&plain, 0));
    RUN_CLEAN(carries_bytes(&plain, EDDY_TLS_1_2));
    RUN_CLEAN(carries_bytes(&with_buffer, 0));
}

async(void, agrees_on_a_protocol)
{
    struct eddy_tls_facts facts = {.size = sizeof facts};
    eddy_tls_options client = client_options(), server = server_options("server");
    client.alpn = "h2,http/1.1";
    server.alpn = "http/1.1";
    pair = (struct pair){.client_tls = client_of(client), .server_tls = server_of(server)};
    defer(drop_pair, &pair);
    open_ends(&pair, &plain);
    start_both(&pair);
    await(until_log(&pair.client, "m"));
    CHECK(eddy_transport_tls_facts(pair.client.t, &facts) && strcmp(facts.alpn, "http/1.1") == 0);
}

static void the_sides_agree_on_a_protocol(void **state)
{
    (void)state;
    RUN_CLEAN(agrees_on_a_protocol());
}

/* ==== an upgrade ==== */

static eddy_tls *upgrading;

static void upgrade_after_answer(struct side *side)
{
    if (strcmp(side->last, "STARTTLS\n") != 0)
        return;
    assert_int_equal(eddy_transport_write(side->t, "ready\n", 6), 0);
    assert_int_equal(eddy_transport_start_tls(side->t, upgrading, NULL), 0);
}

async(void, upgrades, (const struct eddy_protocol *, protocol))
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    upgrading = pair.server_tls;
    pair.server.at_received = upgrade_after_answer;
    open_ends(&pair, protocol);
    await(until_log(&pair.client, "m"));
    say(&pair.client, "STARTTLS\n");
    await(until_received(&pair.client, 6));
    CHECK(strcmp(pair.client.last, "ready\n") == 0);
    CHECK(start(&pair.client, pair.client_tls, "localhost") == 0);
    await(until_log(&pair.client, "mrs"));
    await(until_log(&pair.server, "mrs"));
    say(&pair.server, "secret");
    await(until_received(&pair.client, 12));
    CHECK(strcmp(pair.client.last, "secret") == 0);
    CHECK(start(&pair.client, pair.client_tls, "localhost") == EDDY_INVALID_STATE);
}

static void a_plain_transport_may_be_upgraded(void **state)
{
    (void)state;
    RUN_CLEAN(upgrades(&plain));
    RUN_CLEAN(upgrades(&with_buffer));
}

/* A program that has paused has not seen these bytes: they are the hello, which came along. */
async(void, hello_has_come)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    open_ends(&pair, &plain);
    await(until_log(&pair.server, "m"));
    eddy_transport_pause(pair.server.t);
    CHECK(start(&pair.client, pair.client_tls, "localhost") == 0);
    await(passes(5));
    CHECK(start(&pair.server, pair.server_tls, NULL) == 0);
    await(until_log(&pair.server, "ms"));
    say(&pair.client, "hello");
    await(passes(5));
    CHECK(strcmp(pair.server.log, "ms") == 0); /* it is paused still */
    eddy_transport_resume(pair.server.t);
    await(until_received(&pair.server, 5));
}

static void a_hello_that_has_come_is_taken(void **state)
{
    (void)state;
    RUN_CLEAN(hello_has_come());
}

/* ==== back-pressure ==== */

static void pause_now(struct side *side)
{
    eddy_transport_pause(side->t);
}

async(void, pauses)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    pair.server.at_received = pause_now;
    open_ends(&pair, &plain);
    start_both(&pair);
    await(until_log(&pair.client, "m"));
    CHECK(eddy_transport_write(pair.client.t, much, MUCH) == 0);
    CHECK(strcmp(pair.client.log, "mp") == 0 && eddy_transport_unsent(pair.client.t) > 0);
    for (size_t before = 0; before < MUCH; before = pair.server.received) {
        while (pair.server.received == before)
            await(eddy_sleep(0.0005));
        CHECK(pair.server.received - before <= 16384); /* a record: after that it has paused */
        eddy_transport_resume(pair.server.t);
    }
    CHECK(pair.server.received == MUCH);
    await(until_log(&pair.client, "mpu"));
    CHECK(pair.client.unsent <= 16384);
}

/* Its memory is full after 16 bytes: more would have no place. */
async(void, pauses_with_its_memory_full)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    pair.server.at_received = pause_now;
    open_ends(&pair, &with_buffer);
    start_both(&pair);
    say(&pair.client, "0123456789abcdefghij");
    await(until_received(&pair.server, 16));
    await(passes(5));
    CHECK(pair.server.received == 16);
    eddy_transport_resume(pair.server.t);
    await(until_received(&pair.server, 20));
    CHECK(strcmp(pair.server.last, "ghij") == 0);
}

static int asked, told;

static char *count_room(eddy_transport *t, size_t *size)
{
    asked++;
    return give_room(t, size);
}

static void count_filled(eddy_transport *t, size_t size)
{
    told++;
    assert_int_equal(asked, told);
    filled(t, size);
}

static const struct eddy_protocol counts = {.made = made, .ended = ended, .lost = lost, .buffer = count_room,
                                            .filled = count_filled};

/* Session tickets and the end are nothing that needs memory. */
async(void, asks_for_memory_when_something_has_come)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    asked = told = 0;
    open_ends(&pair, &counts);
    start_both(&pair);
    await(until_log(&pair.client, "m"));
    await(passes(5));
    say(&pair.server, "0123456789abcdefghij");
    await(until_received(&pair.client, 20));
    close_side(&pair.server);
    await(until_log(&pair.client, "mrel"));
    CHECK(asked == told && told == 2);
}

static void a_paused_protocol_gets_nothing(void **state)
{
    (void)state;
    RUN_CLEAN(pauses());
    RUN_CLEAN(pauses_with_its_memory_full());
}

static void a_protocol_is_asked_for_memory_when_something_has_come(void **state)
{
    (void)state;
    RUN_CLEAN(asks_for_memory_when_something_has_come());
}

static int calls;

static void count_calls(struct side *side)
{
    (void)side;
    calls++;
}

/* Its last bytes come alone, after those that the socket has given first. */
async(void, gets_a_record_at_once)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    calls = 0;
    pair.server.at_received = count_calls;
    open_ends(&pair, &plain);
    start_both(&pair);
    CHECK(eddy_transport_write(pair.client.t, much, 16384) == 0);
    await(until_received(&pair.server, 16384));
    CHECK(calls == 1);
}

static void a_record_is_delivered_by_one_call(void **state)
{
    (void)state;
    RUN_CLEAN(gets_a_record_at_once());
}

/* A client that asks for a new key again and again, and reads nothing. */
static SSL *new_asker(int fd)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    SSL_CTX_free(context); /* the connection keeps it */
    assert_true(SSL_set_fd(ssl, fd) == 1);
    SSL_set_connect_state(ssl);
    return ssl;
}

static void drop_asker(SSL *ssl)
{
    SSL_free(ssl);
}

async(void, asks_without_an_end)
{
    enum { MOST = 200000 }; /* bytes: what waits stays below */
    int ends[2], small = 4096;
    size_t most = 0;
    pair = usual_pair();
    defer(drop_pair, &pair);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    CHECK(open_side(&pair.server, ends[0], &plain) == 0 && start(&pair.server, pair.server_tls, NULL) == 0);
    SSL *ssl = new_asker(ends[1]);
    defer(drop_asker, ssl);
    while (SSL_do_handshake(ssl) != 1)
        await(passes(1));
    await(until_log(&pair.server, "m"));
    for (int i = 0; i < 8000 && pair.server.t; i++) {
        CHECK(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
        while (pair.server.t && SSL_do_handshake(ssl) != 1)
            await(passes(1));
        size_t unsent = pair.server.t ? eddy_transport_unsent(pair.server.t) : 0;
        most = unsent > most ? unsent : most;
    }
    CHECK(strcmp(pair.server.log, "ml") == 0 && pair.server.error == EDDY_TLS_FAILED && most > 0 && most < MOST);
    close(ends[1]);
}

static void a_peer_that_reads_no_answers_is_lost(void **state)
{
    (void)state;
    RUN_CLEAN(asks_without_an_end());
}

/* ==== what fails ==== */

static char client_reason[200], server_reason[200];

static void note_reason(struct side *side)
{
    snprintf(side == &pair.client ? client_reason : server_reason, sizeof client_reason, "%s",
             eddy_transport_reason(side->t));
}

async(void, is_not_trusted)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    eddy_tls_free(pair.server_tls);
    pair.server_tls = server_of(server_options("self"));
    pair.client.at_lost = pair.server.at_lost = note_reason;
    open_ends(&pair, &plain);
    start_both(&pair);
    await(until_log(&pair.client, "l"));
    await(until_log(&pair.server, "l"));
    CHECK(pair.client.error == EDDY_TLS_CERTIFICATE);
    CHECK(strstr(client_reason, "tls with localhost: ") && strstr(client_reason, "self"));
    CHECK(pair.server.error == EDDY_TLS_FAILED && strstr(server_reason, "alert"));
}

async(void, is_no_tls)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    open_ends(&pair, &plain);
    CHECK(start(&pair.client, pair.client_tls, "localhost") == 0);
    say(&pair.server, "220 a plain greeting\r\n");
    await(until_log(&pair.client, "l"));
    CHECK(pair.client.error == EDDY_TLS_FAILED);
}

async(void, is_silent)
{
    eddy_tls_options options = client_options();
    options.handshake_seconds = 0.02;
    pair = (struct pair){.client_tls = client_of(options)};
    defer(drop_pair, &pair);
    open_ends(&pair, &plain);
    CHECK(start(&pair.client, pair.client_tls, "localhost") == 0);
    await(until_log(&pair.client, "l"));
    CHECK(pair.client.error == ETIMEDOUT);
}

async(void, is_cut)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    open_ends(&pair, &plain);
    start_both(&pair);
    await(until_log(&pair.server, "m"));
    await(until_log(&pair.client, "m"));
    eddy_transport_abort(pair.server.t);
    await(until_log(&pair.client, "ml"));
    CHECK(pair.client.error == EDDY_TLS_TRUNCATED && pair.server.error == 0);
}

static void a_handshake_may_fail(void **state)
{
    (void)state;
    RUN_CLEAN(is_not_trusted());
    RUN_CLEAN(is_no_tls());
    RUN_CLEAN(is_silent());
    RUN_CLEAN(is_cut());
}

async(void, cannot_start)
{
    pair = usual_pair();
    struct side pipe_side = {.error = 0};
    int ends[2];
    defer(drop_pair, &pair);
    open_ends(&pair, &plain);
    CHECK(start(&pair.client, pair.client_tls, NULL) == EINVAL && start(&pair.client, pair.client_tls, "") == EINVAL);
    CHECK(eddy_transport_write_eof(pair.server.t) == 0 && start(&pair.server, pair.server_tls, NULL) == EPIPE);
    pair.client.keeps_open = true;
    await(until_log(&pair.client, "me"));
    CHECK(start(&pair.client, pair.client_tls, "localhost") == EPIPE); /* no answer can come any more */
    close_side(&pair.client);
    CHECK(start(&pair.client, pair.client_tls, "localhost") == EPIPE);
    CHECK(pipe(ends) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && open_side(&pipe_side, ends[0], &plain) == 0);
    CHECK(start(&pipe_side, pair.client_tls, "localhost") == EOPNOTSUPP);
    close_side(&pipe_side);
    await(until_log(&pipe_side, "ml"));
    close(ends[1]);
}

static void it_is_refused_where_it_cannot_be(void **state)
{
    (void)state;
    RUN_CLEAN(cannot_start());
}

/* ==== ends ==== */

async(void, stays_half_open)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    pair.server.keeps_open = true;
    open_ends(&pair, &plain);
    start_both(&pair);
    say(&pair.client, "question");
    CHECK(eddy_transport_write_eof(pair.client.t) == 0 && eddy_transport_write(pair.client.t, "x", 1) == EPIPE);
    await(until_log(&pair.server, "mre"));
    CHECK(eddy_transport_write(pair.server.t, much, MUCH) == 0);
    close_side(&pair.server);
    CHECK(eddy_transport_write(pair.server.t, "x", 1) == EPIPE); /* after close_notify */
    while (pair.client.t)
        await(eddy_sleep(0.0005));
    CHECK(pair.client.received == MUCH && strcmp(pair.client.log, "mrel") == 0 && pair.client.error == 0);
    await(until_log(&pair.server, "mrepul"));
}

static void one_way_may_end_before_the_other(void **state)
{
    (void)state;
    RUN_CLEAN(stays_half_open());
}

/* The server's tickets arrive when the client is closed already, and the server has not yet received all: they must not
 * reset the connection. */
enum { LAST_WORDS = 300000 };

static void write_and_close(struct side *side)
{
    assert_int_equal(eddy_transport_write(side->t, much, LAST_WORDS), 0);
    eddy_transport_close(side->t);
}

async(void, listens, (int, rounds))
{
    pair = usual_pair();
    eddy_listener *listener;
    eddy_address address;
    defer(drop_pair, &pair);
    eddy_address_ip(&address, "127.0.0.1", 0);
    CHECK(eddy_transport_listen(&listener, &address, &plain, &pair.server) == 0);
    defer(eddy_listener_close, listener);
    CHECK(eddy_listener_set_tls(listener, pair.client_tls) == EINVAL);
    CHECK(eddy_listener_set_tls(listener, NULL) == EINVAL);
    CHECK(eddy_listener_set_tls(listener, pair.server_tls) == 0);
    CHECK(eddy_listener_set_tls(listener, pair.server_tls) == 0); /* as one that was renewed */
    for (int i = 0; i < rounds; i++) {
        pair.client = (struct side){.at_made = write_and_close};
        pair.server = (struct side){.error = -1};
        CHECK(eddy_transport_connect(&pair.client.t, eddy_listener_address(listener), &plain, &pair.client) == 0);
        CHECK(start(&pair.client, pair.client_tls, "localhost") == 0);
        await(until_log(&pair.server, "mrel"));
        await(until_log(&pair.client, "mpul"));
        CHECK(pair.server.received == LAST_WORDS && !pair.server.error && !pair.client.error);
    }
}

static void a_client_that_closes_at_once_loses_nothing(void **state)
{
    (void)state;
    RUN_CLEAN(listens(20));
}

/* The peer resets the connection while the client has bytes to send, and waits for the peer's last words. */
async(void, is_reset_before_all_is_sent)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    pair.server.at_made = pause_now;
    open_ends(&pair, &plain);
    start_both(&pair);
    await(until_log(&pair.server, "m"));
    await(until_log(&pair.client, "m"));
    CHECK(eddy_transport_write(pair.client.t, much, MUCH) == 0);
    close_side(&pair.client);
    await(passes(5));
    CHECK(strcmp(pair.client.log, "mp") == 0 && eddy_transport_unsent(pair.client.t) > 0);
    eddy_transport_abort(pair.server.t); /* it has not read what came: a reset */
    await(until_log(&pair.client, "mpl"));
    CHECK(pair.client.error == ECONNRESET || pair.client.error == EPIPE);
}

static void a_reset_is_told_if_not_all_was_sent(void **state)
{
    (void)state;
    RUN_CLEAN(is_reset_before_all_is_sent());
}

/* The server reads late: after that the client waits for its last words as long as usual. */
async(void, lingers_after_all_was_sent)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    pair.server.at_made = pause_now;
    pair.server.keeps_open = true;
    open_ends(&pair, &plain);
    start_both(&pair);
    await(until_log(&pair.server, "m"));
    await(until_log(&pair.client, "m"));
    CHECK(eddy_transport_write(pair.client.t, much, MUCH) == 0);
    close_side(&pair.client);
    await(eddy_sleep(2));
    CHECK(strcmp(pair.client.log, "mp") == 0);
    eddy_transport_resume(pair.server.t);
    while (strcmp(pair.server.log, "mre") != 0)
        await(eddy_sleep(0));
    await(passes(5));
    CHECK(pair.server.received == MUCH && strcmp(pair.client.log, "mpu") == 0);
    await(until_log(&pair.client, "mpul"));
    CHECK(pair.client.error == 0);
}

static void the_server_has_time_for_its_last_words(void **state)
{
    (void)state;
    const eddy_loop_options virtual_time = {.size = sizeof virtual_time, .driver = "sim"};
    assert_int_equal(eddy_run_with(&virtual_time, lingers_after_all_was_sent()), 0);
}

async(void, closes_early)
{
    pair = usual_pair();
    defer(drop_pair, &pair);
    open_ends(&pair, &plain);
    start_both(&pair);
    say(&pair.client, "lost");
    await(passes(1));
    close_side(&pair.client);
    await(until_log(&pair.client, "l"));
    CHECK(pair.client.error == 0);
    while (pair.server.t)
        await(eddy_sleep(0.0005));
    CHECK(pair.server.received == 0);
}

/* It closes before the connect has completed. */
async(void, closes_while_it_connects)
{
    eddy_listener *listener;
    eddy_address address;
    pair = usual_pair();
    defer(drop_pair, &pair);
    eddy_address_ip(&address, "127.0.0.1", 0);
    CHECK(eddy_transport_listen(&listener, &address, &plain, &pair.server) == 0);
    defer(eddy_listener_close, listener);
    CHECK(eddy_transport_connect(&pair.client.t, eddy_listener_address(listener), &plain, &pair.client) == 0);
    CHECK(start(&pair.client, pair.client_tls, "localhost") == 0);
    close_side(&pair.client);
    CHECK(eddy_transport_write(pair.client.t, "x", 1) == EPIPE && pair.client.log[0] == 0);
    for (int i = 0; i < 2000 && pair.client.t; i++)
        await(eddy_sleep(0.0005));
    CHECK(strcmp(pair.client.log, "l") == 0 && pair.client.error == 0);
}

static struct pair left;

async(void, is_left)
{
    left = usual_pair();
    open_ends(&left, &plain);
    CHECK(start(&left.client, left.client_tls, "localhost") == 0);
    await(until_log(&left.server, "mr"));
    eddy_tls_free(left.client_tls);
    eddy_tls_free(left.server_tls);
}

static void a_handshake_may_be_given_up(void **state)
{
    (void)state;
    RUN_CLEAN(closes_early());
    RUN_CLEAN(closes_while_it_connects());
    RUN_CLEAN(is_left());
    assert_string_equal(left.client.log, "l");
    assert_int_equal(left.client.error, ECANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(the_sides_agree_on_a_protocol),
        cmocka_unit_test(a_plain_transport_may_be_upgraded),
        cmocka_unit_test(a_hello_that_has_come_is_taken),
        cmocka_unit_test(a_paused_protocol_gets_nothing),
        cmocka_unit_test(a_protocol_is_asked_for_memory_when_something_has_come),
        cmocka_unit_test(a_record_is_delivered_by_one_call),
        cmocka_unit_test(a_peer_that_reads_no_answers_is_lost),
        cmocka_unit_test(a_handshake_may_fail),
        cmocka_unit_test(it_is_refused_where_it_cannot_be),
        cmocka_unit_test(one_way_may_end_before_the_other),
        cmocka_unit_test(a_client_that_closes_at_once_loses_nothing),
        cmocka_unit_test(a_reset_is_told_if_not_all_was_sent),
        cmocka_unit_test(the_server_has_time_for_its_last_words),
        cmocka_unit_test(a_handshake_may_be_given_up),
    };
    return cmocka_run_group_tests(tests, certificates_make, certificates_remove);
}

#else

int main(void)
{
    return 0; /* test_tls says what there is instead */
}

#endif
