/* SPDX-License-Identifier: MIT */
/*
 * test_stream_cut.c - rules of writes that are cut short, for each kind of stream and each way to write: how much
 * was sent, that nothing follows until the program continues from there, and that no peer takes a part for the
 * whole.
 */
#define _GNU_SOURCE /* memfd_create */
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run_clean.h"

#ifdef EDDY_WITH_TLS
#include "talk.h"
#else
#define certificates_make NULL
#define certificates_remove NULL
#endif

/* More bytes than any of the streams takes without a reader. */
enum { SIZE = 4 << 20, PARTS = 64 };

enum kind { KIND_TCP, KIND_UNIX, KIND_PIPE, KIND_MEMORY, KIND_TLS, KIND_TLS_TCP, KINDS };
enum way { WAY_WRITE, WAY_WRITEV, WAY_PRINTF, WAY_SENDFILE, WAYS };

static char *data; /* SIZE bytes and a 0; the value of a byte depends on its position */
static int data_fd; /* the same bytes as a file */

static void fill(void)
{
    data_fd = memfd_create("data", MFD_CLOEXEC);
    if (ftruncate(data_fd, SIZE + 1) != 0)
        abort();
    data = mmap(NULL, SIZE + 1, PROT_READ | PROT_WRITE, MAP_SHARED, data_fd, 0);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)('a' + (i ^ i >> 8 ^ i >> 16) % 26);
}

/* ==== two ends ==== */

struct ends {
    eddy_stream *writer, *reader;
    eddy_server *server; /* NULL: none */
    eddy_event accepted, over;
#ifdef EDDY_WITH_TLS
    struct talk talk;
#endif
};

async(void, lend_stream, (eddy_stream *, s), (void *, argument))
{
    struct ends *ends = argument;
    ends->reader = s;
    eddy_event_set(&ends->accepted);
    await(eddy_event_wait(&ends->over));
}

/* With a small buffer, so that few bytes fill it. */
async(void, connect_ends, (struct ends *, ends))
{
    int small = 65536;
    ends->server = await(eddy_start_server(lend_stream, ends, "127.0.0.1", 0));
    ends->writer = await(eddy_open_connection("127.0.0.1", eddy_server_port(ends->server)));
    setsockopt(eddy_stream_descriptor(ends->writer), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    await(eddy_event_wait(&ends->accepted));
}

async(void, open_ends, (struct ends *, ends), (enum kind, kind))
{
    eddy_stream *pair[2];
    int fds[2];
    if (kind == KIND_TCP || kind == KIND_TLS_TCP) {
        await(connect_ends(ends));
    } else if (kind == KIND_PIPE) {
        await(eddy_open_pipe(&ends->reader, &ends->writer));
    } else if (kind == KIND_UNIX) {
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
        ends->writer = await(eddy_open_descriptors(fds[0], fds[0]));
        ends->reader = await(eddy_open_descriptors(fds[1], fds[1]));
    } else {
        await(eddy_stream_pair(pair));
        ends->writer = pair[0];
        ends->reader = pair[1];
    }
#ifdef EDDY_WITH_TLS
    if (kind == KIND_TLS || kind == KIND_TLS_TCP) {
        char words[400];
        ends->talk = (struct talk){.client_tls = client_of(client_options()),
                                   .server_tls = server_of(server_options("server"))};
        struct shake *reader = spawn(shake(ends->reader, ends->talk.client_tls, "localhost", words));
        await(eddy_start_tls(ends->writer, ends->talk.server_tls, NULL)); /* a server does not linger at its end */
        CHECK(await(reader) == 0);
    }
#endif
}

async(void, close_ends, (struct ends *, ends))
{
    eddy_event_set(&ends->over);
    if (ends->server)
        await(eddy_server_close(ends->server, 5));
    else
        await(eddy_stream_close(ends->reader));
#ifdef EDDY_WITH_TLS
    eddy_tls_free(ends->talk.client_tls);
    eddy_tls_free(ends->talk.server_tls);
#endif
}

async(void, overfill, (eddy_stream *, s))
{
    await(eddy_stream_write(s, data, SIZE));
}

/* Rule: a writer that waits for room learns that nobody will make some. */
async(void, leave_a_writer)
{
    eddy_error err;
    eddy_stream *pair[2];
    await(eddy_stream_pair(pair));
    struct overfill *writer = spawn(overfill(pair[0]));
    await(eddy_sleep(0.01));
    CHECK(!eddy_done(writer));
    await(eddy_stream_close(pair[1]));
    await(writer, &err);
    CHECK(err.code == EPIPE);
    eddy_error_free(&err);
    eddy_stream_abort(pair[0]);
}

static void a_writer_in_memory_ends_with_its_reader(void **state)
{
    (void)state;
    RUN_CLEAN(leave_a_writer());
}

/* ==== writing ==== */

/* Writes everything from `from` on, in one of the ways. */
async(void, write_from, (eddy_stream *, s), (enum way, way), (size_t, from))
{
    static eddy_slice parts[PARTS];
    size_t size = SIZE - from;
    switch (way) {
    case WAY_WRITE: await(eddy_stream_write(s, data + from, size)); break;
    case WAY_WRITEV:
        for (size_t i = 0; i < PARTS; i++)
            parts[i] = (eddy_slice){data + from + size * i / PARTS, size * (i + 1) / PARTS - size * i / PARTS};
        await(eddy_stream_writev(s, parts, PARTS));
        break;
    case WAY_PRINTF: await(eddy_stream_printf(s, "%s", data + from)); break;
    default: CHECK(await(eddy_sendfile(s, data_fd, (int64_t)from, size)) == size);
    }
}

/* Begins to write, and is cancelled when the first byte has arrived, which the reader takes. */
async(void, cut_short, (struct ends *, ends), (enum way, way))
{
    eddy_error err;
    char first;
    struct write_from *t = spawn(write_from(ends->writer, way, 0));
    CHECK(await(eddy_stream_read(ends->reader, &first, 1)) == 1 && first == data[0]);
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED);
    size_t sent = eddy_stream_sent(ends->writer);
    CHECK(sent > 0 && sent < SIZE);
    for (int i = 0; i < WAYS; i++) {
        await(write_from(ends->writer, i, 0), &err);
        CHECK(err.code == EDDY_WRITE_CUT);
    }
    await(eddy_stream_write_eof(ends->writer), &err);
    CHECK(err.code == EDDY_WRITE_CUT && eddy_stream_sent(ends->writer) == sent);
}

/* Reads what follows the first byte: returns how many bytes, checks each one, and stores the error code at the end. */
async(size_t, read_all, (eddy_stream *, s), (int *, code))
{
    static char buffer[65536];
    eddy_error err = {0};
    size_t place = 1;
    for (size_t size; (size = await(eddy_stream_read(s, buffer, sizeof buffer), &err)) > 0; place += size)
        CHECK(place + size <= SIZE && memcmp(buffer, data + place, size) == 0);
    *code = err.code;
    return place;
}

/* ==== the rules ==== */

async(void, goes_on, (enum kind, kind), (enum way, way))
{
    struct ends ends = {.accepted = EDDY_EVENT_INIT, .over = EDDY_EVENT_INIT};
    int code;
    await(open_ends(&ends, kind));
    await(cut_short(&ends, way));
    size_t sent = eddy_stream_sent(ends.writer);
    eddy_stream_continue(ends.writer);
    struct read_all *reading = spawn(read_all(ends.reader, &code));
    await(write_from(ends.writer, way, sent));
    CHECK(eddy_stream_sent(ends.writer) == 0);
    await(eddy_stream_close(ends.writer));
    CHECK(await(reading) == SIZE && code == 0);
    await(close_ends(&ends));
}

async(void, closes, (enum kind, kind), (enum way, way))
{
    struct ends ends = {.accepted = EDDY_EVENT_INIT, .over = EDDY_EVENT_INIT};
    int code;
    await(open_ends(&ends, kind));
    await(cut_short(&ends, way));
    struct read_all *reading = spawn(read_all(ends.reader, &code)); /* takes everything that closing would still send */
    if (way % 2)
        eddy_stream_abort(ends.writer);
    else
        await(eddy_stream_close(ends.writer));
    CHECK(await(reading) < SIZE);
    if (kind != KIND_PIPE && kind != KIND_UNIX) /* its kernel has no other end */
        CHECK(code == ECONNRESET || code == EDDY_TLS_TRUNCATED);
    await(close_ends(&ends));
}

static bool has(enum kind kind)
{
#ifdef EDDY_WITH_TLS
    return kind < KINDS;
#else
    return kind < KIND_TLS;
#endif
}

static void the_program_goes_on_from_where_it_was_cut(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int way = 0; has(kind) && way < WAYS; way++)
            RUN_CLEAN(goes_on(kind, way));
}

static void closing_in_the_middle_is_a_truncation(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int way = 0; has(kind) && way < WAYS; way++)
            RUN_CLEAN(closes(kind, way));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_in_memory_ends_with_its_reader),
        cmocka_unit_test(the_program_goes_on_from_where_it_was_cut),
        cmocka_unit_test(closing_in_the_middle_is_a_truncation),
    };
    fill();
    int failed = cmocka_run_group_tests(tests, certificates_make, certificates_remove);
    close(data_fd);
    return failed;
}
