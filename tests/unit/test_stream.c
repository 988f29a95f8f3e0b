/* SPDX-License-Identifier: MIT */
/* test_stream.c - rules of <eddy/stream.h>: reading in every form, writing, ends, limits, cancellation. */
#include <sys/socket.h>

#include "run_clean.h"

/* One connection to a server whose handler is the other end. */
struct wire {
    eddy_server *server;
    eddy_stream *s;
};

#define CONNECT(wire, handler, argument)                                                                             \
    do {                                                                                                             \
        (wire)->server = await(eddy_start_server(handler, argument, "127.0.0.1", 0));                                \
        (wire)->s = await(eddy_open_connection("127.0.0.1", eddy_server_port((wire)->server)));                      \
    } while (0)

async(void, cut, (struct wire *, wire))
{
    await(eddy_stream_close(wire->s));
    await(eddy_server_close(wire->server, 5));
}

async(void, say, (eddy_stream *, s), (void *, text))
{
    await(eddy_stream_write(s, text, strlen(text)));
}

/* One byte at a time, with a moment between. */
async(void, say_slowly, (eddy_stream *, s), (void *, text))
{
    for (const char *p = text; *p; p++) {
        await(eddy_stream_write(s, p, 1));
        await(eddy_sleep(0.0005));
    }
}

async(void, echo, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    char buffer[1000];
    for (size_t size; (size = await(eddy_stream_read(s, buffer, sizeof buffer)));)
        await(eddy_stream_write(s, buffer, size));
}

async(void, wait_for_end, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    char byte;
    while (await(eddy_stream_read(s, &byte, 1))) {
    }
}

static bool is(eddy_slice line, const char *text)
{
    return line.size == strlen(text) && memcmp(line.data, text, line.size) == 0;
}

/* A read returns the available bytes: at least one, and never more than was asked for. */
async(void, read_pieces)
{
    struct wire wire;
    const char *text = "0123456789";
    char buffer[16];
    CONNECT(&wire, say, (void *)(uintptr_t)text);
    CHECK(!eddy_stream_at_end(wire.s));
    CHECK(await(eddy_stream_read(wire.s, buffer, 0)) == 0);
    size_t got = await(eddy_stream_read(wire.s, buffer, 4));
    CHECK(got >= 1 && got <= 4 && !memcmp(buffer, text, got));
    CHECK(await(eddy_stream_read_exactly(wire.s, buffer, 3)) == 3 && !memcmp(buffer, text + got, 3));
    for (got += 3; got < 10;) {
        size_t size = await(eddy_stream_read(wire.s, buffer, 16));
        CHECK(size >= 1 && got + size <= 10 && !memcmp(buffer, text + got, size));
        got += size;
    }
    CHECK(await(eddy_stream_read(wire.s, buffer, 16)) == 0);
    CHECK(await(eddy_stream_read(wire.s, buffer, 16)) == 0);
    CHECK(eddy_stream_at_end(wire.s));
    await(cut(&wire));
}

static void pieces_come_as_asked(void **state)
{
    (void)state;
    RUN_CLEAN(read_pieces());
}

async(void, read_lines, (bool, slowly))
{
    struct wire wire;
    eddy_slice line;
    char *text = (char *)"first\nsecond\r\n\nlast";
    if (slowly)
        CONNECT(&wire, say_slowly, text);
    else
        CONNECT(&wire, say, text);
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 6 && is(line, "first\n"));
    CHECK(await(eddy_stream_read_until(wire.s, "\r\n", &line)) == 8 && is(line, "second\r\n"));
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 1 && is(line, "\n"));
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 4 && is(line, "last"));
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 0 && line.size == 0);
    await(cut(&wire));
}

static void lines_come_whole(void **state)
{
    (void)state;
    RUN_CLEAN(read_lines(false));
    RUN_CLEAN(read_lines(true));
}

async(void, end_too_early)
{
    struct wire wire;
    char buffer[16];
    eddy_slice line;
    eddy_error err;
    CONNECT(&wire, say, (void *)"abc");
    await(eddy_stream_read_exactly(wire.s, buffer, 10), &err);
    CHECK(err.code == EDDY_INCOMPLETE_READ && !memcmp(buffer, "abc", 3));
    CHECK(strstr(err.message, "3 of 10"));
    await(cut(&wire));
    CONNECT(&wire, say, (void *)"abc");
    await(eddy_stream_read_until(wire.s, "\n", &line), &err);
    CHECK(err.code == EDDY_INCOMPLETE_READ && is(line, "abc"));
    await(eddy_stream_read_until(wire.s, "", &line), &err);
    CHECK(err.code == EINVAL);
    await(cut(&wire));
}

static void an_end_too_early_is_an_error(void **state)
{
    (void)state;
    RUN_CLEAN(end_too_early());
}

async(void, overrun)
{
    struct wire wire;
    eddy_slice line;
    eddy_error err;
    char buffer[16];
    CONNECT(&wire, say, (void *)"12345678\n1234\n");
    eddy_stream_set_limit(wire.s, 4);
    await(eddy_stream_read_line(wire.s, &line), &err);
    CHECK(err.code == EDDY_LIMIT_OVERRUN);
    CHECK(await(eddy_stream_read_exactly(wire.s, buffer, 9)) == 9 && !memcmp(buffer, "12345678\n", 9));
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 5 && is(line, "1234\n"));
    await(cut(&wire));
}

static void a_line_beyond_the_limit_stays(void **state)
{
    (void)state;
    RUN_CLEAN(overrun());
}

/* Reads lines and goes on after errors: `expected` is the sequence of lines (L) and errors (E), as in "LEL". */
async(void, go_on, (const char *, text), (const char *, expected), (void *, how))
{
    struct wire wire;
    eddy_slice line;
    eddy_error err;
    char seen[16] = "";
    size_t count = 0, size = 1;
    wire.server = await(how ? eddy_start_server(say_slowly, (void *)(uintptr_t)text, "127.0.0.1", 0)
                            : eddy_start_server(say, (void *)(uintptr_t)text, "127.0.0.1", 0));
    wire.s = await(eddy_open_connection("127.0.0.1", eddy_server_port(wire.server)));
    eddy_stream_set_limit(wire.s, 4);
    while (size && count < sizeof seen - 1) {
        size = await(eddy_stream_read_line(wire.s, &line), &err);
        CHECK(!err.code || err.code == EDDY_LIMIT_OVERRUN);
        if (err.code || size)
            seen[count++] = err.code ? 'E' : 'L';
        size |= err.code != 0;
    }
    CHECK(!strcmp(seen, expected));
    await(cut(&wire));
}

static void reading_after_an_overrun_gives_the_next_line(void **state)
{
    (void)state;
    for (int slowly = 0; slowly < 2; slowly++) {
        void *how = slowly ? state : NULL;
        RUN_CLEAN(go_on("12345678\n1234\n\n12345\nabc", "ELLEL", how));
        RUN_CLEAN(go_on("1234\n12345678", "LE", how));
        RUN_CLEAN(go_on("12345678\n12345678\n1\n", "EEL", how));
    }
}

async(void, overrun_of_separators)
{
    struct wire wire;
    eddy_slice line;
    eddy_error err;
    CONNECT(&wire, say, (void *)"123456789--12345678--1--");
    eddy_stream_set_limit(wire.s, 4);
    for (int i = 0; i < 2; i++) {
        await(eddy_stream_read_until(wire.s, "--", &line), &err);
        CHECK(err.code == EDDY_LIMIT_OVERRUN);
    }
    CHECK(await(eddy_stream_read_until(wire.s, "--", &line)) == 3 && is(line, "1--"));
    await(eddy_stream_read_until(wire.s, "--", &line), &err);
    CHECK(err.code == EDDY_INCOMPLETE_READ && line.size == 0);
    await(cut(&wire));
}

/* Each line is measured without its own separator, whichever separator the others have. */
async(void, overrun_of_unlike_separators)
{
    const eddy_slice separators[] = {{"-----", 5}, {"\n", 1}};
    struct wire wire;
    eddy_slice line;
    eddy_error err;
    CONNECT(&wire, say, (void *)"123456\n1234-----1234\n12345-----1\n");
    eddy_stream_set_limit(wire.s, 4);
    await(eddy_stream_read_until_any(wire.s, separators, 2, &line), &err);
    CHECK(err.code == EDDY_LIMIT_OVERRUN);
    CHECK(await(eddy_stream_read_until_any(wire.s, separators, 2, &line)) == 9);
    CHECK(await(eddy_stream_read_until_any(wire.s, separators, 2, &line)) == 5);
    await(eddy_stream_read_until_any(wire.s, separators, 2, &line), &err);
    CHECK(err.code == EDDY_LIMIT_OVERRUN);
    CHECK(await(eddy_stream_read_until_any(wire.s, separators, 2, &line)) == 2 && is(line, "1\n"));
    await(cut(&wire));
}

/* A greater limit reads the line that was too long; skipping drops that line, or the next one. */
async(void, skip_lines)
{
    struct wire wire;
    eddy_slice line;
    eddy_error err;
    CONNECT(&wire, say_slowly, (void *)"12345678\n12345678\n1\n12345678\n22\nrest");
    eddy_stream_set_limit(wire.s, 4);
    await(eddy_stream_read_line(wire.s, &line), &err);
    CHECK(err.code == EDDY_LIMIT_OVERRUN);
    eddy_stream_set_limit(wire.s, 8);
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 9 && is(line, "12345678\n"));
    eddy_stream_set_limit(wire.s, 4);
    await(eddy_stream_read_line(wire.s, &line), &err);
    CHECK(err.code == EDDY_LIMIT_OVERRUN);
    CHECK(await(eddy_stream_skip_line(wire.s)) == 9);
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 2 && is(line, "1\n"));
    CHECK(await(eddy_stream_skip_line(wire.s)) == 9);
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 3 && is(line, "22\n"));
    CHECK(await(eddy_stream_skip_line(wire.s)) == 4 && await(eddy_stream_skip_line(wire.s)) == 0);
    CHECK(eddy_stream_at_end(wire.s));
    await(cut(&wire));
}

static void a_line_can_be_skipped(void **state)
{
    (void)state;
    RUN_CLEAN(overrun_of_separators());
    RUN_CLEAN(overrun_of_unlike_separators());
    RUN_CLEAN(skip_lines());
}

async(void, no_limit)
{
    struct wire wire;
    eddy_slice line;
    CONNECT(&wire, say, (void *)"line\nuntil;");
    eddy_stream_set_limit(wire.s, SIZE_MAX);
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 5);
    eddy_stream_set_limit(wire.s, SIZE_MAX - 1);
    CHECK(await(eddy_stream_read_until(wire.s, ";", &line)) == 6);
    await(cut(&wire));
}

static void a_limit_may_be_size_max(void **state)
{
    (void)state;
    RUN_CLEAN(no_limit());
}

enum { LONG = 60000 };

async(void, say_long_lines, (eddy_stream *, s), (void *, text))
{
    for (int i = 0; i < 5; i++)
        await(eddy_stream_write(s, text, LONG));
}

async(void, read_long_lines)
{
    struct wire wire;
    eddy_slice line;
    char *text = malloc(LONG);
    defer(free, text);
    memset(text, 'x', LONG);
    text[LONG - 1] = '\n';
    CONNECT(&wire, say_long_lines, text);
    for (int i = 0; i < 5; i++)
        CHECK(await(eddy_stream_read_line(wire.s, &line)) == LONG && !memcmp(line.data, text, LONG));
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 0);
    await(cut(&wire));
}

static void a_long_line_grows_the_buffer(void **state)
{
    (void)state;
    RUN_CLEAN(read_long_lines());
}

/* Half of the bytes have arrived when the reader is cancelled, by each way to read; the next reader gets them all. */
async(void, cancel_reads)
{
    struct wire wire;
    eddy_slice line;
    eddy_error err;
    char buffer[16];
    CONNECT(&wire, echo, NULL);
    await(eddy_stream_write(wire.s, "half", 4));
    await_for(eddy_stream_read_exactly(wire.s, buffer, 8), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    await_for(eddy_stream_read_line(wire.s, &line), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    memset(buffer, 0, sizeof buffer);
    await_for(eddy_stream_read_exactly(wire.s, buffer, 9), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    await(eddy_stream_write(wire.s, "whole\n", 6));
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 10 && is(line, "halfwhole\n"));
    await_for(eddy_stream_read(wire.s, buffer, 8), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    await(cut(&wire));
}

static void a_cancelled_read_loses_nothing(void **state)
{
    (void)state;
    RUN_CLEAN(cancel_reads());
}

async(void, two_readers)
{
    struct wire wire;
    eddy_error err;
    char one, other;
    CONNECT(&wire, echo, NULL);
    struct eddy_stream_read *first = spawn_eager(eddy_stream_read(wire.s, &one, 1));
    await(eddy_stream_read(wire.s, &other, 1), &err);
    CHECK(err.code == EDDY_STREAM_BUSY);
    await(eddy_stream_write(wire.s, "!", 1));
    CHECK(await(first) == 1 && one == '!');
    await(cut(&wire));
}

static void a_second_reader_is_refused(void **state)
{
    (void)state;
    RUN_CLEAN(two_readers());
}

async(void, close_under_a_reader)
{
    struct wire wire;
    eddy_error err;
    char byte;
    CONNECT(&wire, wait_for_end, NULL);
    struct eddy_stream_read *reader = spawn_eager(eddy_stream_read(wire.s, &byte, 1));
    await(eddy_stream_close(wire.s));
    await(reader, &err);
    CHECK(err.code == EDDY_STREAM_CLOSED);
    await(eddy_stream_close(NULL));
    await(eddy_server_close(wire.server, 5));
}

static void closing_wakes_the_reader(void **state)
{
    (void)state;
    RUN_CLEAN(close_under_a_reader());
}

/* More than the kernel's buffers hold, in both directions at once. */
enum { MUCH = 8 << 20 };

async(void, write_much, (eddy_stream *, s), (const char *, data))
{
    await(eddy_stream_write(s, data, MUCH));
    await(eddy_stream_write_eof(s));
}

async(void, exchange_much)
{
    struct wire wire;
    char *sent = malloc(MUCH), *got = malloc(MUCH), more;
    defer(free, sent);
    defer(free, got);
    for (int i = 0; i < MUCH; i++)
        sent[i] = (char)(i * 7 + i / 1000);
    CONNECT(&wire, echo, NULL);
    struct write_much *writer = spawn(write_much(wire.s, sent));
    CHECK(await(eddy_stream_read_exactly(wire.s, got, MUCH)) == MUCH);
    await(writer);
    CHECK(memcmp(sent, got, MUCH) == 0);
    CHECK(await(eddy_stream_read(wire.s, &more, 1)) == 0);
    await(cut(&wire));
}

static void every_byte_is_written(void **state)
{
    (void)state;
    RUN_CLEAN(exchange_much());
}

async(void, slam, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    struct linger now = {.l_onoff = 1};
    setsockopt(eddy_stream_descriptor(s), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

async(void, be_reset)
{
    struct wire wire;
    eddy_error err;
    char byte;
    CONNECT(&wire, slam, NULL);
    await(eddy_stream_read(wire.s, &byte, 1), &err);
    CHECK(err.code == ECONNRESET && strstr(err.message, "eddy_stream_read(127.0.0.1:"));
    await(eddy_stream_write(wire.s, "x", 1), &err);
    CHECK(err.code == EPIPE);
    await(eddy_stream_write_eof(wire.s), &err); /* no SIGPIPE, and no crash */
    await(cut(&wire));
}

static void a_reset_is_an_error(void **state)
{
    (void)state;
    RUN_CLEAN(be_reset());
}

async(void, format)
{
    struct wire wire;
    eddy_slice line;
    char name[64], own[64], expected[64];
    CONNECT(&wire, echo, NULL);
    /* Cancelled before it begins: its text is freed. */
    struct eddy_stream_printf *never = eddy_spawn(eddy_stream_printf(wire.s, "never %s", "sent"));
    eddy_error err;
    eddy_cancel(never);
    await(never, &err);
    CHECK(err.code == ECANCELED);
    memory_fail_after(1);
    await(eddy_stream_printf(wire.s, "%s\n", "lost"), &err);
    memory_fail_after(0);
    CHECK(err.code == ENOMEM && strstr(err.message, "eddy_stream_printf"));
    await(eddy_stream_printf(wire.s, "%s-%d\n", "text", 42));
    CHECK(await(eddy_stream_read_line(wire.s, &line)) == 8 && is(line, "text-42\n"));
    snprintf(expected, sizeof expected, "127.0.0.1:%d", eddy_server_port(wire.server));
    CHECK(eddy_stream_peer_name(wire.s, name, sizeof name) == strlen(expected));
    CHECK(!strcmp(name, expected));
    CHECK(eddy_stream_own_name(wire.s, own, sizeof own) > 10 && strcmp(own, expected));
    await(cut(&wire));
}

static void text_is_formatted(void **state)
{
    (void)state;
    RUN_CLEAN(format());
}

async(void, fail_to_connect)
{
    eddy_error err;
    char expected[64];
    eddy_server *server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
    int port = eddy_server_port(server);
    await(eddy_server_close(server, 0));
    await(eddy_open_connection("127.0.0.1", port), &err);
    snprintf(expected, sizeof expected, "eddy_open_connection(\"127.0.0.1\", %d)", port);
    CHECK(err.code == ECONNREFUSED && !strcmp(err.message, expected));
    await(eddy_open_connection("127.0.0.1", 70000), &err);
    CHECK(err.code == EINVAL);
    await(eddy_open_connection("127.0.0.1", 0), &err);
    CHECK(err.code == EINVAL);
    char name[400];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    await(eddy_open_connection(name, 1), &err);
    CHECK(err.code == ENOENT);
}

/* From a local address that the caller chooses, by options. */
async(void, connect_from)
{
    eddy_error err;
    char own[64], expected[100];
    eddy_connection_options options = {.size = sizeof options, .local_host = "127.0.0.3"};
    eddy_server *server = await(eddy_start_server(wait_for_end, (void *)NULL, "127.0.0.1", 0));
    int port = eddy_server_port(server);
    eddy_stream *s = await(eddy_open_connection_with_options("127.0.0.1", port, &options));
    CHECK(eddy_stream_own_name(s, own, sizeof own) && !strncmp(own, "127.0.0.3:", 10));
    await(eddy_stream_close(s));
    options.local_host = "::1";
    (void)!await(eddy_open_connection_with_options("127.0.0.1", port, &options), &err);
    CHECK(err.code == EAFNOSUPPORT);
    options.local_host = "somewhere";
    (void)!await(eddy_open_connection_with_options("127.0.0.1", port, &options), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "from \"somewhere\""));
    options = (eddy_connection_options){.size = sizeof options, .family = AF_INET6};
    (void)!await(eddy_open_connection_with_options("127.0.0.1", port, &options), &err);
    snprintf(expected, sizeof expected, "eddy_open_connection(\"127.0.0.1\", %d): no address of that family", port);
    CHECK(err.code == EAFNOSUPPORT && !strcmp(err.message, expected));
    await(eddy_server_close(server, 0));
}

static void a_connection_comes_from_the_given_local_address(void **state)
{
    (void)state;
    RUN_CLEAN(connect_from());
}

static void errors_name_the_peer(void **state)
{
    (void)state;
    RUN_CLEAN(fail_to_connect());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_come_as_asked),
        cmocka_unit_test(lines_come_whole),
        cmocka_unit_test(an_end_too_early_is_an_error),
        cmocka_unit_test(a_line_beyond_the_limit_stays),
        cmocka_unit_test(reading_after_an_overrun_gives_the_next_line),
        cmocka_unit_test(a_line_can_be_skipped),
        cmocka_unit_test(a_limit_may_be_size_max),
        cmocka_unit_test(a_long_line_grows_the_buffer),
        cmocka_unit_test(a_cancelled_read_loses_nothing),
        cmocka_unit_test(a_second_reader_is_refused),
        cmocka_unit_test(closing_wakes_the_reader),
        cmocka_unit_test(every_byte_is_written),
        cmocka_unit_test(a_reset_is_an_error),
        cmocka_unit_test(text_is_formatted),
        cmocka_unit_test(a_connection_comes_from_the_given_local_address),
        cmocka_unit_test(errors_name_the_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
