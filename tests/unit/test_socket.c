/* SPDX-License-Identifier: MIT */
/* test_socket.c - the low-level calls of <eddy/io.h>: results are those of the system calls, errors are raised,
 * cancellation. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
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

/* One call for each way to receive: a socket's message with its sender, a pipe, a file at an offset. */
async(void, read_and_write)
{
    int ends[2];
    char buffer[8] = "";
    CHECK(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
    defer(close_descriptor, &ends[0]);
    defer(close_descriptor, &ends[1]);
    CHECK(await(eddy_write(ends[1], "piped", 5)) == 5);
    CHECK(await(eddy_read(ends[0], buffer, sizeof buffer)) == 5 && !memcmp(buffer, "piped", 5));
    close(ends[1]);
    ends[1] = -1;
    CHECK(await(eddy_read(ends[0], buffer, sizeof buffer)) == 0);
    eddy_error err;
    await(eddy_write(ends[0], "x", 1), &err);
    CHECK(err.code == EBADF && strstr(err.message, "eddy_write("));
    await(eddy_read(-1, buffer, 1), &err);
    CHECK(err.code == EBADF && !strcmp(err.message, "eddy_read(-1)"));
}

static void descriptors_are_read_and_written(void **state)
{
    (void)state;
    RUN_CLEAN(read_and_write());
}

async(void, read_at_a_place)
{
    char buffer[8] = "", path[] = "/tmp/eddy-socket-XXXXXX";
    eddy_error err;
    int fd = mkostemp(path, O_CLOEXEC);
    CHECK(fd >= 0);
    defer(close_descriptor, &fd);
    unlink(path);
    CHECK(await(eddy_pwrite(fd, "0123456789", 10, 4)) == 10);
    CHECK(await(eddy_pread(fd, buffer, 3, 6)) == 3 && !memcmp(buffer, "234", 3));
    CHECK(await(eddy_pread(fd, buffer, 4, 0)) == 4 && !memcmp(buffer, "\0\0\0", 4));
    CHECK(await(eddy_pread(fd, buffer, 1, 100)) == 0);
    await(eddy_pread(-1, buffer, 1, 7), &err);
    CHECK(err.code == EBADF && !strcmp(err.message, "eddy_pread(-1, at 7)"));
}

static void files_are_read_at_a_place(void **state)
{
    (void)state;
    RUN_CLEAN(read_at_a_place());
}

/* ==== datagrams ==== */

static int datagram_socket(eddy_address *own)
{
    socklen_t size = sizeof own->data;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    eddy_address_ip(own, "127.0.0.1", 0);
    bind(fd, (struct sockaddr *)(void *)own->data, own->size);
    getsockname(fd, (struct sockaddr *)(void *)own->data, &size);
    own->size = size;
    return fd;
}

async(void, send_datagram_later, (int, fd), (const eddy_address *, to))
{
    await(eddy_sleep(0.001));
    CHECK(await(eddy_sendto(fd, "later", 5, 0, to)) == 5);
}

async(void, exchange_datagrams)
{
    eddy_address here, there, from;
    eddy_error err;
    char buffer[8] = "";
    int a = datagram_socket(&here), b = datagram_socket(&there);
    defer(close_descriptor, &a);
    defer(close_descriptor, &b);
    CHECK(await(eddy_sendto(a, "hello", 5, 0, &there)) == 5);
    CHECK(await(eddy_recvfrom(b, buffer, sizeof buffer, 0, &from)) == 5 && !memcmp(buffer, "hello", 5));
    CHECK(eddy_address_equal(&from, &here));
    struct send_datagram_later *sender = spawn(send_datagram_later(b, &from));
    CHECK(await(eddy_recvfrom(a, buffer, 3, 0, NULL)) == 3 && !memcmp(buffer, "lat", 3)); /* the rest is lost */
    await(sender);
    await_for(eddy_recvfrom(a, buffer, sizeof buffer, 0, &from), 0.01, &err);
    CHECK(err.code == ETIMEDOUT);
    eddy_address broadcast;
    char expected[64];
    eddy_address_ip(&broadcast, "255.255.255.255", 9);
    await(eddy_sendto(a, "x", 1, 0, &broadcast), &err);
    snprintf(expected, sizeof expected, "eddy_sendto(%d, 255.255.255.255:9)", a);
    CHECK(err.code && !strcmp(err.message, expected));
}

static void datagrams_travel_with_their_sender(void **state)
{
    (void)state;
    RUN_CLEAN(exchange_datagrams());
}

/* ==== messages that carry a descriptor ==== */

union room_for_one {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
};

async(void, pass_descriptor)
{
    int pair[2], passed = -1;
    char byte = 0;
    union room_for_one room = {{0}};
    struct iovec part = {(void *)(uintptr_t)"!", 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room};
    CHECK(make_pair(pair) == 0);
    defer(close_descriptor, &pair[0]);
    defer(close_descriptor, &pair[1]);
    defer(close_descriptor, &passed);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(head), &pair[1], sizeof(int));
    CHECK(await(eddy_sendmsg(pair[0], &message, 0)) == 1);
    part.iov_base = &byte;
    message.msg_controllen = sizeof room;
    CHECK(await(eddy_recvmsg(pair[1], &message, 0)) == 1 && byte == '!');
    memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    CHECK(passed >= 0 && passed != pair[1] && fcntl(passed, F_GETFD) & FD_CLOEXEC);
    CHECK(await(eddy_send_bytes(passed, "back", 4, 0)) == 4);
}

static void messages_carry_descriptors(void **state)
{
    (void)state;
    RUN_CLEAN(pass_descriptor());
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

/* The connection is there when the accept is cancelled, or the accept has it already: no socket remains open. */
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
        await(eddy_sleep(0)); /* one look of the loop at I/O */
    eddy_cancel(accepting);
    int fd = await(accepting, &err);
    if (!err.code)
        close_descriptor(&fd);
    CHECK(err.code == ECANCELED || fd >= 0);
}

static void a_cancelled_accept_leaks_no_socket(void **state)
{
    (void)state;
    RUN_CLEAN(cancels_a_finished_accept(false));
    RUN_CLEAN(cancels_a_finished_accept(true));
}

/* Of an address of any length that the call may have, and of none. */
async(void, fails_to_connect, (int, fd), (const struct sockaddr *, address), (unsigned, length), (const char *, name))
{
    eddy_error err;
    char expected[80];
    snprintf(expected, sizeof expected, "eddy_connect(%d, %s)", fd, name);
    await(eddy_connect(fd, address, length), &err);
    CHECK(err.code != 0 && !strcmp(err.message, expected));
}

async(void, fails_with_names)
{
    union {
        struct sockaddr_in in;
        char bytes[sizeof(eddy_address)];
    } address = {.bytes = ""};
    char name[40];
    int listener = listening(&address.in);
    close(listener);
    snprintf(name, sizeof name, "127.0.0.1:%d", ntohs(address.in.sin_port));
    const struct {
        unsigned length;
        const char *name;
    } cases[] = {{sizeof address.in, name}, {sizeof(struct sockaddr_storage), name}, {1, "?"}, {0, "?"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        defer(close_descriptor, &client);
        await(fails_to_connect(client, (struct sockaddr *)&address, cases[i].length, cases[i].name));
    }
}

static void a_failed_connect_names_whom_it_asked(void **state)
{
    (void)state;
    RUN_CLEAN(fails_with_names());
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

async(void, send_after_a_moment, (int, fd), (const char *, text))
{
    await(eddy_sleep(0.01));
    await(eddy_send_bytes(fd, text, strlen(text), 0));
}

async(void, receives_all)
{
    int pair[2];
    char first[3], second[4];
    struct iovec parts[] = {{first, 3}, {second, 4}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    CHECK(make_pair(pair) == 0);
    defer(close_descriptor, &pair[0]);
    defer(close_descriptor, &pair[1]);
    await(eddy_send_bytes(pair[0], "ab", 2, 0));
    __auto_type sending = spawn(send_after_a_moment(pair[0], "cde12"));
    CHECK(await(eddy_recv(pair[1], first, 3, MSG_WAITALL)) == 3 && !memcmp(first, "abc", 3));
    await(sending);
    sending = spawn(send_after_a_moment(pair[0], "34567"));
    CHECK(await(eddy_recvmsg(pair[1], &message, MSG_WAITALL)) == 7 && !memcmp(second, "2345", 3));
    CHECK(parts[0].iov_len == 3 && parts[1].iov_len == 4); /* the caller's structs are as they were */
    await(sending);
    shutdown(pair[0], SHUT_WR);
    CHECK(await(eddy_recvfrom(pair[1], first, 3, MSG_WAITALL, NULL)) == 2);
    CHECK(await(eddy_recvmsg(pair[1], &message, 0)) == 0); /* the end is no error */
}

static void a_receive_waits_for_the_whole_length(void **state)
{
    (void)state;
    RUN_CLEAN(receives_all());
}

/* The bytes that arrived are the result; the request is pending for the next await. */
async(void, gives_up)
{
    int pair[2];
    char buffer[8];
    CHECK(make_pair(pair) == 0);
    defer(close_descriptor, &pair[0]);
    defer(close_descriptor, &pair[1]);
    __auto_type receiving = spawn(eddy_recv(pair[1], buffer, sizeof buffer, MSG_WAITALL));
    await(eddy_send_bytes(pair[0], "abc", 3, 0));
    await(eddy_sleep(0.01));
    eddy_cancel(receiving);
    eddy_error err;
    size_t got = await(receiving, &err);
    CHECK(err.code == ECANCELED || (got == 3 && !memcmp(buffer, "abc", 3)));
    await(eddy_send_bytes(pair[0], "d", 1, 0));
    CHECK(await(eddy_recv(pair[1], buffer + 3, 5, 0)) == 1 && !memcmp(buffer, "abcd", 4)); /* nothing twice */
}

static void a_receive_of_the_whole_length_can_be_cancelled(void **state)
{
    (void)state;
    RUN_CLEAN(gives_up());
}

async(void, waits_for_room)
{
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    socklen_t size = sizeof address;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), first, second;
    eddy_error err;
    first = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    second = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    defer(close_descriptor, &listener);
    defer(close_descriptor, &first);
    defer(close_descriptor, &second);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0 && listen(listener, 0) == 0);
    await(eddy_connect(first, (struct sockaddr *)&address, size));
    await_for(eddy_connect(second, (struct sockaddr *)&address, size), 0.02, &err);
    CHECK(err.code == ETIMEDOUT && send(second, "x", 1, MSG_NOSIGNAL) < 0);
    __auto_type connecting = spawn(eddy_connect(second, (struct sockaddr *)&address, size));
    await(eddy_sleep(0.02));
    CHECK(!eddy_done(connecting));
    close(await(eddy_accept(listener)));
    await(connecting);
    CHECK(send(second, "x", 1, MSG_NOSIGNAL) == 1);
}

static void a_full_queue_is_waited_for(void **state)
{
    (void)state;
    RUN_CLEAN(waits_for_room());
}

/* No bytes are a result, and no failure. */
async(void, moves_nothing)
{
    int pair[2];
    char buffer[8];
    struct iovec empty = {buffer, 0}, part = {buffer, sizeof buffer}; /* QEMU does not send a message without parts */
    struct msghdr nothing = {.msg_iov = &empty, .msg_iovlen = 1}, message = {.msg_iov = &part, .msg_iovlen = 1};
    int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0 && file >= 0);
    defer(close_descriptor, &pair[0]);
    defer(close_descriptor, &pair[1]);
    defer(close_descriptor, &file);
    CHECK(await(eddy_send_bytes(pair[0], "", 0, 0)) == 0);
    CHECK(await(eddy_recv(pair[1], buffer, sizeof buffer, 0)) == 0);
    CHECK(await(eddy_sendmsg(pair[0], &nothing, 0)) == 0);
    CHECK(await(eddy_recvmsg(pair[1], &message, 0)) == 0);
    CHECK(await(eddy_sendto(pair[0], "", 0, 0, NULL)) == 0);
    CHECK(await(eddy_recvfrom(pair[1], buffer, sizeof buffer, 0, NULL)) == 0);
    CHECK(await(eddy_write(file, "", 0)) == 0);
    CHECK(await(eddy_read(file, buffer, sizeof buffer)) == 0);
    CHECK(await(eddy_pwrite(file, "", 0, 0)) == 0);
    CHECK(await(eddy_pread(file, buffer, sizeof buffer, 0)) == 0);
}

static void no_bytes_are_no_failure(void **state)
{
    (void)state;
    RUN_CLEAN(moves_nothing());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bytes_are_no_failure),
        cmocka_unit_test(bytes_travel),
        cmocka_unit_test(descriptors_are_read_and_written),
        cmocka_unit_test(files_are_read_at_a_place),
        cmocka_unit_test(datagrams_travel_with_their_sender),
        cmocka_unit_test(messages_carry_descriptors),
        cmocka_unit_test(a_receive_waits),
        cmocka_unit_test(a_cancelled_receive_takes_nothing),
        cmocka_unit_test(a_connection_is_made),
        cmocka_unit_test(a_cancelled_accept_leaks_no_socket),
        cmocka_unit_test(a_failed_connect_names_whom_it_asked),
        cmocka_unit_test(errors_are_raised),
        cmocka_unit_test(a_receive_waits_for_the_whole_length),
        cmocka_unit_test(a_receive_of_the_whole_length_can_be_cancelled),
        cmocka_unit_test(a_full_queue_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
