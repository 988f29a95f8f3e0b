/* SPDX-License-Identifier: MIT */
/*
 * test_streams.c - the promises of every kind of stream: <eddy/stream.h> over each of them.
 *
 * A new kind of stream is added by a line in kind_at: a function that makes two ends, each the other's peer.
 */
#include <math.h>
#include <unistd.h>

#include "../unit/run_clean.h"

#ifdef EDDY_WITH_TLS
#include "../unit/certificates.h"
#else
#define certificates_make NULL
#define certificates_remove NULL
#endif

/* Two ends and the objects that keep them alive. */
struct pair {
    eddy_stream *near, *far;
    eddy_server *server;   /* the server whose handler has far; NULL: none */
    eddy_event met, over;  /* far exists; the handler may end */
};

async_type(void, maker, (struct pair *, pair));

/* ==== the kinds ==== */

async(void, lend_far, (eddy_stream *, s), (void *, argument))
{
    struct pair *pair = argument;
    pair->far = s;
    eddy_event_set(&pair->met);
    await(eddy_event_wait(&pair->over));
}

async(void, make_tcp, (struct pair *, pair))
{
    pair->server = await(eddy_start_server(lend_far, (void *)pair, "127.0.0.1", 0));
    pair->near = await(eddy_open_connection("127.0.0.1", eddy_server_port(pair->server)));
    await(eddy_event_wait(&pair->met));
}

/* At an abstract name, so that no file remains. */
async(void, make_unix, (struct pair *, pair))
{
    char path[64];
    snprintf(path, sizeof path, "@eddy-streams-%d", (int)getpid());
    pair->server = await(eddy_start_unix_server(lend_far, (void *)pair, path));
    pair->near = await(eddy_open_unix_connection(path));
    await(eddy_event_wait(&pair->met));
}

async(void, make_memory, (struct pair *, pair))
{
    eddy_stream *ends[2];
    await(eddy_stream_pair(ends));
    pair->near = ends[0];
    pair->far = ends[1];
}

async(void, make_pipes, (struct pair *, pair))
{
    int there[2], back[2];
    CHECK(pipe(there) == 0 && pipe(back) == 0);
    pair->near = await(eddy_open_descriptors(back[0], there[1]));
    pair->far = await(eddy_open_descriptors(there[0], back[1]));
}

#ifdef EDDY_WITH_TLS
async(void, make_tls, (struct pair *, pair))
{
    struct certificate_path authority = certificate_at("authority"), certificate = certificate_at("server");
    eddy_tls_options trust = {.size = sizeof trust, .ca_file = authority.text};
    eddy_tls_options own = {.size = sizeof own, .certificate_file = certificate.text};
    eddy_tls *client = eddy_tls_client_new(&trust), *service = eddy_tls_server_new(&own);
    defer(eddy_tls_free, client);
    defer(eddy_tls_free, service);
    struct eddy_start_server plain = eddy_start_server(lend_far, (void *)pair, "127.0.0.1", 0);
    pair->server = await(eddy_over_tls(plain, service));
    pair->near = await(eddy_open_tls_connection("127.0.0.1", eddy_server_port(pair->server), client));
    await(eddy_event_wait(&pair->met));
}
#endif

struct kind {
    const char *name; /* NULL: there are no more kinds */
    maker make;
    bool real;        /* uses the kernel's sockets even in the simulation, so it takes real time */
};

static struct kind kind_at(size_t i)
{
    const struct kind kinds[] = {
        {"tcp", maker_of(make_tcp), false},
        {"unix", maker_of(make_unix), true},
        {"pipe", maker_of(make_pipes), true},
        {"memory", maker_of(make_memory), false},
#ifdef EDDY_WITH_TLS
        {"tls", maker_of(make_tls), false},
#endif
    };
    return i < sizeof kinds / sizeof kinds[0] ? kinds[i] : (struct kind){NULL, kinds[0].make, false};
}

/* Real sockets have no simulated weather: the first seeds shuffle the order in every way that matters. */
static bool is_left_out(struct kind kind)
{
    enum { SEEDS_OF_THE_REAL = 20 };
    const char *seed = getenv("EDDY_SEED");
    return kind.real && seed && strtoul(seed, NULL, 10) > SEEDS_OF_THE_REAL;
}

/* The pair is closed on every way out of the test's body. */
static void part(struct pair *pair)
{
    eddy_error err;
    eddy_stream_abort(pair->near);
    eddy_event_set(&pair->over);
    if (pair->server)
        eddy_await(eddy_server_close(pair->server, 5), &err);
    else
        eddy_stream_abort(pair->far);
}

async_type(void, rule, (struct pair *, pair));

async(void, with_pair, (maker, make), (rule, check))
{
    struct pair pair = {0};
    await(make(&pair));
    defer(part, &pair);
    await(check(&pair));
}

#define FOR_EACH_KIND(rule_function)                                                                                   \
    static void rule_function##__test(void **state)                                                                    \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        struct kind kind;                                                                                              \
        for (size_t i = 0; (kind = kind_at(i)).name; i++) {                                                            \
            if (is_left_out(kind))                                                                                     \
                continue;                                                                                              \
            print_message("  over %s\n", kind.name);                                                                   \
            RUN_CLEAN(with_pair(kind.make, rule_of(rule_function)));                                                   \
        }                                                                                                              \
    }

static bool is(eddy_slice slice, const char *text)
{
    return slice.size == strlen(text) && memcmp(slice.data, text, slice.size) == 0;
}

async(void, say, (eddy_stream *, s), (const char *, text))
{
    await(eddy_stream_write(s, text, strlen(text)));
}

async(void, say_and_end, (eddy_stream *, s), (const char *, text))
{
    await(say(s, text));
    await(eddy_stream_write_eof(s));
}

/* ==== reading ==== */

/* A read returns the available bytes: at least one, and never more than was asked for. */
async(void, pieces_come_as_asked, (struct pair *, pair))
{
    const char *text = "0123456789";
    char buffer[16];
    await(say_and_end(pair->far, text));
    CHECK(!eddy_stream_at_end(pair->near));
    CHECK(await(eddy_stream_read(pair->near, buffer, 0)) == 0);
    size_t got = await(eddy_stream_read(pair->near, buffer, 4));
    CHECK(got >= 1 && got <= 4 && !memcmp(buffer, text, got));
    CHECK(await(eddy_stream_read_exactly(pair->near, buffer, 3)) == 3 && !memcmp(buffer, text + got, 3));
    for (got += 3; got < 10;) {
        size_t size = await(eddy_stream_read(pair->near, buffer, 16));
        CHECK(size >= 1 && got + size <= 10 && !memcmp(buffer, text + got, size));
        got += size;
    }
    CHECK(await(eddy_stream_read(pair->near, buffer, 16)) == 0);
    CHECK(await(eddy_stream_read(pair->near, buffer, 16)) == 0 && eddy_stream_at_end(pair->near));
}
FOR_EACH_KIND(pieces_come_as_asked)

/* Reads until all of the text has come, in whatever pieces. */
async(void, hear, (eddy_stream *, s), (const char *, text))
{
    while (*text) {
        eddy_slice bytes;
        CHECK(await(eddy_stream_read_some(s, &bytes)) == bytes.size && bytes.size >= 1);
        CHECK(bytes.size <= strlen(text) && !memcmp(bytes.data, text, bytes.size));
        text += bytes.size;
    }
}

async(void, received_bytes_are_lent, (struct pair *, pair))
{
    eddy_slice bytes;
    char buffer[4];
    await(say(pair->far, "first"));
    await(hear(pair->near, "first"));
    await(say(pair->far, "second"));
    CHECK(await(eddy_stream_read_exactly(pair->near, buffer, 2)) == 2);
    await(hear(pair->near, "cond"));
    await(eddy_stream_write_eof(pair->far));
    CHECK(await(eddy_stream_read_some(pair->near, &bytes)) == 0 && bytes.size == 0);
}
FOR_EACH_KIND(received_bytes_are_lent)

/* One byte at a time, with a moment between. */
async(void, say_slowly, (eddy_stream *, s), (const char *, text))
{
    for (; *text; text++) {
        await(eddy_stream_write(s, text, 1));
        await(eddy_sleep(0.0005));
    }
    await(eddy_stream_write_eof(s));
}

async(void, lines_come_whole, (struct pair *, pair))
{
    eddy_slice line;
    struct say_slowly *speaker = spawn(say_slowly(pair->far, "first\nsecond\r\n\nlast"));
    CHECK(await(eddy_stream_read_line(pair->near, &line)) == 6 && is(line, "first\n"));
    CHECK(await(eddy_stream_read_until(pair->near, "\r\n", &line)) == 8 && is(line, "second\r\n"));
    CHECK(await(eddy_stream_read_line(pair->near, &line)) == 1 && is(line, "\n"));
    CHECK(await(eddy_stream_read_line(pair->near, &line)) == 4 && is(line, "last"));
    CHECK(await(eddy_stream_read_line(pair->near, &line)) == 0 && line.size == 0);
    await(speaker);
}
FOR_EACH_KIND(lines_come_whole)

async(void, the_line_that_ends_first, (struct pair *, pair))
{
    static const eddy_slice ends[] = {{"--", 2}, {"\0", 1}, {"longer", 6}};
    eddy_slice line;
    eddy_error err;
    await(eddy_stream_write(pair->far, "one\0two--three-longer", 21));
    CHECK(await(eddy_stream_read_until_any(pair->near, ends, 3, &line)) == 4 && !memcmp(line.data, "one", 4));
    CHECK(await(eddy_stream_read_until_any(pair->near, ends, 3, &line)) == 5 && is(line, "two--"));
    CHECK(await(eddy_stream_read_until_any(pair->near, ends, 3, &line)) == 12 && is(line, "three-longer"));
    await(eddy_stream_read_until_any(pair->near, ends, 0, &line), &err);
    CHECK(err.code == EINVAL);
    /* A separator that arrives in two pieces. */
    await(say(pair->far, "four-"));
    struct eddy_stream_read_until_any *reader = spawn_eager(eddy_stream_read_until_any(pair->near, ends, 3, &line));
    await(eddy_sleep(0.001));
    await(say(pair->far, "-x"));
    CHECK(await(reader) == 6 && is(line, "four--"));
}
FOR_EACH_KIND(the_line_that_ends_first)

async(void, an_end_too_early, (struct pair *, pair))
{
    char buffer[16];
    eddy_slice line;
    eddy_error err;
    await(say(pair->far, "abc"));
    await(eddy_stream_read_until(pair->near, "", &line), &err);
    CHECK(err.code == EINVAL && is(eddy_stream_partial(pair->near), ""));
    await(eddy_stream_write_eof(pair->far));
    await(eddy_stream_read_until(pair->near, "\n", &line), &err);
    CHECK(err.code == EDDY_INCOMPLETE_READ && is(line, "abc") && is(eddy_stream_partial(pair->near), "abc"));
    await(eddy_stream_read_exactly(pair->near, buffer, 10), &err);
    CHECK(err.code == EDDY_INCOMPLETE_READ && strstr(err.message, "0 of 10"));
}
FOR_EACH_KIND(an_end_too_early)

async(void, too_few_bytes, (struct pair *, pair))
{
    char buffer[16];
    eddy_error err;
    await(say_and_end(pair->far, "abc"));
    await(eddy_stream_read_exactly(pair->near, buffer, 10), &err);
    CHECK(err.code == EDDY_INCOMPLETE_READ && !memcmp(buffer, "abc", 3) && strstr(err.message, "3 of 10"));
    CHECK(is(eddy_stream_partial(pair->near), "abc"));
}
FOR_EACH_KIND(too_few_bytes)

async(void, a_line_beyond_the_limit_stays, (struct pair *, pair))
{
    eddy_slice line;
    eddy_error err;
    char buffer[16];
    const char *text = "12345678\n1234\n";
    await(say(pair->far, text));
    eddy_stream_set_limit(pair->near, 4);
    await(eddy_stream_read_line(pair->near, &line), &err);
    CHECK(err.code == EDDY_LIMIT_OVERRUN);
    eddy_slice partial = eddy_stream_partial(pair->near); /* the bytes that had arrived when the limit was reached */
    CHECK(partial.size > 4 && partial.size <= strlen(text) && !memcmp(partial.data, text, partial.size));
    CHECK(await(eddy_stream_read_exactly(pair->near, buffer, 9)) == 9 && !memcmp(buffer, "12345678\n", 9));
    CHECK(await(eddy_stream_read_line(pair->near, &line)) == 5 && is(line, "1234\n"));
}
FOR_EACH_KIND(a_line_beyond_the_limit_stays)

enum { LONG = 60000, LINES = 5 };

async(void, say_long_lines, (eddy_stream *, s), (const char *, text))
{
    for (int i = 0; i < LINES; i++)
        await(eddy_stream_write(s, text, LONG));
    await(eddy_stream_write_eof(s));
}

async(void, long_lines_span_buffers, (struct pair *, pair))
{
    eddy_slice line;
    char *text = malloc(LONG);
    defer(free, text);
    for (int i = 0; i < LONG; i++)
        text[i] = (char)('a' + i % 23);
    text[LONG - 1] = '\n';
    struct say_long_lines *speaker = spawn(say_long_lines(pair->far, text));
    for (int i = 0; i < LINES; i++)
        CHECK(await(eddy_stream_read_line(pair->near, &line)) == LONG && !memcmp(line.data, text, LONG));
    CHECK(await(eddy_stream_read_line(pair->near, &line)) == 0);
    await(speaker);
}
FOR_EACH_KIND(long_lines_span_buffers)

/* Half of the bytes have arrived when the reader is cancelled, by each way to read; the next reader gets them all. */
async(void, a_cancelled_read_loses_nothing, (struct pair *, pair))
{
    eddy_slice line;
    eddy_error err;
    char buffer[16];
    await(say(pair->far, "half"));
    await_for(eddy_stream_read_exactly(pair->near, buffer, 8), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    await_for(eddy_stream_read_line(pair->near, &line), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    await_for(eddy_stream_read_exactly(pair->near, memset(buffer, 0, sizeof buffer), 9), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    await(say(pair->far, "whole\n"));
    CHECK(await(eddy_stream_read_line(pair->near, &line)) == 10 && is(line, "halfwhole\n"));
    await_for(eddy_stream_read(pair->near, buffer, 8), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    await_for(eddy_stream_read_some(pair->near, &line), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
}
FOR_EACH_KIND(a_cancelled_read_loses_nothing)

async(size_t, reader, (eddy_stream *, s), (char *, buffer), (size_t, size))
{
    return await(eddy_stream_read(s, buffer, size));
}

async(size_t, exact_reader, (eddy_stream *, s), (char *, buffer), (size_t, size))
{
    return await(eddy_stream_read_exactly(s, buffer, size));
}

async(size_t, line_reader, (eddy_stream *, s), (char *, buffer), (size_t, size))
{
    eddy_slice line;
    size_t length = await(eddy_stream_read_line(s, &line));
    CHECK(length <= size);
    memcpy(buffer, line.data, length);
    return length;
}

/* The bytes have arrived, and the reader is cancelled before it goes on: either this read has them, or the next one. */
#define CANCELLED_BEHIND(reader, pair, turns, room)                                                \
    do {                                                                                           \
        eddy_error behind;                                                                         \
        char got[8] = "", *large = calloc(1, room);                                                \
        struct reader *task = spawn(reader((pair)->near, large, (room) > 8 ? (room) : 2));         \
        await(eddy_sleep(0));                                                                      \
        await(say((pair)->far, "x\n"));                                                            \
        for (int turn = 0; turn < (turns); turn++)                                                 \
            await(eddy_sleep(0));                                                                  \
        eddy_cancel(task);                                                                         \
        size_t had = await(task, &behind);                                                         \
        CHECK(behind.code == 0 || behind.code == ECANCELED);                                       \
        if (behind.code)                                                                           \
            had = 0;                                                                               \
        memcpy(got, large, had);                                                                   \
        free(large);                                                                               \
        if (had < 2)                                                                               \
            await(eddy_stream_read_exactly((pair)->near, got + had, 2 - had));                     \
        CHECK(!memcmp(got, "x\n", 2));                                                             \
    } while (0)

async(void, a_read_cancelled_after_its_bytes, (struct pair *, pair))
{
    for (int turns = 0; turns < 4; turns++) {
        CANCELLED_BEHIND(reader, pair, turns, 8);
        CANCELLED_BEHIND(reader, pair, turns, 65536);
        CANCELLED_BEHIND(exact_reader, pair, turns, 8);
        CANCELLED_BEHIND(line_reader, pair, turns, 8);
    }
}
FOR_EACH_KIND(a_read_cancelled_after_its_bytes)

/* ==== writing ==== */

/* A number of bytes that is greater than what fits between the two ends; main sets it. */
static size_t much;

/* The kernel's TCP holds 4 MiB and more each way. The simulation has 64 KiB; pipes and Unix sockets, which belong to
 * the kernel even in the simulation, hold less than 512 KiB. */
static size_t more_than_fits(void)
{
    const char *driver = getenv("EDDY_DRIVER");
    return driver && strcmp(driver, "sim") == 0 ? 1 << 19 : 8 << 20;
}

async(void, echo, (eddy_stream *, s))
{
    for (eddy_slice bytes; await(eddy_stream_read_some(s, &bytes));)
        await(eddy_stream_write(s, bytes.data, bytes.size));
    await(eddy_stream_write_eof(s));
}

async(void, write_much, (eddy_stream *, s), (const char *, data))
{
    await(eddy_stream_write(s, data, much));
    await(eddy_stream_write_eof(s));
}

async(void, every_byte_is_written, (struct pair *, pair))
{
    char *sent = malloc(much), *got = malloc(much), more;
    defer(free, sent);
    defer(free, got);
    for (size_t i = 0; i < much; i++)
        sent[i] = (char)(i * 7 + i / 1000);
    struct echo *mirror = spawn(echo(pair->far));
    struct write_much *writer = spawn(write_much(pair->near, sent));
    CHECK(await(eddy_stream_read_exactly(pair->near, got, much)) == much);
    await(writer);
    await(mirror);
    CHECK(memcmp(sent, got, much) == 0);
    CHECK(await(eddy_stream_read(pair->near, &more, 1)) == 0);
}
FOR_EACH_KIND(every_byte_is_written)

async(void, a_write_waits_for_its_reader, (struct pair *, pair))
{
    char *data = calloc(1, much);
    defer(free, data);
    struct write_much *writer = spawn(write_much(pair->near, data));
    await(eddy_sleep(0.01));
    CHECK(!eddy_done(writer));
    size_t got = 0;
    for (eddy_slice bytes; await(eddy_stream_read_some(pair->far, &bytes));)
        got += bytes.size;
    await(writer);
    CHECK(got == much);
}
FOR_EACH_KIND(a_write_waits_for_its_reader)

async(void, beside, (bool *, had_its_turn))
{
    *had_its_turn = true;
}

/* Also a task whose writes never have to wait gives way to the others: by number, and so after as many bytes. */
async(void, a_busy_writer_gives_way, (struct pair *, pair))
{
    bool had_its_turn = false;
    struct beside *other = spawn(beside(&had_its_turn));
    for (int i = 0; i < 40; i++)
        await(say(pair->far, "x"));
    CHECK(had_its_turn);
    await(other);
}
FOR_EACH_KIND(a_busy_writer_gives_way)

enum { PARTS = 40 };

async(void, write_parts, (eddy_stream *, s), (const eddy_slice *, parts))
{
    await(eddy_stream_writev(s, parts, PARTS));
    await(eddy_stream_writev(s, parts, 0));
    await(eddy_stream_write_eof(s));
}

async(void, parts_are_written_in_order, (struct pair *, pair))
{
    enum { STEP = 3001 };
    char *text = malloc(PARTS * STEP), *got = malloc(PARTS * STEP);
    defer(free, text);
    defer(free, got);
    eddy_slice parts[PARTS];
    size_t size = 0;
    for (int i = 0; i < PARTS * STEP; i++)
        text[i] = (char)(i % 251);
    for (int i = 0; i < PARTS; i++) { /* empty ones among them */
        parts[i] = (eddy_slice){text + size, i % 3 ? STEP : 0};
        size += parts[i].size;
    }
    struct write_parts *writer = spawn(write_parts(pair->near, parts));
    CHECK(await(eddy_stream_read_exactly(pair->far, got, size)) == size && memcmp(got, text, size) == 0);
    await(writer);
    CHECK(await(eddy_stream_read(pair->far, got, 1)) == 0);
}
FOR_EACH_KIND(parts_are_written_in_order)

static void close_descriptor(int *fd)
{
    close(*fd);
}

async(void, send_file, (eddy_stream *, s), (int, fd), (size_t, size))
{
    CHECK(await(eddy_sendfile(s, fd, 3, SIZE_MAX)) == size - 3);
    CHECK(await(eddy_sendfile(s, fd, 0, 3)) == 3);
    CHECK(await(eddy_sendfile(s, fd, (int64_t)size, 10)) == 0);
    await(eddy_stream_write_eof(s));
}

/* By the kernel or by copies, with a file that does not fit at once, and waiting for its reader. */
async(void, a_file_is_sent, (struct pair *, pair))
{
    char *text = malloc(much), *got = malloc(much), path[] = "/tmp/eddy-streams-XXXXXX";
    eddy_error err;
    defer(free, text);
    defer(free, got);
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    defer(close_descriptor, &fd);
    unlink(path);
    for (size_t i = 0; i < much; i++)
        text[i] = (char)(i % 249);
    CHECK(await(eddy_pwrite(fd, text, much, 0)) == much);
    struct send_file *sender = spawn(send_file(pair->near, fd, much));
    CHECK(await(eddy_stream_read_exactly(pair->far, got, much)) == much);
    CHECK(memcmp(got, text + 3, much - 3) == 0 && memcmp(got + much - 3, text, 3) == 0);
    CHECK(await(eddy_stream_read(pair->far, got, 1)) == 0);
    await(sender);
    await(eddy_sendfile(pair->far, -1, 0, 10), &err);
    CHECK(err.code == EBADF && strstr(err.message, "eddy_sendfile("));
    CHECK(strstr(err.message, ", -1): 0 bytes were sent"));
    sender = spawn_eager(send_file(pair->far, fd, much)); /* without a reader it waits, and can be cancelled */
    await(eddy_sleep(0.001));
    CHECK(!eddy_done(sender));
    eddy_cancel(sender);
    await(sender, &err);
    CHECK(err.code == ECANCELED);
    eddy_stream_continue(pair->far);
    eddy_stream_set_deadline(pair->far, eddy_time() + 0.01);
    await(eddy_sendfile(pair->far, fd, 0, SIZE_MAX), &err);
    CHECK(err.code == ETIMEDOUT);
    eddy_stream_continue(pair->far);
    eddy_stream_set_deadline(pair->far, INFINITY);
}
FOR_EACH_KIND(a_file_is_sent)

async(void, half_closed_goes_on, (struct pair *, pair))
{
    eddy_slice line;
    eddy_error err;
    await(say_and_end(pair->near, "question"));
    CHECK(await(eddy_stream_read_line(pair->far, &line)) == 8 && is(line, "question"));
    CHECK(await(eddy_stream_read_line(pair->far, &line)) == 0);
    await(say_and_end(pair->far, "answer"));
    CHECK(await(eddy_stream_read_line(pair->near, &line)) == 6 && is(line, "answer"));
    await(eddy_stream_write(pair->near, "more", 4), &err);
    CHECK(err.code);
}
FOR_EACH_KIND(half_closed_goes_on)

async(void, no_task_reads_any_more, (struct pair *, pair))
{
    eddy_error err;
    char byte;
    await(eddy_stream_close(pair->near));
    pair->near = NULL;
    CHECK(await(eddy_stream_read(pair->far, &byte, 1)) == 0);
    for (int i = 0; i < 100; i++) { /* the first write may be sent before the peer's answer */
        await(eddy_stream_write(pair->far, "x", 1), &err);
        if (err.code)
            break;
        await(eddy_sleep(0.001));
    }
    CHECK(err.code == EPIPE || err.code == ECONNRESET);
    CHECK(strstr(err.message, "0 of 1 bytes"));
}
FOR_EACH_KIND(no_task_reads_any_more)

/* ==== concurrent use and closing ==== */

async(void, one_reader_and_one_writer, (struct pair *, pair))
{
    eddy_error err;
    char one, other, *data = calloc(1, much);
    defer(free, data);
    struct eddy_stream_read *reader = spawn_eager(eddy_stream_read(pair->near, &one, 1));
    await(eddy_stream_read(pair->near, &other, 1), &err);
    CHECK(err.code == EDDY_STREAM_BUSY);
    struct eddy_stream_write *writer = spawn_eager(eddy_stream_write(pair->near, data, much));
    await(eddy_stream_write(pair->near, "x", 1), &err);
    CHECK(err.code == EDDY_STREAM_BUSY);
    await(say(pair->far, "!"));
    CHECK(await(reader) == 1 && one == '!');
    eddy_cancel(writer);
    await(writer, &err);
    CHECK(err.code == ECANCELED);
}
FOR_EACH_KIND(one_reader_and_one_writer)

async(void, closing_wakes_waiting_tasks, (struct pair *, pair))
{
    eddy_error err;
    char byte, *data = calloc(1, much);
    defer(free, data);
    struct eddy_stream_read *reader = spawn_eager(eddy_stream_read(pair->near, &byte, 1));
    struct eddy_stream_write *writer = spawn_eager(eddy_stream_write(pair->near, data, much));
    await(eddy_sleep(0.001));
    await(eddy_stream_close(pair->near));
    pair->near = NULL;
    await(reader, &err);
    CHECK(err.code == EDDY_STREAM_CLOSED);
    await(writer, &err);
    CHECK(err.code == EDDY_STREAM_CLOSED);
    await(eddy_stream_close(NULL));
}
FOR_EACH_KIND(closing_wakes_waiting_tasks)

async(void, a_deadline_ends_both_ways, (struct pair *, pair))
{
    eddy_error err;
    eddy_slice line;
    char *data = calloc(1, much);
    defer(free, data);
    await(say(pair->far, "half"));
    eddy_stream_set_deadline(pair->near, eddy_time() + 0.02);
    struct eddy_stream_write *writer = spawn_eager(eddy_stream_write(pair->near, data, much));
    await(eddy_stream_read_line(pair->near, &line), &err);
    CHECK(err.code == ETIMEDOUT && is(eddy_stream_partial(pair->near), "half"));
    await(eddy_stream_read_exactly(pair->near, data, 8), &err);
    CHECK(err.code == ETIMEDOUT && is(eddy_stream_partial(pair->near), "half"));
    await(writer, &err);
    CHECK(err.code == ETIMEDOUT);
    await(eddy_stream_read_line(pair->near, &line), &err);
    CHECK(err.code == ETIMEDOUT);
    eddy_stream_set_deadline(pair->near, INFINITY);
    await(say(pair->far, "line\n"));
    CHECK(await(eddy_stream_read_line(pair->near, &line)) == 9 && is(line, "halfline\n"));
    eddy_stream_set_deadline(pair->near, eddy_time() - 1);
    await(eddy_stream_read_line(pair->near, &line), &err);
    CHECK(err.code == ETIMEDOUT);
    eddy_stream_set_deadline(pair->near, eddy_time() + 1000); /* the stream is closed before then */
}
FOR_EACH_KIND(a_deadline_ends_both_ways)

async(void, both_peers_have_names, (struct pair *, pair))
{
    char name[64], short_name[4];
    CHECK(eddy_stream_peer_name(pair->near, name, sizeof name) == strlen(name) && name[0]);
    CHECK(eddy_stream_peer_name(pair->near, short_name, sizeof short_name) == strlen(name));
    CHECK(eddy_stream_own_name(pair->near, name, sizeof name) == strlen(name) && name[0]);
}
FOR_EACH_KIND(both_peers_have_names)

#define TEST(rule_function) {#rule_function, rule_function##__test, NULL, NULL, NULL}

int main(void)
{
    much = more_than_fits();
    const struct CMUnitTest tests[] = {
        TEST(pieces_come_as_asked),
        TEST(received_bytes_are_lent),
        TEST(lines_come_whole),
        TEST(the_line_that_ends_first),
        TEST(an_end_too_early),
        TEST(too_few_bytes),
        TEST(a_line_beyond_the_limit_stays),
        TEST(long_lines_span_buffers),
        TEST(a_cancelled_read_loses_nothing),
        TEST(a_read_cancelled_after_its_bytes),
        TEST(every_byte_is_written),
        TEST(a_write_waits_for_its_reader),
        TEST(a_busy_writer_gives_way),
        TEST(parts_are_written_in_order),
        TEST(a_file_is_sent),
        TEST(half_closed_goes_on),
        TEST(no_task_reads_any_more),
        TEST(one_reader_and_one_writer),
        TEST(closing_wakes_waiting_tasks),
        TEST(a_deadline_ends_both_ways),
        TEST(both_peers_have_names),
    };
    return cmocka_run_group_tests(tests, certificates_make, certificates_remove);
}
