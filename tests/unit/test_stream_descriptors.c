/* SPDX-License-Identifier: MIT */
/* test_stream_descriptors.c - descriptors that are sent with the bytes of a Unix stream. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run_clean.h"

struct ends {
    eddy_stream *near, *far;
};

async(void, join_ends, (struct ends *, ends))
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    ends->near = await(eddy_open_descriptors(pair[0], pair[0]));
    ends->far = await(eddy_open_descriptors(pair[1], pair[1]));
}

async(void, part_ends, (struct ends *, ends))
{
    await(eddy_stream_close(ends->near));
    await(eddy_stream_close(ends->far));
}

static int open_pipe(int pipe_ends[2])
{
    return pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : errno;
}

/* The writing end of a pipe is sent, and bytes that the receiver writes to it are read here. */
async(void, pass_one)
{
    struct ends ends;
    int fds[2], got[4];
    size_t count = 4;
    char text[16];
    await(join_ends(&ends));
    CHECK(open_pipe(fds) == 0);
    await(eddy_stream_send_descriptors(ends.near, "here", 4, &fds[1], 1));
    close(fds[1]);
    size_t size = await(eddy_stream_receive_descriptors(ends.far, text, sizeof text, got, &count));
    CHECK(size == 4 && !memcmp(text, "here", 4) && count == 1 && fcntl(got[0], F_GETFD) & FD_CLOEXEC);
    CHECK(write(got[0], "x", 1) == 1);
    close(got[0]);
    CHECK(read(fds[0], text, 2) == 1 && text[0] == 'x');
    close(fds[0]);
    await(part_ends(&ends));
}

static void a_descriptor_is_sent_with_the_bytes(void **state)
{
    (void)state;
    RUN_CLEAN(pass_one());
}

async(void, send_many, (eddy_stream *, s), (const int *, fds), (size_t, count), (const char *, data), (size_t, size))
{
    await(eddy_sleep(0.001));
    await(eddy_stream_send_descriptors(s, data, size, fds, count));
    await(eddy_stream_write_eof(s));
}

/* Descriptors with the first byte of many; those beyond the room are closed (RUN_CLEAN checks that). */
async(void, pass_many)
{
    enum { COUNT = 5, MUCH = 1 << 20 };
    struct ends ends;
    int fds[COUNT], got[2];
    size_t count = 2;
    char *data = calloc(1, MUCH), *place = malloc(MUCH);
    defer(free, data);
    defer(free, place);
    await(join_ends(&ends));
    for (int i = 0; i < COUNT; i++)
        fds[i] = dup(0);
    struct send_many *sender = spawn(send_many(ends.near, fds, COUNT, data, MUCH));
    size_t size = await(eddy_stream_receive_descriptors(ends.far, place, 10, got, &count));
    CHECK(size >= 1 && size <= 10 && count == 2);
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
    for (int i = 0; i < 2; i++)
        close(got[i]);
    await(eddy_stream_read_exactly(ends.far, place, MUCH - size));
    count = 2;
    CHECK(await(eddy_stream_receive_descriptors(ends.far, place, 10, got, &count)) == 0 && count == 0);
    CHECK(eddy_stream_at_end(ends.far));
    await(sender);
    await(part_ends(&ends));
}

static void descriptors_beyond_the_callers_room_are_closed(void **state)
{
    (void)state;
    RUN_CLEAN(pass_many());
}

/* A line was read, and more bytes arrived after it: these are returned first, without a descriptor. */
async(void, read_ahead)
{
    struct ends ends;
    eddy_slice line;
    int got[1];
    size_t count = 1;
    char text[16];
    await(join_ends(&ends));
    await(eddy_stream_write(ends.near, "line\nmore", 9));
    CHECK(await(eddy_stream_read_line(ends.far, &line)) == 5);
    CHECK(await(eddy_stream_receive_descriptors(ends.far, text, sizeof text, got, &count)) == 4 && count == 0);
    CHECK(!memcmp(text, "more", 4));
    await(part_ends(&ends));
}

static void bytes_read_ahead_come_first(void **state)
{
    (void)state;
    RUN_CLEAN(read_ahead());
}

/* An exchange was read before by another call, and no read is waiting when the descriptor arrives: it is kept. */
async(void, after_reading)
{
    struct ends ends;
    eddy_slice line;
    int got[1], fd = dup(0);
    size_t count = 1;
    char byte;
    await(join_ends(&ends));
    await(eddy_stream_write(ends.near, "hello\n", 6));
    CHECK(await(eddy_stream_read_line(ends.far, &line)) == 6);
    await(eddy_stream_send_descriptors(ends.near, "!", 1, &fd, 1));
    close(fd);
    await(eddy_sleep(0.01));
    CHECK(await(eddy_stream_receive_descriptors(ends.far, &byte, 1, got, &count)) == 1 && byte == '!' && count == 1);
    close(got[0]);
    await(part_ends(&ends));
}

static void a_descriptor_waits_for_its_call(void **state)
{
    (void)state;
    RUN_CLEAN(after_reading());
}

async(void, refuse)
{
    struct ends ends;
    eddy_stream *memory[2];
    eddy_error err;
    int fds[1] = {0};
    size_t count = 1;
    char byte;
    await(join_ends(&ends));
    await(eddy_stream_send_descriptors(ends.near, "", 0, fds, 1), &err);
    CHECK(err.code == EINVAL);
    await(eddy_stream_send_descriptors(ends.near, "x", 1, fds, EDDY_DESCRIPTORS_MAX + 1), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "254 of them"));
    await_for(eddy_stream_receive_descriptors(ends.far, &byte, 1, fds, &count), 0.01, &err);
    CHECK(err.code == ETIMEDOUT && count == 0);
    await(eddy_stream_pair(memory));
    await(eddy_stream_send_descriptors(memory[0], "x", 1, fds, 1), &err);
    CHECK(err.code == EOPNOTSUPP);
    await(eddy_stream_receive_descriptors(memory[0], &byte, 1, fds, &count), &err);
    CHECK(err.code == EOPNOTSUPP);
    await(eddy_stream_close(memory[0]));
    await(eddy_stream_close(memory[1]));
    await(part_ends(&ends));
}

static void only_unix_streams_carry_them(void **state)
{
    (void)state;
    RUN_CLEAN(refuse());
}

/* The other end closes its socket while bytes are unread there. */
async(void, receive_after_a_reset)
{
    struct ends ends;
    eddy_error err;
    int fds[1];
    size_t count = 1;
    char byte;
    await(join_ends(&ends));
    await(eddy_stream_write(ends.near, "x", 1));
    eddy_stream_abort(ends.far);
    await(eddy_stream_receive_descriptors(ends.near, &byte, 1, fds, &count), &err);
    CHECK(err.code == ECONNRESET && count == 0 && strstr(err.message, "eddy_stream_receive_descriptors("));
    eddy_error_free(&err);
    eddy_stream_abort(ends.near);
}

static void a_reset_is_an_error(void **state)
{
    (void)state;
    RUN_CLEAN(receive_after_a_reset());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descriptor_is_sent_with_the_bytes),
        cmocka_unit_test(descriptors_beyond_the_callers_room_are_closed),
        cmocka_unit_test(bytes_read_ahead_come_first),
        cmocka_unit_test(a_descriptor_waits_for_its_call),
        cmocka_unit_test(only_unix_streams_carry_them),
        cmocka_unit_test(a_reset_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
