/* SPDX-License-Identifier: MIT */
/*
 * test_strangers.c - descriptors that the program has opened in blocking mode: they remain blocking, and an
 * operation that waits on one holds up its own task, not the loop.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_clean.h"

enum { MUCH = 1 << 20 };

static bool is_blocking(int fd)
{
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

static void close_two(int *fds)
{
    close(fds[0]);
    close(fds[1]);
}

/* The terminal's master, and the side for programs. */
static int open_tty(int fds[2])
{
    fds[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fds[0] < 0 || grantpt(fds[0]) != 0 || unlockpt(fds[0]) != 0)
        return -1;
    fds[1] = open(ptsname(fds[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
    return fds[1] < 0 ? -1 : 0;
}

enum kind { A_PIPE, A_SOCKET, A_TTY, KINDS };

/* Two ends: bytes that are written to `ends[1]` are read from `ends[0]`. */
static int open_ends(enum kind kind, int ends[2])
{
    switch (kind) {
    case A_PIPE: return pipe2(ends, O_CLOEXEC);
    case A_SOCKET: return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
    default: return open_tty(ends);
    }
}

/* ==== low-level calls ==== */

async(void, write_later, (int, fd))
{
    await(eddy_sleep(0.01));
    await(eddy_write(fd, "here\n", 5));
}

async(void, read_one, (enum kind, kind))
{
    int ends[2];
    char text[16];
    eddy_error err;
    CHECK(open_ends(kind, ends) == 0);
    defer(close_two, ends);
    await_for(eddy_read(ends[0], text, sizeof text), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    struct write_later *writer = spawn(write_later(ends[1]));
    CHECK(await(eddy_read(ends[0], text, sizeof text)) >= 5 && !memcmp(text, "here", 4));
    await(writer);
    CHECK(is_blocking(ends[0]) && is_blocking(ends[1]));
}

async(void, read_each)
{
    for (enum kind kind = 0; kind < KINDS; kind++)
        await(read_one(kind));
}

static void reading_waits_without_holding_up_the_loop(void **state)
{
    (void)state;
    RUN_CLEAN(read_each());
}

async(size_t, read_all, (int, fd), (size_t, size))
{
    char *text = malloc(MUCH);
    defer(free, text);
    size_t total = 0;
    while (total < size) {
        size_t got = await(eddy_read(fd, text, MUCH));
        CHECK(got > 0);
        total += got;
    }
    return total;
}

async(void, write_all, (int, fd), (const char *, data), (size_t, size))
{
    for (size_t sent = 0; sent < size;)
        sent += await(eddy_write(fd, data + sent, size - sent));
}

/* More than fits, read by a task of the same loop: a write that blocked the loop would block for ever. */
async(void, write_much, (enum kind, kind))
{
    int ends[2];
    size_t size = kind == A_TTY ? 65536 : MUCH;
    CHECK(open_ends(kind, ends) == 0);
    defer(close_two, ends);
    char *data = calloc(1, size);
    defer(free, data);
    memset(data, 'x', size);
    struct read_all *reader = spawn(read_all(ends[0], size));
    await(write_all(ends[1], data, size));
    CHECK(await(reader) >= size);
    CHECK(is_blocking(ends[0]) && is_blocking(ends[1]));
}

async(void, write_each)
{
    for (enum kind kind = 0; kind < KINDS; kind++)
        await(write_much(kind));
}

static void writing_waits_without_holding_up_the_loop(void **state)
{
    (void)state;
    RUN_CLEAN(write_each());
}

/* ==== connections ==== */

async(void, connect_later, (const struct sockaddr_in *, address), (bool *, connected))
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    defer(close, fd);
    await(eddy_sleep(0.01));
    await(eddy_connect(fd, (const struct sockaddr *)(const void *)address, sizeof *address));
    CHECK(is_blocking(fd));
    *connected = true;
}

async(void, meet)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    eddy_error err;
    bool connected = false;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    defer(close, listener);
    CHECK(bind(listener, (struct sockaddr *)(void *)&own, sizeof own) == 0 && listen(listener, 8) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)(void *)&own, &size) == 0);
    (void)!await_for(eddy_accept(listener), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    struct connect_later *client = spawn(connect_later(&own, &connected));
    int accepted = await(eddy_accept(listener));
    close(accepted);
    await(client);
    CHECK(connected && is_blocking(listener));
}

static void a_listener_that_blocks_accepts(void **state)
{
    (void)state;
    RUN_CLEAN(meet());
}

/* The listener's queue is full, and nothing is accepted: a connect waits, and can be cancelled. */
async(void, connect_in_vain)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    eddy_error err = {0};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), clients[8], count = 0;
    defer(close, listener);
    CHECK(bind(listener, (struct sockaddr *)(void *)&own, sizeof own) == 0 && listen(listener, 0) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)(void *)&own, &size) == 0);
    while (!err.code && count < 8) {
        clients[count] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        await_for(eddy_connect(clients[count++], (struct sockaddr *)(void *)&own, sizeof own), 0.05, &err);
    }
    while (count > 0)
        close(clients[--count]);
    CHECK(err.code == ETIMEDOUT);
}

static void a_connect_waits_without_holding_up_the_loop(void **state)
{
    (void)state;
    RUN_CLEAN(connect_in_vain());
}

async(void, greet, (eddy_stream *, s), (void *, nothing))
{
    (void)nothing;
    await(eddy_stream_write(s, "hello", 5));
}

/* A server on that listener; its open file is shared, as with another worker process. */
async(void, serve_on_taken)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[5];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), shared = dup(listener);
    defer(close, shared);
    CHECK(bind(listener, (struct sockaddr *)(void *)&own, sizeof own) == 0 && listen(listener, 8) == 0);
    eddy_server_options options = {.size = sizeof options, .descriptors = &listener, .descriptor_count = 1};
    eddy_server *server = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    for (int i = 0; i < 3; i++) {
        eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
        CHECK(await(eddy_stream_read_exactly(s, text, 5)) == 5);
        await(eddy_stream_close(s));
    }
    CHECK(is_blocking(shared));
    await(eddy_server_close(server, 1));
}

static void a_server_takes_a_listener_that_blocks(void **state)
{
    (void)state;
    RUN_CLEAN(serve_on_taken());
}

/* ==== streams ==== */

async(void, echo_back, (int, fd))
{
    eddy_stream *s = await(eddy_open_descriptors(fd, fd));
    char *data = malloc(MUCH);
    defer(eddy_stream_abort, s);
    defer(free, data);
    await(eddy_stream_read_exactly(s, data, MUCH));
    await(eddy_stream_write(s, data, MUCH));
}

async(void, talk_over_sockets)
{
    int ends[2], shared;
    eddy_slice line;
    eddy_error err;
    char *data = calloc(1, MUCH);
    defer(free, data);
    CHECK(open_ends(A_SOCKET, ends) == 0);
    shared = dup(ends[0]);
    defer(close, shared);
    struct echo_back *mirror = spawn(echo_back(ends[1]));
    eddy_stream *s = await(eddy_open_descriptors(ends[0], ends[0]));
    await_for(eddy_stream_read_line(s, &line), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    await(eddy_stream_write(s, data, MUCH));
    CHECK(await(eddy_stream_read_exactly(s, data, MUCH)) == MUCH);
    CHECK(is_blocking(shared));
    await(eddy_stream_close(s));
    await(mirror);
}

/* The number belongs to the caller, but refers to a new file: a printf to the caller's file blocks as ever. */
async(void, talk_over_pipe)
{
    int ends[2], shared[2];
    eddy_slice line;
    eddy_error err;
    CHECK(open_ends(A_PIPE, ends) == 0);
    shared[0] = dup(ends[0]);
    shared[1] = dup(ends[1]);
    defer(close_two, shared);
    eddy_stream *in = await(eddy_open_descriptors(ends[0], -1)), *out = await(eddy_open_descriptors(-1, ends[1]));
    CHECK(eddy_stream_descriptor(in) == ends[0] && eddy_stream_descriptor(out) == ends[1]);
    await_for(eddy_stream_read_line(in, &line), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    await(eddy_stream_printf(out, "a line\n"));
    CHECK(await(eddy_stream_read_line(in, &line)) == 7);
    CHECK(is_blocking(shared[0]) && is_blocking(shared[1]));
    close(shared[1]);
    shared[1] = -1;
    await(eddy_stream_write_eof(out));
    CHECK(await(eddy_stream_read_line(in, &line)) == 0); /* no other process has it open for writing */
    await(eddy_stream_close(in));
    await(eddy_stream_close(out));
}

async(void, send_file)
{
    int ends[2], file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    defer(close, file);
    CHECK(open_ends(A_SOCKET, ends) == 0);
    struct read_all *reader = spawn(read_all(ends[0], MUCH / 2));
    eddy_stream *s = await(eddy_open_descriptors(ends[1], ends[1]));
    CHECK(await(eddy_sendfile(s, file, 0, MUCH / 2)) > 0);
    await(eddy_stream_close(s));
    eddy_cancel(reader); /* the new file may be smaller than that */
    eddy_error err;
    (void)!await(reader, &err);
    close(ends[0]);
}

async(void, talk)
{
    await(talk_over_sockets());
    await(talk_over_pipe());
    await(send_file());
}

static void streams_keep_the_flags_of_a_descriptor(void **state)
{
    (void)state;
    RUN_CLEAN(talk());
}

/* ==== the program is killed ==== */

async(void, hold, (const int *, ends), (int, ready))
{
    eddy_stream *held[KINDS * 2];
    eddy_error err;
    char byte;
    for (int i = 0; i < KINDS * 2; i++)
        held[i] = await(eddy_open_descriptors(i == 1 ? -1 : ends[i], i == 0 ? -1 : ends[i]));
    CHECK(write(ready, "x", 1) == 1);
    (void)!await(eddy_stream_read(held[0], &byte, 1), &err);
}

static void a_killed_program_leaves_no_traces(void **state)
{
    int ends[KINDS * 2], ready[2], status;
    char byte;
    (void)state;
    for (int i = 0; i < KINDS; i++)
        assert_int_equal(open_ends((enum kind)i, ends + i * 2), 0);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t id = fork();
    if (id == 0)
        _exit(eddy_run(hold(ends, ready[1])));
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(id, SIGKILL);
    assert_int_equal(waitpid(id, &status, 0), id);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close_two(ready);
    for (int i = 0; i < KINDS * 2; i++) {
        assert_true(is_blocking(ends[i]));
        close(ends[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_waits_without_holding_up_the_loop),
        cmocka_unit_test(writing_waits_without_holding_up_the_loop),
        cmocka_unit_test(a_listener_that_blocks_accepts),
        cmocka_unit_test(a_connect_waits_without_holding_up_the_loop),
        cmocka_unit_test(a_server_takes_a_listener_that_blocks),
        cmocka_unit_test(streams_keep_the_flags_of_a_descriptor),
        cmocka_unit_test(a_killed_program_leaves_no_traces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
