/* SPDX-License-Identifier: MIT */
/*
 * test_server_end.c - how a server and its connections end: idle ones at once, the others with the grace; peers that
 * disconnected are counted and reported once a second, without tracebacks.
 */
#define _GNU_SOURCE
#include "run_clean.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef EDDY_WITH_TLS
#include "certificates.h"
#else
#define certificates_make   NULL
#define certificates_remove NULL
#endif
#include "log.h"

enum { GRACE = 1000 };

static int served;        /* requests */
static int ended, failed; /* handlers */

static void count_end(int *counter)
{
    ++*counter;
}

static bool on_sim(void)
{
    const char *driver = getenv("EDDY_DRIVER");
    return driver && strcmp(driver, "sim") == 0;
}

/* ---- idle connections ---- */

/* One line is one request; the test decides whether the handler marks itself as idle. */
async(void, answer_lines, (eddy_stream *, s), (bool *, marks))
{
    eddy_slice line;
    defer(count_end, &ended);
    eddy_stream_set_idle(s, *marks);
    while (await(eddy_stream_read_line(s, &line))) {
        served++;
        await(eddy_stream_printf(s, "ok\n"));
    }
    await(eddy_stream_printf(s, "bye\n")); /* only the peer's sending side has ended */
}

async(void, answer_records, (eddy_stream *, s), (bool *, marks))
{
    char record[4];
    defer(count_end, &ended);
    eddy_stream_set_idle(s, *marks);
    for (;;) {
        await(eddy_stream_read_exactly(s, record, sizeof record));
        served++;
        await(eddy_stream_write(s, record, sizeof record));
    }
}

async(void, wait_for_requests, (int, wanted))
{
    while (served < wanted)
        await(eddy_sleep(0.0005));
}

async(void, wait_for_connections, (eddy_server *, server), (size_t, wanted))
{
    while (eddy_server_connections(server) < wanted)
        await(eddy_sleep(0.0005));
    await(eddy_sleep(0.001)); /* their handlers have begun */
}

async(void, close_it, (eddy_server *, server), (double, grace))
{
    await(eddy_server_close(server, grace));
}

/* true: the closing ends although much of the grace remains. */
async(bool, ends_soon, (struct close_it *, closing))
{
    eddy_error err;
    struct eddy_sleep *soon = spawn(eddy_sleep(0.5));
    eddy_task *both[] = {eddy_task_of(closing), eddy_task_of(soon)};
    await(eddy_wait(both, 2, EDDY_FIRST_COMPLETED));
    bool at_once = eddy_done(closing);
    eddy_cancel(soon);
    await(soon, &err);
    eddy_cancel(closing);
    await(closing, &err);
    return at_once;
}

async(bool, closes_at_once, (eddy_server *, server))
{
    struct close_it *closing = spawn(close_it(server, GRACE));
    eddy_keep(closing);
    return await(ends_soon(closing));
}

/* Requests that arrived before the server closes are served. */
async(void, comes_before)
{
    eddy_slice line;
    bool marks = true;
    served = ended = 0;
    eddy_server *server = await(eddy_start_server(answer_lines, &marks, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    defer(eddy_stream_abort, s);
    await(eddy_stream_printf(s, "one\n"));
    await(eddy_stream_read_line(s, &line));
    await(eddy_stream_printf(s, "two\n"));
    await(eddy_server_close(server, 5)); /* nothing has been read meanwhile */
    CHECK(served == 2 && ended == 1);
    CHECK(await(eddy_stream_read_line(s, &line)) == 3 && await(eddy_stream_read_line(s, &line)) == 4);
}

async(void, idle, (bool, marks), (const char *, before), (bool, expected))
{
    eddy_slice line;
    served = ended = 0;
    eddy_server *server = await(eddy_start_server(answer_lines, &marks, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    defer(eddy_stream_abort, s);
    await(eddy_stream_write(s, before, strlen(before)));
    await(wait_for_connections(server, 1));
    int requests = strchr(before, '\n') ? 1 : 0;
    await(wait_for_requests(requests));
    for (int i = 0; i < requests; i++)
        await(eddy_stream_read_line(s, &line));
    if (*before && !requests)
        await(eddy_sleep(0.02)); /* half a line has come */
    bool at_once = await(closes_at_once(server));
    CHECK(at_once == expected);
    CHECK(!expected || (await(eddy_stream_read_line(s, &line)) == 4 && ended == 1));
}

static void an_idle_connection_ends_when_the_server_closes(void **state)
{
    (void)state;
    RUN_CLEAN(idle(false, "", true));        /* nothing has come */
    RUN_CLEAN(idle(true, "one\n", true));    /* between two requests, and marked as idle */
    if (!on_sim())                           /* in the simulation sent bytes are in flight for a while */
        RUN_CLEAN(comes_before());
}

static void a_connection_in_the_middle_of_a_message_gets_the_grace(void **state)
{
    (void)state;
    RUN_CLEAN(idle(false, "one\n", false));  /* who knows */
    RUN_CLEAN(idle(true, "ha", false));      /* half a request */
    RUN_CLEAN(idle(true, "one\nha", false));
}

static int reports;

static void count_report(const eddy_error *err, void *argument)
{
    (void)err;
    (void)argument;
    reports++;
}

/* read_exactly: half a record is in its caller's memory; the end at a boundary is not reported. */
async(void, records, (const char *, before), (bool, expected))
{
    bool marks = true;
    char back[4];
    served = ended = reports = 0;
    (eddy_set_exception_handler)(count_report, NULL);
    eddy_server *server = await(eddy_start_server(answer_records, &marks, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    defer(eddy_stream_abort, s);
    await(eddy_stream_write(s, before, strlen(before)));
    await(wait_for_requests(1));
    await(eddy_stream_read_exactly(s, back, sizeof back));
    await(eddy_sleep(0.02));
    bool at_once = await(closes_at_once(server));
    CHECK(at_once == expected && reports == 0);
}

static void half_a_record_is_a_message(void **state)
{
    (void)state;
    RUN_CLEAN(records("abcd", true));
    RUN_CLEAN(records("abcdef", false));
}

/* Marked as idle while the server is closing already, by a handler that was busy until then. */
async(void, busy_then_idle, (eddy_stream *, s), (eddy_event *, go_on))
{
    char byte;
    await(eddy_stream_read(s, &byte, 1));
    await(eddy_event_wait(go_on));
    eddy_stream_set_idle(s, true);
    CHECK(await(eddy_stream_read(s, &byte, 1)) == 0 && eddy_stream_at_end(s));
    ended++;
}

/* Another task of the handler waits in the read. */
async(void, read_to_the_end, (eddy_stream *, s))
{
    char byte;
    while (await(eddy_stream_read(s, &byte, 1)))
        ;
    ended++;
}

async(void, reader_beside, (eddy_stream *, s), (eddy_event *, go_on))
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, read_to_the_end(s));
        await(eddy_event_wait(go_on));
        eddy_stream_set_idle(s, true);
    }
}

async(void, marks_late, (bool, beside))
{
    eddy_event go_on = EDDY_EVENT_INIT;
    ended = 0;
    eddy_server *server = beside ? await(eddy_start_server(reader_beside, &go_on, "127.0.0.1", 0))
                                 : await(eddy_start_server(busy_then_idle, &go_on, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    defer(eddy_stream_abort, s);
    await(eddy_stream_write(s, "x", 1));
    await(wait_for_connections(server, 1));
    await(eddy_sleep(0.01));
    struct close_it *closing = spawn(close_it(server, GRACE));
    await(eddy_sleep(0.1)); /* the server looks a second time after 50 ms */
    eddy_event_set(&go_on);
    bool at_once = await(ends_soon(closing));
    CHECK(at_once && ended == 1);
}

static void a_stream_marked_while_the_server_closes_ends_too(void **state)
{
    (void)state;
    RUN_CLEAN(marks_late(false));
    RUN_CLEAN(marks_late(true));
}

/* ---- TLS: a client that sends nothing holds up no one ---- */

#ifdef EDDY_WITH_TLS
async(void, silent_under_tls)
{
    char certificate[200];
    eddy_error err;
    bool marks = false;
    snprintf(certificate, sizeof certificate, "%s", certificate_at("server").text);
    eddy_tls_options options = {.size = sizeof options, .certificate_file = certificate};
    eddy_tls *tls = eddy_tls_server_new(&options, &err);
    CHECK(tls);
    eddy_server *server = await(eddy_over_tls(eddy_start_server(answer_lines, &marks, "127.0.0.1", 0), tls));
    eddy_tls_free(tls);
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    defer(eddy_stream_abort, s);
    await(wait_for_connections(server, 1));
    bool at_once = await(closes_at_once(server));
    CHECK(at_once);
}

static void a_handshake_that_does_not_come_times_out(void **state)
{
    (void)state;
    RUN_CLEAN(silent_under_tls());
}
#endif

/* ---- peers that disconnected ---- */

async(void, echo, (eddy_stream *, s), (void *, nothing))
{
    char buffer[64];
    (void)nothing;
    defer(count_end, &failed);
    for (size_t n; (n = await(eddy_stream_read(s, buffer, sizeof buffer))) > 0;)
        await(eddy_stream_write(s, buffer, n));
}

async(void, reset, (int, port))
{
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    defer(eddy_stream_abort, s);
    struct linger at_once = {1, 0};
    char byte;
    await(eddy_stream_write(s, "x", 1));
    await(eddy_stream_read_exactly(s, &byte, 1));
    setsockopt(eddy_stream_descriptor(s), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

async(void, peers_reset, (int, count))
{
    failed = 0;
    eddy_server *server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
    for (int i = 0; i < count; i++) {
        await(reset(eddy_server_port(server)));
        while (failed <= i)
            await(eddy_sleep(0.0005));
    }
    size_t gone = eddy_server_gone(server);
    await(eddy_server_close(server, 1));
    CHECK(gone == (size_t)count);
}

static void peers_that_reset_are_counted_and_reported_once(void **state)
{
    (void)state;
    if (on_sim()) /* nothing is visible there: the kernel's sockets show it */
        return;
    assert_int_equal(eddy_run_with(LOGGING(), peers_reset(3)), 0);
    assert_int_equal(log_count("Traceback"), 0);
    assert_true(log_count("went away") >= 1 && log_count("went away") <= 3); /* one a second, on a slow machine */
    assert_int_equal(log_count("eddy: server at 127.0.0.1:"), log_count("went away"));
}

async(void, resets, (eddy_server *, server), (int, count))
{
    for (int i = 0; i < count; i++) {
        size_t before = eddy_server_gone(server);
        await(reset(eddy_server_port(server)));
        while (eddy_server_gone(server) == before)
            await(eddy_sleep(0.0005));
    }
}

/* Three within a second, none for some seconds, then one more. */
async(void, peers_reset_now_and_then)
{
    eddy_server *server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
    await(resets(server, 3));
    CHECK(log_count("1 peer went away: ECONNRESET") == 1 && log_count("went away") == 1);
    await(eddy_sleep(1.5));
    CHECK(log_count("2 peers went away in the last second\n") == 1 && log_count("went away") == 2);
    await(resets(server, 1)); /* within the second after that */
    CHECK(log_count("went away") == 2);
    await(eddy_sleep(1));
    CHECK(log_count("1 peer went away in the last second\n") == 1 && log_count("went away") == 3);
    await(eddy_sleep(5));
    await(resets(server, 1));
    CHECK(log_count("1 peer went away: ECONNRESET") == 2 && log_count("went away") == 4);
    await(resets(server, 2));
    CHECK(log_count("went away") == 4 && eddy_server_gone(server) == 7);
    await(eddy_server_close(server, 1)); /* what was not told yet is told now */
    CHECK(log_count("2 peers went away in the last second\n") == 2 && log_count("went away") == 5);
}

static void peers_that_reset_are_reported_once_a_second(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(.driver = "sim"), peers_reset_now_and_then()), 0);
}

/* The kernel has forgotten the peer's address. */
async(void, reads_until_reset, (eddy_stream *, s), (char *, message))
{
    eddy_error err = {0};
    char byte;
    defer(count_end, &failed);
    while (!err.code && await(eddy_stream_read(s, &byte, 1), &err) > 0)
        await(eddy_stream_write(s, &byte, 1));
    snprintf(message, 128, "%s %s", eddy_error_name(err.code), err.message);
}

async(void, one_is_reset)
{
    char message[128] = "", expected[128];
    failed = 0;
    eddy_server *server = await(eddy_start_server(reads_until_reset, message, "127.0.0.1", 0));
    int port = eddy_server_port(server);
    await(reset(port));
    while (!failed)
        await(eddy_sleep(0.0005));
    await(eddy_server_close(server, 1));
    snprintf(expected, sizeof expected, "ECONNRESET eddy_stream_read(a peer of 127.0.0.1:%d)", port);
    CHECK(strcmp(message, expected) == 0);
}

static void the_error_of_a_reset_names_the_server_that_the_peer_came_to(void **state)
{
    (void)state;
    if (on_sim()) /* the kernel's sockets show it */
        return;
    assert_int_equal(eddy_run_with(LOGGING(), one_is_reset()), 0);
    assert_int_equal(log_count("Traceback"), 0);
}

/* The handler fails with a code of its own after its peer has gone. */
async(void, fails_after_a_reset, (eddy_stream *, s), (int *, code))
{
    eddy_error err = {0};
    char byte;
    defer(count_end, &failed);
    while (!err.code && await(eddy_stream_read(s, &byte, 1), &err) > 0)
        await(eddy_stream_write(s, &byte, 1));
    throw(*code, "after the peer has gone");
}

async(void, each_code_after_a_reset)
{
    static const struct {
        int code;
        bool of_peer;
    } rows[] = {{ECONNRESET, true},   {EPIPE, true},       {EDDY_TLS_TRUNCATED, true}, {ETIMEDOUT, true},
                {ECONNABORTED, true}, {EHOSTUNREACH, true}, {ENETUNREACH, true},        {EDOM, false},
                {ENOMEM, false},      {EDDY_STREAM_CLOSED, false}};
    int code = 0;
    reports = 0;
    (eddy_set_exception_handler)(count_report, NULL);
    eddy_server *server = await(eddy_start_server(fails_after_a_reset, &code, "127.0.0.1", 0));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t gone = eddy_server_gone(server);
        code = rows[i].code;
        failed = reports = 0;
        await(reset(eddy_server_port(server)));
        while (!failed || eddy_server_connections(server))
            await(eddy_sleep(0.0005));
        CHECK(eddy_server_gone(server) == gone + rows[i].of_peer && reports == !rows[i].of_peer);
    }
    await(eddy_server_close(server, 1));
}

static void the_codes_of_a_peer_that_has_gone_are_counted_others_reported(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(.driver = "sim"), each_code_after_a_reset()), 0);
}

/* An error code of the peer's kind that does not come from the connection is reported like any other error. */
async(void, fails_by_another, (eddy_stream *, s), (void *, nothing))
{
    char byte;
    (void)nothing;
    await(eddy_stream_read(s, &byte, 1));
    throw(ECONNRESET, "the database has gone");
}

async(void, another_is_reset)
{
    char byte;
    reports = 0;
    (eddy_set_exception_handler)(count_report, NULL);
    eddy_server *server = await(eddy_start_server(fails_by_another, (void *)NULL, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    defer(eddy_stream_abort, s);
    await(eddy_stream_write(s, "x", 1));
    await(eddy_stream_read(s, &byte, 1));
    CHECK(reports == 1 && eddy_server_gone(server) == 0);
    await(eddy_server_close(server, 1));
}

static void only_the_connection_itself_counts(void **state)
{
    (void)state;
    RUN_CLEAN(another_is_reset());
}

/* ---- accepting that fails permanently ---- */

static int refusals;

static void count_refusal(const eddy_error *err, void *argument)
{
    (void)argument;
    refusals += err->code == EINVAL && strstr(err->message, "accept on 127.0.0.1:") != NULL;
}

async(void, never_accepts)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    refusals = 0;
    (eddy_set_exception_handler)(count_refusal, NULL);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), same = dup(fd);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0);
    eddy_server_options options = {.size = sizeof options, .descriptors = &fd, .descriptor_count = 1};
    eddy_server *server = await(eddy_start_server_with_options(echo, (void *)NULL, &options));
    await(eddy_sleep(0.01));
    shutdown(same, SHUT_RD); /* the socket listens no more, and each accept fails */
    close(same);
    await(eddy_sleep(0.6)); /* two pauses */
    CHECK(refusals == 1);
    await(eddy_server_close(server, 1));
}

static void an_accept_that_keeps_failing_is_reported_once(void **state)
{
    (void)state;
    if (on_sim()) /* nothing is visible there: the kernel's sockets show it */
        return;
    RUN_CLEAN(never_accepts());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_connection_ends_when_the_server_closes),
        cmocka_unit_test(a_connection_in_the_middle_of_a_message_gets_the_grace),
        cmocka_unit_test(half_a_record_is_a_message),
        cmocka_unit_test(a_stream_marked_while_the_server_closes_ends_too),
#ifdef EDDY_WITH_TLS
        cmocka_unit_test(a_handshake_that_does_not_come_times_out),
#endif
        cmocka_unit_test(peers_that_reset_are_counted_and_reported_once),
        cmocka_unit_test(peers_that_reset_are_reported_once_a_second),
        cmocka_unit_test(the_codes_of_a_peer_that_has_gone_are_counted_others_reported),
        cmocka_unit_test(the_error_of_a_reset_names_the_server_that_the_peer_came_to),
        cmocka_unit_test(only_the_connection_itself_counts),
        cmocka_unit_test(an_accept_that_keeps_failing_is_reported_once),
    };
    return cmocka_run_group_tests(tests, certificates_make, certificates_remove);
}
