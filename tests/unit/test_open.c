/* SPDX-License-Identifier: MIT */
/* test_open.c - streams over objects that are not connections: ttys, pipes, one direction only; and datagrams of
 * Unix sockets. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "run_clean.h"

/* Gives standard input its file back, which the program that starts the tests may have closed. */
static void restore_input(const int *kept)
{
    if (*kept >= 0) {
        dup2(*kept, 0);
        close(*kept);
    }
}

/* ==== ttys ==== */

struct terminal {
    eddy_stream *screen, *program; /* the side of the keyboard and screen, and the program's side */
};

async(void, open_terminal, (struct terminal *, terminal))
{
    int screen = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(screen >= 0 && grantpt(screen) == 0 && unlockpt(screen) == 0);
    int program = open(ptsname(screen), O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(program >= 0);
    terminal->screen = await(eddy_open_descriptors(screen, screen));
    terminal->program = await(eddy_open_descriptors(program, program));
}

/* A line arrives when it is complete, typed text is echoed, and the end of the program is the end of the output. */
async(void, use_terminal)
{
    struct terminal terminal;
    eddy_slice line;
    eddy_error err;
    char name[32];
    await(open_terminal(&terminal));
    CHECK(eddy_stream_peer_name(terminal.program, name, sizeof name) && !strncmp(name, "a tty (", 7));
    await(eddy_stream_printf(terminal.screen, "typ"));
    await_for(eddy_stream_read_line(terminal.program, &line), 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
    await(eddy_stream_printf(terminal.screen, "ed\n"));
    CHECK(await(eddy_stream_read_line(terminal.program, &line)) == 6 && !memcmp(line.data, "typed\n", 6));
    CHECK(await(eddy_stream_read_until(terminal.screen, "\r\n", &line)) == 7 && !memcmp(line.data, "typed\r\n", 7));
    await(eddy_stream_printf(terminal.program, "answer\n"));
    CHECK(await(eddy_stream_read_until(terminal.screen, "\r\n", &line)) == 8 && !memcmp(line.data, "answer\r\n", 8));
    await(eddy_stream_write_eof(terminal.program), &err);
    CHECK(err.code == EOPNOTSUPP);
    await(eddy_stream_close(terminal.program));
    CHECK(await(eddy_stream_read_line(terminal.screen, &line)) == 0);
    await(eddy_stream_close(terminal.screen));
}

static void a_tty_is_a_stream(void **state)
{
    (void)state;
    RUN_CLEAN(use_terminal());
}

/* ==== files ==== */

/* More than a stream buffers: it is read straight into the caller's memory. as_input: its number is 0. */
async(void, read_whole_file, (bool, as_input))
{
    enum { SIZE = 200000 };
    char path[] = "/tmp/eddy-open-XXXXXX", byte, *data = calloc(2, SIZE);
    defer(free, data);
    int fd = mkostemp(path, O_CLOEXEC);
    CHECK(fd >= 0 && unlink(path) == 0);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 31 >> 3);
    CHECK(write(fd, data, SIZE) == SIZE && lseek(fd, 0, SEEK_SET) == 0);
    int kept = as_input ? fcntl(0, F_DUPFD_CLOEXEC, 3) : -1;
    defer(restore_input, &kept);
    if (as_input) {
        CHECK(dup2(fd, 0) == 0 && close(fd) == 0);
        fd = 0;
    }
    eddy_stream *s = await(eddy_open_descriptors(fd, -1));
    defer(eddy_stream_abort, s);
    CHECK(await(eddy_stream_read_exactly(s, data + SIZE, SIZE)) == SIZE && !memcmp(data, data + SIZE, SIZE));
    CHECK(await(eddy_stream_read(s, &byte, 1)) == 0);
}

static void a_file_is_a_stream(void **state)
{
    (void)state;
    RUN_CLEAN(read_whole_file(false));
    RUN_CLEAN(read_whole_file(true));
}

/* ==== pipes ==== */

async(void, one_way)
{
    eddy_stream *reader, *writer;
    eddy_error err;
    eddy_slice line;
    char byte;
    await(eddy_open_pipe(&reader, &writer));
    await(eddy_stream_read(writer, &byte, 1), &err);
    CHECK(err.code == EBADF && strstr(err.message, "eddy_stream_read(a pipe ("));
    await(eddy_stream_write(reader, "x", 1), &err);
    CHECK(err.code == EBADF);
    await(eddy_stream_printf(writer, "line\nrest"));
    await(eddy_stream_close(writer));
    CHECK(await(eddy_stream_read_line(reader, &line)) == 5);
    CHECK(await(eddy_stream_read_line(reader, &line)) == 4 && eddy_stream_at_end(reader));
    await(eddy_stream_close(reader));
    await(eddy_open_pipe(&reader, &writer));
    await(eddy_stream_close(reader));
    await(eddy_stream_write(writer, "x", 1), &err); /* no SIGPIPE */
    CHECK(err.code == EPIPE);
    await(eddy_stream_close(writer));
    (void)!await(eddy_open_descriptors(-1, -1), &err);
    CHECK(err.code == EBADF && !strcmp(err.message, "eddy_open_descriptors(-1, -1)"));
}

static void a_pipe_goes_one_way(void **state)
{
    (void)state;
    RUN_CLEAN(one_way());
}

/* ==== datagrams of Unix sockets ==== */

static void close_descriptor(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int bound_to(const char *name, eddy_address *own)
{
    char path[64];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(path, sizeof path, "@eddy-open-%d-%s", (int)getpid(), name);
    eddy_address_unix(own, path);
    if (fd >= 0 && bind(fd, (struct sockaddr *)(void *)own->data, own->size) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

async(void, exchange_by_name)
{
    eddy_address here, there, nowhere, from;
    eddy_error err;
    char text[16], name[80];
    int a = bound_to("a", &here), b = bound_to("b", &there);
    defer(close_descriptor, &a);
    defer(close_descriptor, &b);
    CHECK(a >= 0 && b >= 0);
    CHECK(await(eddy_sendto(a, "first", 5, 0, &there)) == 5);
    CHECK(await(eddy_sendto(a, "", 0, 0, &there)) == 0);
    CHECK(await(eddy_recvfrom(b, text, sizeof text, 0, &from)) == 5 && !memcmp(text, "first", 5));
    CHECK(eddy_address_equal(&from, &here));
    CHECK(await(eddy_recvfrom(b, text, sizeof text, 0, &from)) == 0 && eddy_address_equal(&from, &here));
    eddy_address_unix(&nowhere, "@eddy-open-nobody-is-here");
    await(eddy_sendto(a, "x", 1, 0, &nowhere), &err);
    snprintf(name, sizeof name, "eddy_sendto(%d, @eddy-open-nobody-is-here)", a);
    CHECK(err.code == ECONNREFUSED && !strcmp(err.message, name));
}

static void unix_datagrams_have_names(void **state)
{
    (void)state;
    RUN_CLEAN(exchange_by_name());
}

/* Its peer's queue is full: sending waits until the peer receives. */
async(void, fill, (int, fd), (const eddy_address *, to), (int *, sent))
{
    char data[1000] = "";
    for (; *sent < 1000; ++*sent)
        await(eddy_sendto(fd, data, sizeof data, 0, to));
}

async(void, wait_for_room)
{
    eddy_address here, there;
    char data[1000];
    int sent = 0, a = bound_to("a", &here), b = bound_to("b", &there);
    defer(close_descriptor, &a);
    defer(close_descriptor, &b);
    struct fill *sender = spawn(fill(a, &there, &sent));
    await(eddy_sleep(0.01));
    CHECK(!eddy_done(sender) && sent < 1000);
    for (int i = 0; i < 1000; i++)
        CHECK(await(eddy_recvfrom(b, data, sizeof data, 0, NULL)) == sizeof data);
    await(sender);
    CHECK(sent == 1000);
}

static void a_full_peer_is_waited_for(void **state)
{
    (void)state;
    RUN_CLEAN(wait_for_room());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tty_is_a_stream),
        cmocka_unit_test(a_file_is_a_stream),
        cmocka_unit_test(a_pipe_goes_one_way),
        cmocka_unit_test(unix_datagrams_have_names),
        cmocka_unit_test(a_full_peer_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
