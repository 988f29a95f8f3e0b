/* SPDX-License-Identifier: MIT */
/* test_socket.c - the low-level calls of <eddy/io.h>: results as the system calls', errors raised, cancellation. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run_clean.h"

static void close_descriptor(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* Two connected sockets; 0 or an errno value. */
static int make_pair(int pair[2])
{
    pair[0] = pair[1] = -1;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0 ? 0 : errno;
}

static int listening(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bind(fd, (struct sockaddr *)address, size);
    listen(fd, 8);
    getsockname(fd, (struct sockaddr *)address, &size);
    return fd;
}

async(void, sends_and_receives)
{
    int pair[2];
    char buffer[8] = "";
    CHECK(make_pair(pair) == 0);
    defer(close_descriptor, &pair[0]);
    defer(close_descriptor, &pair[1]);
    CHECK(await(eddy_send_bytes(pair[0], "hello", 5, 0)) == 5);
    CHECK(await(eddy_poll(pair[1], POLLIN)) == POLLIN);
    CHECK(await(eddy_recv(pair[1], buffer, sizeof buffer, MSG_PEEK)) == 5);
    CHECK(await(eddy_recv(pair[1], buffer, 2, 0)) == 2);
    CHECK(await(eddy_recv(pair[1], buffer, sizeof buffer, 0)) == 3 && !memcmp(buffer, "llo", 3));
    shutdown(pair[0], SHUT_WR);
    CHECK(await(eddy_recv(pair[1], buffer, sizeof buffer, 0)) == 0);
}

static void bytes_travel(void **state)
{
    (void)state;
    RUN_CLEAN(sends_and_receives());
}

async(void, send_later, (int, fd))
{
    await(eddy_sleep(0.001));
    await(eddy_send_bytes(fd, "x", 1, 0));
}

async(void, waits_for_bytes)
{
    int pair[2];
    char byte = 0;
    CHECK(make_pair(pair) == 0);
    defer(close_descriptor, &pair[0]);
    defer(close_descriptor, &pair[1]);
    struct send_later *sender = spawn(send_later(pair[0]));
    CHECK(await(eddy_recv(pair[1], &byte, 1, 0)) == 1 && byte == 'x');
    await(sender);
}

static void a_receive_waits(void **state)
{
    (void)state;
    RUN_CLEAN(waits_for_bytes());
}

async(void, cancels_a_receive)
{
    int pair[2];
    char byte = 0;
    eddy_error err;
    CHECK(make_pair(pair) == 0);
    defer(close_descriptor, &pair[0]);
    defer(close_descriptor, &pair[1]);
    struct eddy_recv *receiver = spawn_eager(eddy_recv(pair[1], &byte, 1, 0));
    CHECK(eddy_cancel(receiver, "enough"));
    await(receiver, &err);
    CHECK(err.code == ECANCELED);
    await_for(eddy_recv(pair[1], &byte, 1, 0), 0.01, &err);
    CHECK(err.code == ETIMEDOUT);
    CHECK(await(eddy_send_bytes(pair[0], "y", 1, 0)) == 1);
    CHECK(await(eddy_recv(pair[1], &byte, 1, 0)) == 1 && byte == 'y'); /* nothing was lost */
}

static void a_cancelled_receive_takes_nothing(void **state)
{
    (void)state;
    RUN_CLEAN(cancels_a_receive());
}

async(void, accepts_and_connects)
{
    struct sockaddr_in address;
    int listener = listening(&address), client = -1, server = -1;
    char byte = 0;
    defer(close_descriptor, &listener);
    defer(close_descriptor, &client);
    defer(close_descriptor, &server);
    struct eddy_accept *accepting = spawn_eager(eddy_accept(listener));
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    await(eddy_connect(client, (struct sockaddr *)&address, sizeof address));
    server = await(accepting);
    CHECK(server >= 0);
    await(eddy_send_bytes(client, "z", 1, 0));
    CHECK(await(eddy_recv(server, &byte, 1, 0)) == 1 && byte == 'z');
}

static void a_connection_is_made(void **state)
{
    (void)state;
    RUN_CLEAN(accepts_and_connects());
}

/* The connection is there when the accept is cancelled, or even in its hands: no socket is left open. */
async(void, cancels_a_finished_accept, (bool, accepted))
{
    struct sockaddr_in address;
    int listener = listening(&address), client;
    eddy_error err;
    defer(close_descriptor, &listener);
    client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    defer(close_descriptor, &client);
    struct eddy_accept *accepting = spawn_eager(eddy_accept(listener));
    CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    if (accepted)
        await(eddy_sleep(0)); /* one look at I/O */
    eddy_cancel(accepting);
    int fd = await(accepting, &err);
    if (!err.code)
        close_descriptor(&fd);
    CHECK(err.code == ECANCELED || accepted);
}

static void a_cancelled_accept_leaks_no_socket(void **state)
{
    (void)state;
    RUN_CLEAN(cancels_a_finished_accept(false));
    RUN_CLEAN(cancels_a_finished_accept(true));
}

async(void, fails)
{
    struct sockaddr_in address;
    int listener = listening(&address), client;
    eddy_error err;
    close(listener);
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    defer(close_descriptor, &client);
    await(eddy_connect(client, (struct sockaddr *)&address, sizeof address), &err);
    CHECK(err.code == ECONNREFUSED);
    char byte;
    await(eddy_recv(-1, &byte, 1, 0), &err);
    CHECK(err.code == EBADF && !strcmp(err.message, "eddy_recv(-1)"));
    await(eddy_send_bytes(-1, "x", 1, 0), &err);
    CHECK(err.code == EBADF);
    await(eddy_accept(-1), &err);
    CHECK(err.code == EBADF);
    await(eddy_poll(1 << 20, POLLIN), &err);
    CHECK(err.code == EBADF);
}

static void errors_are_raised(void **state)
{
    (void)state;
    RUN_CLEAN(fails());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_travel),
        cmocka_unit_test(a_receive_waits),
        cmocka_unit_test(a_cancelled_receive_takes_nothing),
        cmocka_unit_test(a_connection_is_made),
        cmocka_unit_test(a_cancelled_accept_leaks_no_socket),
        cmocka_unit_test(errors_are_raised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
