/* SPDX-License-Identifier: MIT */
/* observations_sockets.c - sockets of each family, ancillary data, polls, connections: see observations.h. */
#define _GNU_SOURCE
#include "observations.h"

/* ==== sockets without a name ==== */

async(void, bytes_over_tcp)
{
    int ends[2];
    await(tcp_pair(ends));
    SEE("send", eddy_send_bytes(ends[0], "hello", 5, 0));
    SEE("send nothing", eddy_send_bytes(ends[0], "", 0, 0));
    SEE("peek", eddy_recv(ends[1], buffer, 100, MSG_PEEK));
    SEE("receive two", eddy_recv(ends[1], buffer, 2, 0));
    SEE("receive into nothing", eddy_recv(ends[1], buffer, 0, 0));
    SEE("read the rest", eddy_read(ends[1], buffer, 100));
    SEE_WAIT("receive of an empty socket", eddy_recv(ends[1], buffer, 100, 0));
    SEE_WAIT("the same, told not to wait", eddy_recv(ends[1], buffer, 100, MSG_DONTWAIT));
    SEE("write", eddy_write(ends[0], "ab", 2));
    wait_for(ends[1], POLLIN);
    SEE("receive, truncating", eddy_recv(ends[1], buffer, 1, MSG_TRUNC));
    SEE("receive", eddy_recv(ends[1], buffer, 100, 0));
    shutdown(ends[0], SHUT_WR);
    SEE("the end", eddy_recv(ends[1], buffer, 100, 0));
    SEE("the end again", eddy_recv(ends[1], buffer, 100, 0));
    SEE("send after one's own end", eddy_send_bytes(ends[0], "x", 1, 0));
    SEE("send the other way", eddy_send_bytes(ends[1], "x", 1, 0));
    SEE("receive it", eddy_recv(ends[0], buffer, 100, 0));
    close_both(ends);
}

async(void, bytes_over_unix)
{
    int ends[2];
    unix_pair(SOCK_STREAM, ends);
    SEE("send", eddy_send_bytes(ends[0], "hello", 5, 0));
    SEE("send nothing", eddy_send_bytes(ends[0], "", 0, 0));
    SEE("peek", eddy_recv(ends[1], buffer, 100, MSG_PEEK));
    SEE("receive two", eddy_recv(ends[1], buffer, 2, 0));
    SEE("read the rest", eddy_read(ends[1], buffer, 100));
    SEE_WAIT("receive of an empty socket", eddy_recv(ends[1], buffer, 100, 0));
    fill(ends[0]);
    SEE_WAIT("send to a full one", eddy_send_bytes(ends[0], "x", 1, 0));
    close(ends[1]);
    SEE("send to a closed one", eddy_send_bytes(ends[0], "x", 1, 0));
    struct iovec part = {"x", 1};
    SEE("a message to a closed one", eddy_sendmsg(ends[0], &(struct msghdr){.msg_iov = &part, .msg_iovlen = 1}, 0));
    SEE("receive, unread bytes lost", eddy_recv(ends[0], buffer, 100, 0));
    SEE("receive again", eddy_recv(ends[0], buffer, 100, 0));
    close(ends[0]);
}

async(void, messages_with_edges)
{
    int ends[2];
    eddy_address from;
    unix_pair(SOCK_SEQPACKET, ends);
    SEE("packet", eddy_send_bytes(ends[0], "hello", 5, 0));
    SEE("second packet", eddy_send_bytes(ends[0], "abc", 3, 0));
    SEE("cut", eddy_recv(ends[1], buffer, 2, 0));
    SEE("told its length", eddy_recv(ends[1], buffer, 2, MSG_TRUNC));
    SEE("nothing", eddy_send_bytes(ends[0], "", 0, 0));
    SEE("received", eddy_recv(ends[1], buffer, 2, 0));
    close(ends[0]);
    SEE("the end", eddy_recv(ends[1], buffer, 2, 0));
    close(ends[1]);
    unix_pair(SOCK_DGRAM, ends);
    SEE("datagram", eddy_send_bytes(ends[0], "hello", 5, 0));
    SEE("empty datagram", eddy_send_bytes(ends[0], "", 0, 0));
    SEE("all there is of it", eddy_recv(ends[1], buffer, 100, MSG_WAITALL));
    SEE("empty", eddy_recvfrom(ends[1], buffer, 100, 0, &from));
    printf("  from somebody: %s\n", from.size > sizeof(sa_family_t) ? "named" : "unnamed");
    SEE_WAIT("no datagram", eddy_recv(ends[1], buffer, 100, 0));
    close(ends[1]);
    SEE("to nobody", eddy_send_bytes(ends[0], "x", 1, 0));
    close(ends[0]);
}

async(void, datagrams_over_udp)
{
    int a = new_socket(AF_INET, SOCK_DGRAM), b = new_socket(AF_INET, SOCK_DGRAM);
    struct sockaddr_in address = loopback(a);
    eddy_address to, from;
    static char large[70000];
    eddy_address_ip(&to, "127.0.0.1", ntohs(address.sin_port));
    loopback(b);
    SEE("send to", eddy_sendto(b, "hello", 5, 0, &to));
    SEE("receive from", eddy_recvfrom(a, buffer, 100, 0, &from));
    printf("  its port: %s\n", eddy_address_port(&from) ? "told" : "none");
    SEE("send", eddy_sendto(b, "hello", 5, 0, &to));
    wait_for(a, POLLIN);
    SEE("cut, and told", eddy_recvfrom(a, buffer, 2, MSG_TRUNC, &from));
    SEE("too large", eddy_sendto(b, large, sizeof large, 0, &to));
    SEE("without an address", eddy_send_bytes(b, "x", 1, 0));
    SEE("empty", eddy_sendto(b, "", 0, 0, &to));
    SEE("received", eddy_recv(a, buffer, 100, 0));
    SEE_WAIT("no datagram", eddy_recvfrom(a, buffer, 100, 0, NULL));
    SEE_DONE("connect", eddy_connect(b, (struct sockaddr *)&address, sizeof address));
    close(a);
    SEE("send to nobody", eddy_send_bytes(b, "x", 1, 0));
    wait_for(b, POLLIN);
    SEE("told afterwards", eddy_recv(b, buffer, 100, 0));
    close(b);
}

/* ==== whole messages ==== */

async(void, later, (int, fd), (const char *, text))
{
    await(eddy_sleep(moment));
    await(eddy_send_bytes(fd, text, strlen(text), 0));
}

async(void, all_of_it)
{
    int ends[2];
    char first[3], second[4];
    struct iovec parts[] = {{first, 3}, {second, 4}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    for (int kind = 0; kind < 2; kind++) {
        if (kind)
            await(tcp_pair(ends));
        else
            unix_pair(SOCK_STREAM, ends);
        await(eddy_send_bytes(ends[0], "ab", 2, 0));
        __auto_type task = spawn(later(ends[0], "cdefghi"));
        SEE("all of five", eddy_recv(ends[1], buffer, 5, MSG_WAITALL));
        printf("  %.5s\n", buffer);
        await(task);
        SEE("all of the rest", eddy_recvfrom(ends[1], buffer, 4, MSG_WAITALL, NULL));
        await(eddy_send_bytes(ends[0], "12", 2, 0));
        task = spawn(later(ends[0], "34567"));
        SEE("in two parts", eddy_recvmsg(ends[1], &message, MSG_WAITALL));
        printf("  %.3s %.4s %zu %zu\n", first, second, parts[0].iov_len, parts[1].iov_len);
        await(task);
        await(eddy_send_bytes(ends[0], "xyz", 3, 0));
        SEE("what came until then", eddy_recv(ends[1], buffer, 3, MSG_WAITALL));
        await(eddy_send_bytes(ends[0], "xyz", 3, 0));
        wait_for(ends[1], POLLIN);
        SEE("a look", eddy_recv(ends[1], buffer, 3, MSG_WAITALL | MSG_PEEK));
        shutdown(ends[0], SHUT_WR);
        SEE("until the end", eddy_recv(ends[1], buffer, 100, MSG_WAITALL));
        SEE("at the end", eddy_recv(ends[1], buffer, 100, MSG_WAITALL));
        close_both(ends);
    }
}

/* Bytes that arrived before the time was over are the result. */
async(void, given_up)
{
    int ends[2];
    unix_pair(SOCK_STREAM, ends);
    await(eddy_send_bytes(ends[0], "abc", 3, 0));
    SEE_WAIT("receive of nothing", eddy_recv(ends[0], buffer, 10, 0));
    __auto_type task = spawn(eddy_recv(ends[1], buffer, 10, MSG_WAITALL));
    await(eddy_sleep(moment));
    eddy_cancel(task);
    SEE("all, given up", task);
    await(eddy_send_bytes(ends[0], "def", 3, 0));
    SEE("the next", eddy_recv(ends[1], buffer, 10, 0));
    close_both(ends);
}

/* ==== ancillary data ==== */

union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(2 * sizeof(int))];
};

async(void, give_descriptors, (int, to), (int, fd), (int, count))
{
    union control control = {.head = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {"d", 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
    size_t size = (size_t)count * sizeof(int);
    message.msg_controllen = CMSG_SPACE(size);
    control.head.cmsg_len = CMSG_LEN(size);
    for (int i = 0; i < count; i++)
        memcpy(CMSG_DATA(&control.head) + (size_t)i * sizeof(int), &fd, sizeof fd);
    SEE("give", eddy_sendmsg(to, &message, 0));
}

async(void, take_descriptors, (int, from), (size_t, room), (int, flags))
{
    union control control;
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room};
    int fds[2] = {-1, -1};
    SEE("take", eddy_recvmsg(from, &message, flags));
    struct cmsghdr *head = message.msg_controllen ? CMSG_FIRSTHDR(&message) : NULL;
    size_t size = head ? head->cmsg_len - CMSG_LEN(0) : 0;
    if (head)
        memcpy(fds, CMSG_DATA(head), size < sizeof fds ? size : sizeof fds);
    printf("  descriptors: %zu, flags: %s%s\n", size / sizeof(int), message.msg_flags & MSG_CTRUNC ? "cut " : "",
           message.msg_flags & MSG_TRUNC ? "truncated" : "");
    for (size_t i = 0; i < size / sizeof(int); i++) {
        printf("  close-on-exec: %d\n", fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        close(fds[i]);
    }
}

/* MSG_WAITALL stops at a message with descriptors, and loses none of them. */
async(void, take_in_all, (int, from))
{
    union control control;
    struct iovec part = {buffer, 10};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
    int fd = -1;
    message.msg_controllen = sizeof control;
    SEE("take all", eddy_recvmsg(from, &message, MSG_WAITALL));
    printf("  with descriptors: %s, cut: %d\n", message.msg_controllen ? "yes" : "no", message.msg_flags & MSG_CTRUNC);
    if (message.msg_controllen)
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    close(fd);
}

async(void, descriptors_that_go_along)
{
    int ends[2];
    unix_pair(SOCK_STREAM, ends);
    await(give_descriptors(ends[0], ends[0], 2));
    await(take_descriptors(ends[1], CMSG_SPACE(2 * sizeof(int)), 0));
    await(give_descriptors(ends[0], ends[0], 2));
    await(take_descriptors(ends[1], CMSG_LEN(sizeof(int)), 0));
    await(give_descriptors(ends[0], ends[0], 1));
    await(take_descriptors(ends[1], 0, MSG_WAITALL));
    await(give_descriptors(ends[0], ends[0], 1));
    await(eddy_send_bytes(ends[0], "ab", 2, 0));
    await(give_descriptors(ends[0], ends[0], 1));
    await(eddy_send_bytes(ends[0], "cd", 2, 0));
    await(take_in_all(ends[1]));
    SEE("behind them", eddy_recv(ends[1], buffer, 10, 0));
    await(give_descriptors(ends[0], ends[0], 1));
    SEE("by a receive that has no place for them", eddy_recv(ends[1], buffer, 10, 0));
    await(give_descriptors(ends[0], 9999, 1));
    close_both(ends);
}

/* ==== polls ==== */

async(void, polls)
{
    int ends[2];
    unix_pair(SOCK_STREAM, ends);
    SEE("writable", eddy_poll(ends[0], POLLOUT));
    SEE_WAIT("not readable", eddy_poll(ends[0], POLLIN));
    SEE_WAIT("nothing asked", eddy_poll(ends[0], 0));
    await(eddy_send_bytes(ends[1], "x", 1, 0));
    SEE("either", eddy_poll(ends[0], POLLIN | POLLOUT));
    SEE_WAIT("urgent", eddy_poll(ends[0], POLLPRI));
    fill(ends[0]);
    SEE("the readable half", eddy_poll(ends[0], POLLIN | POLLOUT));
    shutdown(ends[1], SHUT_WR);
    SEE_WAIT("full, and half closed", eddy_poll(ends[0], POLLOUT));
    SEE("the half that is closed", eddy_poll(ends[0], POLLRDHUP));
    SEE_WAIT("nothing asked of it", eddy_poll(ends[0], 0));
    __auto_type task = spawn(eddy_poll(ends[0], POLLOUT));
    await(eddy_sleep(moment));
    while (recv(ends[1], buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
    }
    SEE("then there is room", task);
    close(ends[1]);
    SEE("closed", eddy_poll(ends[0], 0));
    SEE("closed, asked for room", eddy_poll(ends[0], POLLOUT));
    close(ends[0]);
    await(tcp_pair(ends));
    shutdown(ends[1], SHUT_WR);
    wait_for(ends[0], POLLRDHUP);
    SEE("half-closed TCP", eddy_poll(ends[0], POLLIN));
    SEE_WAIT("and what it has not", eddy_poll(ends[0], POLLPRI));
    shutdown(ends[0], SHUT_WR);
    wait_for(ends[0], POLLHUP);
    SEE("closed both ways", eddy_poll(ends[0], POLLPRI));
    close_both(ends);
    int fd = open(path_of("polled"), O_CREAT | O_RDWR, 0600);
    SEE("a file", eddy_poll(fd, POLLIN | POLLOUT));
    SEE("a file, asked for one", eddy_poll(fd, POLLIN));
    close(fd);
    SEE("no descriptor", eddy_poll(-1, POLLIN));
    SEE("a closed one", eddy_poll(9999, POLLIN));
    fd = new_socket(AF_INET, SOCK_STREAM);
    SEE("a fresh socket", eddy_poll(fd, POLLOUT));
    close(fd);
    fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    SEE_WAIT("a count of none", eddy_poll(fd, POLLIN));
    SEE("may be written", eddy_poll(fd, POLLOUT));
    close(fd);
}

static int calls;
static void count(void *unused)
{
    (void)unused;
    calls++;
}

static void close_and_count(void *fd)
{
    if (calls++ == 0)
        close(*(int *)fd);
}

async(void, watchers)
{
    int ends[2];
    unix_pair(SOCK_STREAM, ends);
    fill(ends[0]);
    shutdown(ends[1], SHUT_WR);
    printf("  writer: %d\n", eddy_add_writer(ends[0], count, NULL));
    await(eddy_sleep(moment));
    printf("  called while there is no room: %s\n", calls ? "yes" : "no");
    printf("  removed: %d, twice: %d\n", eddy_remove_writer(ends[0]), eddy_remove_writer(ends[0]));
    printf("  reader: %d\n", eddy_add_reader(ends[0], count, NULL));
    while (!calls)
        await(eddy_sleep(0));
    printf("  called at the end\n");
    eddy_remove_reader(ends[0]);
    close_both(ends);
    printf("  of no descriptor: %d\n", eddy_add_reader(-1, count, NULL));
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    eddy_add_reader(fd, close_and_count, &fd);
    for (calls = 0; calls < 1;)
        await(eddy_sleep(0));
    for (int i = 0; i < 20; i++)
        await(eddy_sleep(0));
    printf("  called though it was closed: %d\n", calls - 1);
    eddy_remove_reader(fd);
}

static void take(void *fd)
{
    calls += read(*(int *)fd, buffer, 1) == 1;
}

async(void, until_taken, (int, count))
{
    while (calls < count)
        await(eddy_sleep(0));
}

async(void, watchers_of_another_file)
{
    int ends[2], before;
    unix_pair(SOCK_STREAM, ends);
    calls = 0;
    before = ends[0];
    printf("  reader: %d\n", eddy_add_reader(ends[0], take, &ends[0]));
    await(eddy_sleep(moment));
    close_both(ends);
    printf("  of a closed one: %s\n", eddy_error_name(eddy_add_reader(ends[0], take, &ends[0])));
    unix_pair(SOCK_STREAM, ends);
    printf("  the same number: %s\n", ends[0] == before ? "yes" : "no");
    printf("  reader: %d\n", eddy_add_reader(ends[0], take, &ends[0]));
    SEE("write", eddy_write(ends[1], "ab", 2));
    SEE_DONE("taken", until_taken(2));
    printf("  removed: %d\n", eddy_remove_reader(ends[0]));
    close_both(ends);
}

/* ==== ends ==== */

async(void, resets)
{
    int ends[2];
    await(tcp_pair(ends));
    await(eddy_send_bytes(ends[0], "abc", 3, 0));
    wait_for(ends[1], POLLIN);
    reset_on_close(ends[0]);
    close(ends[0]);
    wait_for(ends[1], POLLHUP);
    SEE("receive after a reset", eddy_recv(ends[1], buffer, 10, 0));
    SEE("again", eddy_recv(ends[1], buffer, 10, 0));
    SEE("send", eddy_send_bytes(ends[1], "x", 1, 0));
    close(ends[1]);
    await(tcp_pair(ends));
    __auto_type task = spawn(eddy_recv(ends[1], buffer, 10, 0));
    await(eddy_sleep(moment));
    reset_on_close(ends[0]);
    close(ends[0]);
    SEE("one that waits", task);
    SEE("send, told already", eddy_send_bytes(ends[1], "x", 1, 0));
    close(ends[1]);
    await(tcp_pair(ends));
    fill(ends[1]);
    __auto_type sending = spawn(eddy_send_bytes(ends[1], "x", 1, 0));
    await(eddy_sleep(moment));
    reset_on_close(ends[0]);
    close(ends[0]);
    SEE("one that waits to send", sending);
    close(ends[1]);
}

async(void, half_closed_and_slow)
{
    int ends[2];
    unix_pair(SOCK_STREAM, ends);
    fill(ends[0]);
    shutdown(ends[1], SHUT_WR);
    __auto_type task = spawn(eddy_send_bytes(ends[0], "x", 1, 0));
    SEE("the end, while a write waits", eddy_recv(ends[0], buffer, 10, 0));
    await(eddy_sleep(moment));
    printf("  the write: %s\n", eddy_done(task) ? "ended" : "waits");
    while (recv(ends[1], buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
    }
    SEE("then it goes", task);
    close_both(ends);
}

/* ==== connections ==== */

async(void, connecting)
{
    int listener = new_socket(AF_INET, SOCK_STREAM), fd = new_socket(AF_INET, SOCK_STREAM);
    struct sockaddr_in address = loopback(listener), six = {.sin_family = AF_INET6};
    SEE_DONE("to nobody", eddy_connect(fd, (struct sockaddr *)&address, sizeof address));
    SEE("accept of one that does not listen", eddy_accept(listener));
    listen(listener, 8);
    SEE_DONE("to somebody", eddy_connect(fd, (struct sockaddr *)&address, sizeof address));
    SEE_DONE("twice", eddy_connect(fd, (struct sockaddr *)&address, sizeof address));
    close(fd);
    fd = await(eddy_accept(listener));
    printf("  accepted: %s, %s\n", fcntl(fd, F_GETFL) & O_NONBLOCK ? "non-blocking" : "blocking",
           fcntl(fd, F_GETFD) & FD_CLOEXEC ? "close-on-exec" : "inherited");
    close(fd);
    SEE_WAIT("nobody calls", eddy_accept(listener));
    fd = new_socket(AF_INET, SOCK_STREAM);
    SEE_DONE("an address too short", eddy_connect(fd, (struct sockaddr *)&address, 1));
    SEE_DONE("of another family", eddy_connect(fd, (struct sockaddr *)&six, sizeof six));
    SEE("receive unconnected", eddy_recv(fd, buffer, 10, 0));
    SEE("send unconnected", eddy_send_bytes(fd, "x", 1, 0));
    close(fd);
    SEE("receive of a listener", eddy_recv(listener, buffer, 10, 0));
    close(listener);
    fd = new_socket(AF_INET, SOCK_DGRAM);
    SEE("accept datagrams", eddy_accept(fd));
    close(fd);
}

/* The kernel tries again after a second, of real time. */
async(void, connecting_twice)
{
    eddy_error err;
    int listener = new_socket(AF_INET, SOCK_STREAM), fd = new_socket(AF_INET, SOCK_STREAM);
    struct sockaddr_in address = loopback(listener);
    int filler = new_socket(AF_INET, SOCK_STREAM);
    listen(listener, 0);
    connect(filler, (struct sockaddr *)&address, sizeof address);
    await_for(eddy_connect(fd, (struct sockaddr *)&address, sizeof address), moment, &err);
    print("no room", &err, 0);
    eddy_loop *loop = eddy_current_loop();
    eddy_sim_hold(loop);
    __auto_type one = spawn(eddy_connect(fd, (struct sockaddr *)&address, sizeof address));
    __auto_type other = spawn(eddy_connect(fd, (struct sockaddr *)&address, sizeof address));
    await(eddy_sleep(0));
    close(await(eddy_accept(listener)));
    close(await(eddy_accept(listener)));
    await(one, &err);
    print("one after it was given up", &err, 0);
    await(other, &err);
    print("another beside it", &err, 0);
    eddy_sim_release(loop);
    close(filler);
    close(fd);
    close(listener);
}

static struct sockaddr_un named(const char *path, socklen_t *size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
    return address;
}

async(void, connecting_by_path)
{
    socklen_t size, none;
    struct sockaddr_un address = named(path_of("socket"), &size), empty = named("", &none);
    int listener = new_socket(AF_UNIX, SOCK_STREAM), fd = new_socket(AF_UNIX, SOCK_STREAM);
    SEE_DONE("no such file", eddy_connect(fd, (struct sockaddr *)&address, size));
    SEE_DONE("an empty path", eddy_connect(fd, (struct sockaddr *)&empty, none));
    SEE_DONE("the family alone", eddy_connect(fd, (struct sockaddr *)&empty, sizeof(sa_family_t)));
    bind(listener, (struct sockaddr *)&address, size);
    SEE_DONE("nobody listens", eddy_connect(fd, (struct sockaddr *)&address, size));
    listen(listener, 0);
    SEE_DONE("room for one", eddy_connect(fd, (struct sockaddr *)&address, size));
    int second = new_socket(AF_UNIX, SOCK_STREAM);
    eddy_error err;
    await_for(eddy_connect(second, (struct sockaddr *)&address, size), moment, &err);
    print("no room", &err, 0);
    printf("  connected: %s\n", send(second, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? "yes" : "no");
    __auto_type task = spawn(eddy_connect(second, (struct sockaddr *)&address, size));
    await(eddy_sleep(moment));
    printf("  while there is none: %s\n", eddy_done(task) ? "ended" : "waits");
    close(await(eddy_accept(listener)));
    eddy_error other;
    await_for(task, patience, &other);
    print("then there is", &other, 0);
    SEE("send", eddy_send_bytes(second, "x", 1, 0));
    close(second);
    close(fd);
    close(listener);
    unlink(address.sun_path);
}

#define PROGRAMS(PROGRAM)                                                                                              \
    PROGRAM(bytes_over_tcp) PROGRAM(bytes_over_unix) PROGRAM(messages_with_edges) PROGRAM(datagrams_over_udp)          \
    PROGRAM(all_of_it) PROGRAM(given_up) PROGRAM(descriptors_that_go_along) PROGRAM(polls)                             \
    PROGRAM(watchers) PROGRAM(watchers_of_another_file)                                                                \
    PROGRAM(resets) PROGRAM(half_closed_and_slow) PROGRAM(connecting) PROGRAM(connecting_twice)                        \
    PROGRAM(connecting_by_path)

OBSERVE(PROGRAMS)
