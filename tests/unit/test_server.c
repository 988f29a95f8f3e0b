/* SPDX-License-Identifier: MIT */
/* test_server.c - rules of <eddy/server.h>: accepting, handlers that fail, closing with and without grace. */
#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os/valgrind.h"
#include "run_clean.h"

static int handled; /* handlers that ran to their end */

async(void, greet, (eddy_stream *, s), (int *, count))
{
    await(eddy_stream_printf(s, "hello %d\n", ++*count));
    handled++;
}

static bool waiting; /* wait_long has read the first bytes */

async(void, wait_long, (eddy_stream *, s), (void *, argument))
{
    char byte;
    (void)argument;
    await(eddy_stream_read(s, &byte, 1));
    waiting = true; /* now the connection is not idle any more */
    await(eddy_stream_read(s, &byte, 1));
    handled++;
}

async(void, close_it_and_go_on, (eddy_stream *, s), (void *, argument))
{
    eddy_error err;
    char byte;
    (void)argument;
    await(eddy_stream_close(s));
    await(eddy_stream_read(s, &byte, 1), &err); /* the struct exists until the handler ends */
    CHECK(err.code == EDDY_STREAM_CLOSED && eddy_stream_descriptor(s) == -1);
    await(eddy_sleep(0.001));
    handled++;
}

async(void, fail_to_serve, (eddy_stream *, s), (void *, argument))
{
    (void)s;
    (void)argument;
    throw(EIO, "the handler's own trouble");
}

async(void, ask, (int, port), (char *, answer), (size_t, size))
{
    eddy_slice line;
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    await(eddy_stream_read_line(s, &line));
    snprintf(answer, size, "%.*s", (int)line.size, line.data);
    await(eddy_stream_close(s));
}

async(void, serve_many)
{
    int count = 0;
    char answers[3][32];
    eddy_server *server = await(eddy_start_server(greet, &count, "127.0.0.1", 0));
    CHECK(eddy_server_port(server) > 0 && eddy_server_connections(server) == 0);
    async_with (group, eddy_task_group())
        for (int i = 0; i < 3; i++)
            eddy_group_spawn(group, ask(eddy_server_port(server), answers[i], sizeof answers[i]));
    CHECK(count == 3 && !strncmp(answers[2], "hello ", 6));
    await(eddy_server_close(server, 1));
    await(eddy_server_close(NULL, 1));
}

static void each_connection_has_its_handler(void **state)
{
    (void)state;
    RUN_CLEAN(serve_many());
}

async(void, give_back, (eddy_stream *, s), (void *, argument))
{
    char byte;
    (void)argument;
    while (await(eddy_stream_read(s, &byte, 1)) > 0)
        await(eddy_stream_write(s, &byte, 1));
    handled++;
}

/* A Unix socket of this process: the test runs on several drivers at a time. */
static const char *place_of(const char *name)
{
    static char place[40];
    snprintf(place, sizeof place, "@eddy-%s-%d", name, (int)getpid());
    return place;
}

/* A Unix socket: the kernel may tell the end of a TCP connection later. */
async(void, close_beside_the_handler)
{
    char byte;
    handled = 0;
    eddy_server *server = await(eddy_start_unix_server(give_back, (void *)NULL, place_of("close")));
    for (int i = 1; i <= 5; i++) {
        eddy_stream *s = await(eddy_open_unix_connection(place_of("close")));
        await(eddy_stream_write(s, "x", 1));
        await(eddy_stream_read_exactly(s, &byte, 1));
        CHECK(eddy_server_connections(server) == 1);
        await(eddy_stream_close(s));
        CHECK(handled == i && eddy_server_connections(server) == 0);
    }
    await(eddy_server_close(server, 1));
}

static void the_handler_has_seen_the_end_after_a_close(void **state)
{
    (void)state;
    RUN_CLEAN(close_beside_the_handler());
}

async(void, serve_within_a_scope, (eddy_server **, server))
{
    async_with (scope, eddy_move_on_after(INFINITY)) {
        *server = await(eddy_start_unix_server(give_back, (void *)NULL, place_of("scope")));
        eddy_scope_cancel(scope);
        await(eddy_sleep(INFINITY));
    }
}

/* It has begun in a scope that ends before it does, cancelled. */
async(void, outlive_a_scope)
{
    eddy_server *server;
    char byte;
    await(serve_within_a_scope(&server));
    eddy_stream *s = await(eddy_open_unix_connection(place_of("scope")));
    await(eddy_stream_write(s, "x", 1));
    await(eddy_stream_read_exactly(s, &byte, 1));
    await(eddy_stream_close(s));
    await(eddy_server_close(server, 1));
}

static void a_server_outlives_the_scope_that_it_was_started_in(void **state)
{
    (void)state;
    RUN_CLEAN(outlive_a_scope());
}

async(void, close_early)
{
    char answer[8];
    handled = 0;
    eddy_server *server = await(eddy_start_server(close_it_and_go_on, (void *)NULL, "127.0.0.1", 0));
    await(ask(eddy_server_port(server), answer, sizeof answer));
    CHECK(answer[0] == '\0');
    await(eddy_server_close(server, 5));
    CHECK(handled == 1);
}

static void a_handler_may_close_its_stream(void **state)
{
    (void)state;
    RUN_CLEAN(close_early());
}

static int reports;

static void on_report(const eddy_error *err, void *argument)
{
    (void)argument;
    reports += err->code == EIO && strstr(err->message, "the handler's own trouble");
}

async(void, survive_failures)
{
    char answer[8];
    reports = 0;
    (eddy_set_exception_handler)(on_report, NULL);
    eddy_server *server = await(eddy_start_server(fail_to_serve, (void *)NULL, "127.0.0.1", 0));
    for (int i = 0; i < 3; i++)
        await(ask(eddy_server_port(server), answer, sizeof answer));
    await(eddy_server_close(server, 5));
    CHECK(reports == 3);
}

static void a_failing_handler_is_reported(void **state)
{
    (void)state;
    RUN_CLEAN(survive_failures());
}

/* The other side is closed in any case: by a reset if the handler was cancelled before it had read all. */
async(void, expect_end, (eddy_stream *, s))
{
    char byte;
    eddy_error err;
    size_t size = await(eddy_stream_read(s, &byte, 1), &err);
    CHECK(err.code ? err.code == ECONNRESET : size == 0);
    await(eddy_stream_close(s));
}

async(void, write_until_it_waits, (eddy_stream *, s))
{
    waiting = false;
    await(eddy_stream_write(s, "x", 1));
    while (!waiting)
        await(eddy_sleep(0.0001));
}

async(void, close_with, (double, grace), (bool, let_end))
{
    handled = 0;
    eddy_server *server = await(eddy_start_server(wait_long, (void *)NULL, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    while (eddy_server_connections(server) == 0)
        await(eddy_sleep(0.0001));
    await(write_until_it_waits(s));
    if (let_end)
        await(eddy_stream_write_eof(s));
    await(eddy_server_close(server, grace));
    CHECK(handled == let_end);
    await(expect_end(s));
}

static void closing_waits_and_then_cancels(void **state)
{
    (void)state;
    RUN_CLEAN(close_with(10, true));
    RUN_CLEAN(close_with(0, false));
    RUN_CLEAN(close_with(0.02, false));
}

async(void, close_server, (eddy_server *, server))
{
    await(eddy_server_close(server, 1000));
    handled = -1;         /* the handler has ended as it should, */
    await(eddy_sleep(0)); /* and the request was pending here */
}

async(void, cancel_the_closing, (double, seconds))
{
    eddy_error err;
    eddy_server *server = await(eddy_start_server(wait_long, (void *)NULL, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    while (eddy_server_connections(server) == 0)
        await(eddy_sleep(0.0001));
    await(write_until_it_waits(s));
    double began = eddy_time();
    struct close_server *closing = spawn(close_server(server));
    await(eddy_sleep(seconds));
    eddy_cancel(closing);
    await(closing, &err);
    CHECK(err.code == ECANCELED && handled == -1 && eddy_time() - began < 100);
    await(expect_end(s));
}

static void a_request_ends_the_grace_of_a_closing(void **state)
{
    (void)state;
    RUN_CLEAN(cancel_the_closing(0.001));
    RUN_CLEAN(cancel_the_closing(0.05)); /* in the pass in which the server looks at its connections again */
}

async(void, leave_it_open)
{
    eddy_server *server = await(eddy_start_server(wait_long, (void *)NULL, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    while (eddy_server_connections(server) == 0)
        await(eddy_sleep(0.0001));
    await(eddy_stream_close(s));
}

/* A task that was left running closes its server when everything is cancelled. */
async(void, own_a_server)
{
    eddy_error err, ignored;
    eddy_server *server = await(eddy_start_server(wait_long, (void *)NULL, "127.0.0.1", 0));
    await_always(eddy_sleep(1000), &err);
    await_always(eddy_sleep(0.01), &ignored);
    await_always(eddy_server_close(server, 1), &ignored);
}

async(void, leave_an_owner)
{
    eddy_detach(spawn(own_a_server()));
    await(eddy_sleep(0.01));
}

static void the_loop_closes_what_is_left(void **state)
{
    (void)state;
    RUN_CLEAN(leave_it_open());
    RUN_CLEAN(leave_an_owner());
}

async(void, start_wrongly)
{
    eddy_error err;
    char expected[64];
    eddy_server *server = await(eddy_start_server(wait_long, (void *)NULL, "127.0.0.1", 0));
    int port = eddy_server_port(server);
    (void)!await(eddy_start_server(wait_long, (void *)NULL, "127.0.0.1", port), &err);
    snprintf(expected, sizeof expected, "eddy_start_server(\"127.0.0.1\", %d)", port);
    CHECK(err.code == EADDRINUSE && !strcmp(err.message, expected));
    (void)!await(eddy_start_server(wait_long, (void *)NULL, "127.0.0.1", -1), &err);
    CHECK(err.code == EINVAL);
    (void)!await(eddy_start_server(wait_long, (void *)NULL, "192.0.2.1", 0), &err);
    CHECK(err.code == EADDRNOTAVAIL);
    await(eddy_server_close(server, 0));
}

static void a_start_that_fails_says_why(void **state)
{
    (void)state;
    RUN_CLEAN(start_wrongly());
}

async(void, start_for_nobody, (int, kind), (int, port))
{
    eddy_error err;
    if (kind == 0)
        (void)!await(eddy_start_server(wait_long, (void *)NULL, "127.0.0.1", port), &err);
    else
        eddy_detach(spawn(eddy_start_server(wait_long, (void *)NULL, "127.0.0.1", 0)));
    for (int i = 0; i < 10; i++)
        await(eddy_sleep(0.001));
}

/* A server that does not start, or that is never taken, is freed at once, not when the loop ends. */
async(void, start_and_count)
{
    eddy_server *server = await(eddy_start_server(wait_long, (void *)NULL, "127.0.0.1", 0));
    for (int kind = 0; kind < 2; kind++) {
        await(start_for_nobody(kind, eddy_server_port(server)));
        long blocks = memory_live_blocks();
        await(start_for_nobody(kind, eddy_server_port(server)));
        for (int i = 0; i < 1000 && memory_live_blocks() > blocks; i++)
            await(eddy_sleep(0.005));
        CHECK(memory_live_blocks() <= blocks);
    }
    await(eddy_server_close(server, 0));
}

static void a_server_that_is_never_taken_is_freed_at_once(void **state)
{
    (void)state;
    RUN_CLEAN(start_and_count());
}

async(void, serve_all_addresses)
{
    int count = 0;
    char answer[32];
    eddy_server *server = await(eddy_start_server(greet, &count, "", 0));
    await(ask(eddy_server_port(server), answer, sizeof answer));
    CHECK(!strcmp(answer, "hello 1\n"));
    await(eddy_server_close(server, 1));
    server = await(eddy_start_server(greet, &count, "localhost", 0));
    eddy_stream *s = await(eddy_open_connection("localhost", eddy_server_port(server)));
    await(eddy_stream_close(s));
    await(eddy_server_close(server, 1));
}

static void every_address_has_the_same_port(void **state)
{
    (void)state;
    RUN_CLEAN(serve_all_addresses());
}

static int accept_reports;

static void on_accept_report(const eddy_error *err, void *argument)
{
    (void)argument;
    accept_reports += err->code == EMFILE;
}

/* No descriptors for a while: reported once, and the connection is served when some are free again. */
async(void, run_out_of_descriptors)
{
    int count = 0;
    struct rlimit before, none;
    eddy_slice line;
    accept_reports = 0;
    (eddy_set_exception_handler)(on_accept_report, NULL);
    eddy_server *server = await(eddy_start_server(greet, &count, "127.0.0.1", 0));
    int next = dup(0);
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){(rlim_t)next + 1, before.rlim_max}; /* one descriptor, for this side */
    setrlimit(RLIMIT_NOFILE, &none);
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    await(eddy_sleep(0.05));
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK(accept_reports == 1 && count == 0);
    CHECK(await(eddy_stream_read_line(s, &line)) == 8);
    await(eddy_stream_close(s));
    await(eddy_server_close(server, 1));
}

static void a_server_survives_a_lack_of_descriptors(void **state)
{
    (void)state;
    if (!RUNNING_ON_VALGRIND) /* Valgrind closes a connection beyond the limit: none is left to serve */
        RUN_CLEAN(run_out_of_descriptors());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_connection_has_its_handler),       cmocka_unit_test(a_handler_may_close_its_stream),
        cmocka_unit_test(the_handler_has_seen_the_end_after_a_close),
        cmocka_unit_test(a_server_outlives_the_scope_that_it_was_started_in),
        cmocka_unit_test(a_failing_handler_is_reported),         cmocka_unit_test(closing_waits_and_then_cancels),
        cmocka_unit_test(a_request_ends_the_grace_of_a_closing),  cmocka_unit_test(the_loop_closes_what_is_left),
        cmocka_unit_test(a_start_that_fails_says_why),
        cmocka_unit_test(a_server_that_is_never_taken_is_freed_at_once),
        cmocka_unit_test(every_address_has_the_same_port),
        cmocka_unit_test(a_server_survives_a_lack_of_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
