/* SPDX-License-Identifier: MIT */
/* test_transport_pipe.c - rules of transports over pipes and terminals. */
#define _GNU_SOURCE /* pipe2, ptsname */
#include <eddy.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "transport_side.h"

/* What arrives at a plain descriptor until its end. */
async(size_t, drain_pipe, (int, fd))
{
    static char bytes[65536];
    size_t total = 0;
    for (ssize_t size; (size = read(fd, bytes, sizeof bytes)) != 0;) {
        CHECK(size > 0 || errno == EAGAIN);
        if (size < 0)
            await(eddy_sleep(0.0005));
        else
            total += (size_t)size;
    }
    return total;
}

static void make_pipe(int ends[2])
{
    assert_true(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
}

async(void, reads_a_pipe, (const struct eddy_protocol *, protocol))
{
    struct side side = {.error = -1};
    int ends[2];
    make_pipe(ends);
    CHECK(open_side(&side, ends[0], protocol) == 0);
    await(until_log(&side, "m"));
    CHECK(eddy_transport_write(side.t, "x", 1) == EPIPE);
    put(ends[1], "hello");
    await(until_log(&side, "mr"));
    CHECK(strcmp(side.last, "hello") == 0);
    eddy_transport_pause(side.t);
    put(ends[1], "more");
    await(passes(3));
    CHECK(strcmp(side.last, "hello") == 0);
    eddy_transport_resume(side.t);
    while (strcmp(side.last, "more") != 0)
        await(eddy_sleep(0.0005));
    close(ends[1]);
    await(until_log(&side, "mrel"));
    CHECK(side.error == 0);
}

static void a_pipe_is_read(void **state)
{
    (void)state;
    RUN_CLEAN(reads_a_pipe(&plain));
    RUN_CLEAN(reads_a_pipe(&with_buffer));
}

async(void, is_read_by_another_protocol)
{
    struct side side = {.error = -1};
    int ends[2];
    make_pipe(ends);
    CHECK(open_side(&side, ends[0], &plain) == 0);
    await(until_log(&side, "m"));
    await(passes(2)); /* a receive for the first protocol is in flight */
    eddy_transport_set_protocol(side.t, &with_buffer, &side);
    put(ends[1], "more than the sixteen bytes of its buffer");
    while (side.received < 41)
        await(eddy_sleep(0.0005));
    close_side(&side);
    await(until_log(&side, "mrl"));
    close(ends[1]);
}

static void another_protocol_may_take_over_a_pipe(void **state)
{
    (void)state;
    RUN_CLEAN(is_read_by_another_protocol());
}

async(void, writes_a_pipe)
{
    struct side side = {.error = -1};
    int ends[2];
    make_pipe(ends);
    CHECK(open_side(&side, ends[1], &plain) == 0);
    await(until_log(&side, "m"));
    CHECK(eddy_transport_write(side.t, much, MUCH) == 0);
    await(until_log(&side, "mp"));
    CHECK(eddy_transport_write_eof(side.t) == 0 && eddy_transport_write(side.t, "x", 1) == EPIPE);
    CHECK(await(drain_pipe(ends[0])) == MUCH);
    await(until_log(&side, "mpul"));
    CHECK(side.error == 0);
    close(ends[0]);
}

static void the_end_of_what_is_written_closes_a_pipe(void **state)
{
    (void)state;
    RUN_CLEAN(writes_a_pipe());
}

async(void, has_no_reader, (bool, has_unsent))
{
    struct side side = {.error = -1};
    int ends[2];
    make_pipe(ends);
    CHECK(open_side(&side, ends[1], &plain) == 0);
    await(until_log(&side, "m"));
    if (has_unsent) {
        CHECK(eddy_transport_write(side.t, much, MUCH) == 0);
        await(passes(5));
    }
    close(ends[0]);
    await(until_log(&side, has_unsent ? "mpl" : "ml"));
    CHECK(side.error == (has_unsent ? EPIPE : 0));
}

static void a_pipe_ends_with_its_reader(void **state)
{
    (void)state;
    RUN_CLEAN(has_no_reader(true));
    RUN_CLEAN(has_no_reader(false));
}

async(void, is_a_terminal)
{
    struct side side = {.error = -1};
    char bytes[8];
    int other = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(other >= 0 && grantpt(other) == 0 && unlockpt(other) == 0);
    int fd = open(ptsname(other), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    CHECK(fd >= 0 && open_side(&side, fd, &plain) == 0);
    await(until_log(&side, "m"));
    CHECK(eddy_transport_write_eof(side.t) == EOPNOTSUPP);
    CHECK(eddy_transport_write(side.t, "out", 3) == 0);
    while (eddy_transport_unsent(side.t) > 0)
        await(eddy_sleep(0.0005));
    CHECK(read(other, bytes, sizeof bytes) == 3);
    put(other, "in\n");
    await(until_log(&side, "mr"));
    CHECK(strcmp(side.last, "in\n") == 0);
    close(other);
    await(until_log(&side, "mrel"));
    CHECK(side.error == 0);
}

static void a_terminal_is_read_and_written(void **state)
{
    (void)state;
    RUN_CLEAN(is_a_terminal());
}

async(void, is_a_file)
{
    struct side side = {.error = -1};
    int fd = open(".", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(fd >= 0 && open_side(&side, fd, &plain) == EINVAL);
    CHECK(close(fd) == 0);
}

static void a_file_is_no_transport(void **state)
{
    (void)state;
    RUN_CLEAN(is_a_file());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_is_read),
        cmocka_unit_test(another_protocol_may_take_over_a_pipe),
        cmocka_unit_test(the_end_of_what_is_written_closes_a_pipe),
        cmocka_unit_test(a_pipe_ends_with_its_reader),
        cmocka_unit_test(a_terminal_is_read_and_written),
        cmocka_unit_test(a_file_is_no_transport),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
