/* SPDX-License-Identifier: MIT */
/* test_tls_start.c - how a server's handshakes begin: with bytes that were read before, and with a limit on how many
 * run at a time. */
#include "run_clean.h"

#ifdef EDDY_WITH_TLS

#include "talk.h"

static struct talk usual_talk(void)
{
    return (struct talk){.client_tls = client_of(client_options()), .server_tls = server_of(server_options("server"))};
}

/* ==== a hello that was read before ==== */

async(void, relay, (eddy_stream *, from), (eddy_stream *, to))
{
    for (eddy_slice bytes; await(eddy_stream_read_some(from, &bytes));)
        await(eddy_stream_write(to, bytes.data, bytes.size));
}

async(void, say_all, (eddy_stream *, s), (eddy_tls *, tls))
{
    await(eddy_stream_write(s, "PROXY TCP4\n", 11));
    await(eddy_start_tls(s, tls, "localhost"));
    await(eddy_stream_write(s, "hello\n", 6));
}

/* The hello, or its beginning, arrives together with the last words in plain text. */
async(void, hello_comes_along, (size_t, first))
{
    eddy_slice line;
    eddy_error err;
    char bytes[4096];
    struct talk talk = usual_talk();
    eddy_stream *far[2]; /* the client's end, this side's end */
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    await(eddy_stream_pair(far));
    defer(eddy_stream_abort, far[0]);
    defer(eddy_stream_abort, far[1]);
    struct say_all *client = spawn(say_all(far[0], talk.client_tls));
    size_t size = await(eddy_stream_read(far[1], bytes, 11));
    while (size < first)
        size += await(eddy_stream_read(far[1], bytes + size, first - size));
    await(eddy_stream_write(talk.ends[0], bytes, size));
    CHECK(await(eddy_stream_read_line(talk.ends[1], &line)) == 11);
    CHECK(stream_buffered(talk.ends[1]) == first - 11);
    struct relay *there = spawn(relay(far[1], talk.ends[0])), *back = spawn(relay(talk.ends[0], far[1]));
    await(eddy_start_tls(talk.ends[1], talk.server_tls, NULL));
    CHECK(await(eddy_stream_read_line(talk.ends[1], &line)) == 6 && !memcmp(line.data, "hello\n", 6));
    await(client);
    eddy_cancel(there);
    eddy_cancel(back);
    await(there, &err);
    await(back, &err);
}

static void a_client_hello_may_arrive_with_the_last_plain_bytes(void **state)
{
    (void)state;
    RUN_CLEAN(hello_comes_along(12));
    RUN_CLEAN(hello_comes_along(150));
}

/* ==== plain bytes that were lent ==== */

async(void, greet, (eddy_stream *, s), (eddy_tls *, tls))
{
    await(eddy_stream_write(s, "INFO\n", 5));
    await(eddy_start_tls(s, tls, NULL));
    await(eddy_stream_write(s, "hello\n", 6));
}

/* The server speaks first; the client has read all of that, and the bytes still lie where the kernel has put them: only
 * a socket lends memory of the driver. */
async(void, begins_after_a_greeting)
{
    eddy_slice bytes;
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    eddy_server *server = await(eddy_start_server(greet, talk.server_tls, "localhost", 0));
    talk.ends[0] = await(eddy_open_connection("localhost", eddy_server_port(server)));
    CHECK(await(eddy_stream_read_some(talk.ends[0], &bytes)) == 5 && !memcmp(bytes.data, "INFO\n", 5));
    await(eddy_start_tls(talk.ends[0], talk.client_tls, "localhost"));
    CHECK(await(eddy_stream_read_line(talk.ends[0], &bytes)) == 6);
    await(eddy_server_close(server, 5));
}

static void a_client_may_begin_after_a_greeting_in_plain_text(void **state)
{
    (void)state;
    RUN_CLEAN(begins_after_a_greeting());
}

/* ==== limits ==== */

async(void, begin_and_stay, (eddy_stream *, s), (void *, nothing))
{
    char byte;
    (void)nothing;
    await(eddy_stream_read(s, &byte, 1));
}

async(eddy_server *, limited_server, (eddy_tls *, tls), (bool, shed))
{
    eddy_server_options options = {.size = sizeof options, .host = "localhost", .max_handshakes = 1, .shed = shed};
    return await(eddy_over_tls(eddy_start_server_with_options(begin_and_stay, (void *)NULL, &options), tls));
}

/* The handler of the first connection goes on; only its handshake counts. */
async(void, one_handshake_after_the_other)
{
    struct talk talk = usual_talk();
    defer(end_talk, &talk);
    eddy_server *server = await(limited_server(talk.server_tls, false));
    for (int i = 0; i < 2; i++)
        talk.ends[i] = await(eddy_open_connection("localhost", eddy_server_port(server)));
    struct eddy_start_tls *second = spawn(eddy_start_tls(talk.ends[1], talk.client_tls, "localhost"));
    await(eddy_sleep(0.01));
    CHECK(eddy_server_connections(server) <= 1 && !eddy_done(second));
    await(eddy_start_tls(talk.ends[0], talk.client_tls, "localhost"));
    await(second);
    CHECK(eddy_server_connections(server) == 2 && eddy_server_shed(server) == 0);
    for (int i = 0; i < 2; i++) {
        await(eddy_stream_close(talk.ends[i]));
        talk.ends[i] = NULL;
    }
    await(eddy_server_close(server, 5));
}

async(void, handshakes_beyond_are_shed)
{
    struct talk talk = usual_talk();
    eddy_error err;
    defer(end_talk, &talk);
    eddy_server *server = await(limited_server(talk.server_tls, true));
    talk.ends[0] = await(eddy_open_connection("localhost", eddy_server_port(server)));
    while (!eddy_server_connections(server))
        await(eddy_sleep(0.001));
    talk.ends[1] = await(eddy_open_connection("localhost", eddy_server_port(server)));
    await(eddy_start_tls(talk.ends[1], talk.client_tls, "localhost"), &err);
    CHECK(err.code && eddy_server_shed(server) == 1);
    eddy_stream_abort(talk.ends[1]);
    talk.ends[1] = NULL;
    await(eddy_start_tls(talk.ends[0], talk.client_tls, "localhost"));
    talk.ends[1] = await(eddy_open_connection("localhost", eddy_server_port(server)));
    await(eddy_start_tls(talk.ends[1], talk.client_tls, "localhost"));
    CHECK(eddy_server_shed(server) == 1);
    await(eddy_server_close(server, 0));
}

static void handshakes_are_limited_apart(void **state)
{
    (void)state;
    RUN_CLEAN(one_handshake_after_the_other());
    RUN_CLEAN(handshakes_beyond_are_shed());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_hello_may_arrive_with_the_last_plain_bytes),
        cmocka_unit_test(a_client_may_begin_after_a_greeting_in_plain_text),
        cmocka_unit_test(handshakes_are_limited_apart),
    };
    return cmocka_run_group_tests(tests, certificates_make, certificates_remove);
}

#else

int main(void)
{
    return 0; /* test_tls says what there is instead */
}

#endif
