/* SPDX-License-Identifier: MIT */
/* test_driver.c - rules of src/os/driver.h: what operations do, and in which order they complete. */
#define _GNU_SOURCE
#include "driver_rules.h"

#include <sys/resource.h>

#include "os/valgrind.h"

/* ==== results ==== */

static void an_operation_that_can_complete_now_does(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    put(ends[1], "hello");
    await_readable(ends[0]);
    bool at_once = submit(&probe, DRIVER_RECV, ends[0]);
    assert_int_equal(driver->in_flight, at_once ? 0 : 1);
    assert_int_equal(probe.completions, 0); /* completions never come from inside submit */
    assert_true(is_prompt(&probe, at_once));
    assert_int_equal(probe.op.result, 5);
    assert_memory_equal(probe.data, "hello", 5);
    assert_int_equal(probe.completions, at_once ? 0 : 1);
    assert_int_equal(driver->in_flight, 0);
    assert_true(promptly(&probe, DRIVER_SEND, ends[0]));
    assert_int_equal(probe.op.result, sizeof probe.data);
    close_pair(ends);
}

static void an_operation_that_would_block_completes_in_wait(void **state)
{
    (void)state;
    for (int adopted = 0; adopted < 2; adopted++) {
        int ends[2];
        struct probe probe;
        make_pair(ends);
        if (adopted)
            driver_adopt(driver, ends[0]);
        for (int round = 0; round < 3; round++) {
            begin(&probe, DRIVER_RECV, ends[0]);
            assert_int_equal(driver->in_flight, 1);
            put(ends[1], "late");
            assert_int_equal(finish(&probe), 4);
            assert_memory_equal(probe.data, "late", 4);
            assert_int_equal(driver->in_flight, 0);
        }
        close_pair(ends);
    }
}

/* The end arrives together with the last bytes: there is no separate edge for it. */
static void the_end_is_never_missed(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV, ends[0]);
    put(ends[1], "last");
    shutdown(ends[1], SHUT_WR);
    struct pollfd both = {.fd = ends[0], .events = POLLRDHUP};
    assert_int_equal(poll(&both, 1, -1), 1);
    assert_int_equal(finish(&probe), 4);
    if (!submit(&probe, DRIVER_RECV, ends[0]))
        finish(&probe);
    assert_int_equal(probe.op.result, 0);
    assert_int_equal(perform(&probe, DRIVER_RECV, ends[0]), 0); /* and stays */
    close_pair(ends);
}

static void an_end_after_a_short_read_is_an_edge(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV, ends[0]);
    put(ends[1], "abc");
    assert_int_equal(finish(&probe), 3);
    begin(&probe, DRIVER_RECV, ends[0]);
    shutdown(ends[1], SHUT_WR);
    assert_int_equal(finish(&probe), 0);
    close_pair(ends);
}

/* The edge comes and goes while no operation reads: the next read must ask again. */
static void bytes_that_arrive_between_reads_are_not_missed(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    read_short_and_put(&probe, ends, "abc", "de");
    if (!submit(&probe, DRIVER_RECV, ends[0]))
        finish(&probe);
    assert_int_equal(probe.op.result, 2);
    close_pair(ends);
}

/* This also holds for bytes that arrived while no operation was reading. */
static void a_message_is_received_into_its_parts_and_not_beyond(void **state)
{
    (void)state;
    int ends[2];
    char parts[3][4] = {"---", "---", "---"};
    struct iovec vector[] = {{parts[0], 3}, {parts[1], 2}, {parts[2], 3}};
    struct msghdr message = {.msg_iov = vector, .msg_iovlen = 2}; /* the third one belongs to another operation */
    struct probe probe;
    make_adopted_pair(ends);
    read_short_and_put(&probe, ends, "x", "abcdefg");
    prepare(&probe, DRIVER_RECVMSG, ends[0]);
    probe.op.u.message.data = &message;
    probe.op.u.message.flags = 0;
    if (!driver_submit(driver, &probe.op))
        finish(&probe);
    assert_int_equal(probe.op.result, 5);
    assert_string_equal(parts[0], "abc");
    assert_string_equal(parts[1], "de-");
    assert_string_equal(parts[2], "---");
    assert_int_equal(perform(&probe, DRIVER_RECV, ends[0]), 2);
    assert_memory_equal(probe.data, "fg", 2);
    close_pair(ends);
}

/* Datagrams are short for other reasons: a short one does not mean that there is no further one. */
static void short_messages_do_not_hide_the_next(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
    driver_adopt(driver, ends[0]);
    begin(&probe, DRIVER_RECV, ends[0]);
    put(ends[1], "one");
    put(ends[1], "three");
    assert_int_equal(finish(&probe), 3);
    assert_true(promptly(&probe, DRIVER_RECV, ends[0]));
    assert_int_equal(probe.op.result, 5);
    close_pair(ends);
}

static void no_byte_is_lost_in_random_pieces(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    unsigned seed = 7;
    unsigned char sent = 0, expected = 0;
    make_adopted_pair(ends);
    for (int round = 0; round < 3000; round++) {
        unsigned char piece[200];
        size_t size = (seed = seed * 1103515245 + 12345) / 65536 % sizeof piece;
        for (size_t i = 0; i < size; i++)
            piece[i] = sent++;
        assert_int_equal(send(ends[1], piece, size, 0), size);
        while (expected != sent) {
            if (!submit(&probe, DRIVER_RECV, ends[0]))
                finish(&probe);
            assert_true(probe.op.result > 0);
            for (int i = 0; i < probe.op.result; i++)
                assert_int_equal((unsigned char)probe.data[i], expected++);
        }
    }
    close_pair(ends);
}

static void errors_are_results(void **state)
{
    (void)state;
    struct probe probe;
    int closed = make_socket(SOCK_STREAM);
    assert_int_equal(perform(&probe, DRIVER_RECV, closed), -ENOTCONN);
    close(closed);
    static const enum driver_op_kind kinds[] = {DRIVER_RECV, DRIVER_SEND, DRIVER_READ, DRIVER_WRITE,
                                                DRIVER_ACCEPT};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(perform(&probe, kinds[i], closed), -EBADF);
        assert_int_equal(perform(&probe, kinds[i], -1), -EBADF);
        assert_int_equal(perform(&probe, kinds[i], 1 << 24), -EBADF); /* no table is allocated for it */
    }
    if (!begin_poll(&probe, closed, POLLIN))
        finish(&probe);
    assert_int_equal(probe.op.result, -EBADF);
    assert_int_equal(driver->in_flight, 0);
}

static void sending_to_a_closed_peer_raises_no_signal(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    close(ends[1]);
    assert_int_equal(perform(&probe, DRIVER_SEND, ends[0]), -EPIPE);
    driver_close_fd(driver, ends[0]);
}

/* ==== accept and connect ==== */

static void connecting_and_accepting_meet(void **state)
{
    (void)state;
    struct sockaddr_in address, peer = {0};
    socklen_t size = sizeof peer;
    struct probe accept, connect;
    int listener = make_listener(&address), client = make_socket(SOCK_STREAM);
    driver_adopt(driver, listener);
    driver_adopt(driver, client);
    prepare(&accept, DRIVER_ACCEPT, listener);
    accept.op.u.address.data = (struct sockaddr *)&peer;
    accept.op.u.address.size = &size;
    assert_false(driver_submit(driver, &accept.op));
    prepare(&connect, DRIVER_CONNECT, client);
    connect.op.u.address.data = (struct sockaddr *)&address;
    connect.op.u.address.length = sizeof address;
    if (!driver_submit(driver, &connect.op))
        finish(&connect);
    assert_int_equal(connect.op.result, 0);
    int served = (int)finish(&accept);
    assert_true(served >= 0);
    assert_true((fcntl(served, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(served, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(peer.sin_family, AF_INET);
    driver_close_fd(driver, served);
    driver_close_fd(driver, client);
    driver_close_fd(driver, listener);
}

static void a_refused_connection_is_an_error(void **state)
{
    (void)state;
    struct sockaddr_in address;
    struct probe probe;
    for (int adopted = 0; adopted < 2; adopted++) {
        close(make_listener(&address));
        int client = make_socket(SOCK_STREAM);
        if (adopted)
            driver_adopt(driver, client);
        prepare(&probe, DRIVER_CONNECT, client);
        probe.op.u.address.data = (struct sockaddr *)&address;
        probe.op.u.address.length = sizeof address;
        if (!driver_submit(driver, &probe.op))
            finish(&probe);
        assert_int_equal(probe.op.result, -ECONNREFUSED);
        driver_close_fd(driver, client);
    }
}

static void too_many_open_files_is_a_result(void **state)
{
    (void)state;
    struct sockaddr_in address;
    struct probe probe;
    struct rlimit before, none;
    if (RUNNING_ON_VALGRIND) /* Valgrind applies the limit itself: it accepts the connection and then closes it */
        return;
    int listener = make_listener(&address);
    driver_adopt(driver, listener);
    begin(&probe, DRIVER_ACCEPT, listener);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
    int64_t result = finish(&probe);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(result, -EMFILE);
    assert_true(promptly(&probe, DRIVER_ACCEPT, listener)); /* the connection is still waiting */
    assert_true(probe.op.result >= 0);
    close((int)probe.op.result);
    close(client);
    driver_close_fd(driver, listener);
}

/* ==== order ==== */

static void operations_of_one_direction_are_served_in_order(void **state)
{
    (void)state;
    for (int adopted = 0; adopted < 2; adopted++) {
        int ends[2];
        struct probe probes[3];
        make_pair(ends);
        if (adopted)
            driver_adopt(driver, ends[0]);
        for (int i = 0; i < 3; i++) {
            prepare(&probes[i], DRIVER_RECV, ends[0]);
            probes[i].op.u.buffer.size = 2;
            assert_false(driver_submit(driver, &probes[i].op));
        }
        completed = 0;
        put(ends[1], "aabbcc");
        for (int i = 0; i < 3; i++) {
            assert_int_equal(finish(&probes[i]), 2);
            assert_int_equal(probes[i].order, i + 1);
            assert_int_equal(probes[i].data[0], 'a' + i);
        }
        close_pair(ends);
    }
}

/* An event completes the operations that it can; the others are still watched. */
static void each_waits_for_its_own_bytes(void **state)
{
    (void)state;
    for (int adopted = 0; adopted < 2; adopted++) {
        int ends[2];
        struct probe probes[2];
        make_pair(ends);
        if (adopted)
            driver_adopt(driver, ends[0]);
        begin(&probes[0], DRIVER_RECV, ends[0]);
        begin(&probes[1], DRIVER_RECV, ends[0]);
        put(ends[1], "one");
        assert_int_equal(finish(&probes[0]), 3);
        assert_int_equal(probes[1].completions, 0);
        put(ends[1], "two");
        assert_int_equal(finish(&probes[1]), 3);
        close_pair(ends);
    }
}

/* A later operation does not overtake earlier ones that wait, even if it could complete at once. */
static void waiters_are_served_in_order(void **state)
{
    (void)state;
    int ends[2];
    struct probe first, second;
    make_adopted_pair(ends);
    begin_receive(&first, ends[0], 1);
    put(ends[1], "xy");
    await_readable(ends[0]);
    begin(&second, DRIVER_RECV, ends[0]);
    assert_int_equal(finish(&second), 1);
    assert_int_equal(first.data[0], 'x');
    assert_int_equal(second.data[0], 'y');
    close_pair(ends);
}

static void reading_and_writing_do_not_wait_for_each_other(void **state)
{
    (void)state;
    int ends[2];
    struct probe reader, writer, poller;
    make_adopted_pair(ends);
    begin(&reader, DRIVER_RECV, ends[0]);
    size_t sent = 0, got = 0;
    while (promptly(&writer, DRIVER_SEND, ends[0]))
        sent += (size_t)writer.op.result;
    assert_false(begin_poll(&poller, ends[0], POLLOUT));
    put(ends[1], "still");
    assert_int_equal(finish(&reader), 5);
    assert_int_equal(writer.completions, 0);
    char *sink = malloc(1 << 16);
    while (writer.completions == 0 || poller.completions == 0) {
        ssize_t n = recv(ends[1], sink, 1 << 16, MSG_DONTWAIT);
        if (n > 0)
            got += (size_t)n;
        driver_wait(driver, 0);
    }
    sent += (size_t)finish(&writer);
    assert_true((finish(&poller) & POLLOUT) != 0);
    while (got < sent) {
        ssize_t n = recv(ends[1], sink, 1 << 16, 0);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_int_equal(got, sent);
    free(sink);
    close_pair(ends);
}

/* -EAGAIN is always allowed: drivers without such a way, and what has to wait. */
static void bytes_that_need_not_wait_are_sent_now(void **state)
{
    (void)state;
    int ends[2];
    char data[2];
    make_adopted_pair(ends);
    int64_t sent = driver_send_now(driver, ends[0], "ab", 2);
    assert_true(sent == -EAGAIN || (sent == 2 && recv(ends[1], data, 2, 0) == 2 && !memcmp(data, "ab", 2)));
    driver_fail_after(1); /* for the next operation */
    assert_int_equal(driver_send_now(driver, ends[0], "ab", 2), -EAGAIN);
    driver_fail_after(0);
    close_pair(ends);
    make_pair(ends); /* others may have it, and it may block */
    assert_int_equal(driver_send_now(driver, ends[0], "ab", 2), -EAGAIN);
    close_pair(ends);
}

/* There is room by then, but the driver has not been told. */
static void bytes_that_are_sent_now_do_not_overtake(void **state)
{
    (void)state;
    int ends[2];
    struct probe writer;
    size_t sent = 0;
    char *sink = malloc(1 << 16);
    make_adopted_pair(ends);
    while (promptly(&writer, DRIVER_SEND, ends[0]))
        sent += (size_t)writer.op.result;
    for (ssize_t n; (n = recv(ends[1], sink, 1 << 16, MSG_DONTWAIT)) > 0;)
        sent -= (size_t)n;
    assert_int_equal(driver_send_now(driver, ends[0], "z", 1), -EAGAIN);
    sent += (size_t)finish(&writer);
    for (; sent; sent -= (size_t)recv(ends[1], sink, sent < 1 << 16 ? sent : 1 << 16, 0))
        ;
    free(sink);
    close_pair(ends);
}

/* ==== poll, pipes, files ==== */

static bool begin_to_watch(struct probe *probe, int fd, bool is_new)
{
    prepare(probe, DRIVER_POLL, fd);
    probe->op.u.poll.events = POLLIN;
    probe->op.u.poll.watches = true;
    probe->op.u.poll.is_new = is_new;
    return driver_submit(driver, &probe->op);
}

static void a_watch_is_told_by_the_next_wait(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    char byte;
    make_pair(ends);
    put(ends[1], "x");
    for (int i = 0; i < 3; i++)
        assert_true(is_prompt(&probe, begin_to_watch(&probe, ends[0], i == 0)) && probe.op.result == POLLIN);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_false(begin_to_watch(&probe, ends[0], false));
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(probe.completions, 0);
    put(ends[1], "x");
    assert_int_equal(finish(&probe), POLLIN);
    close_pair(ends);
    assert_true(begin_to_watch(&probe, ends[0], true)); /* a number that the driver knows */
    assert_int_equal(probe.op.result, -EBADF);
    for (int fd = -1; fd <= 1 << 24; fd += 1 + (1 << 24)) { /* no table is allocated for it */
        assert_true(begin_to_watch(&probe, fd, true));
        assert_int_equal(probe.op.result, -EBADF);
    }
}

static void polling_consumes_nothing(void **state)
{
    (void)state;
    for (int adopted = 0; adopted < 2; adopted++) {
        int ends[2];
        struct probe a, b, reader;
        make_pair(ends);
        if (adopted)
            driver_adopt(driver, ends[0]);
        assert_true(is_prompt(&a, begin_poll(&a, ends[0], POLLIN | POLLOUT)));
        assert_int_equal(a.op.result, POLLOUT);
        assert_false(begin_poll(&a, ends[0], POLLIN));
        assert_false(begin_poll(&b, ends[0], POLLIN));
        put(ends[1], "x");
        assert_int_equal(finish(&a), POLLIN);
        assert_int_equal(finish(&b), POLLIN);
        assert_true(promptly(&reader, DRIVER_RECV, ends[0]));
        assert_int_equal(reader.op.result, 1);
        close_pair(ends);
    }
}

static void a_hang_up_is_reported_unasked(void **state)
{
    (void)state;
    struct probe probe;
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    assert_false(begin_poll(&probe, ends[0], POLLIN));
    close(ends[1]);
    assert_true((finish(&probe) & POLLHUP) != 0);
    driver_close_fd(driver, ends[0]);
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    assert_false(begin_poll(&probe, ends[1], POLLIN));
    close(ends[0]);
    assert_true((finish(&probe) & POLLERR) != 0);
    driver_close_fd(driver, ends[1]);
}

static void pipes_read_and_write(void **state)
{
    (void)state;
    struct probe reader, writer;
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    begin(&reader, DRIVER_READ, ends[0]);
    assert_true(promptly(&writer, DRIVER_WRITE, ends[1]));
    assert_int_equal(finish(&reader), sizeof writer.data);
    while (promptly(&writer, DRIVER_WRITE, ends[1]))
        assert_true(writer.op.result > 0);
    while (writer.completions == 0) {
        assert_true(promptly(&reader, DRIVER_READ, ends[0]));
        driver_wait(driver, 0);
    }
    assert_true(finish(&writer) > 0);
    driver_close_fd(driver, ends[1]);
    while (reader.op.result > 0)
        assert_true(promptly(&reader, DRIVER_READ, ends[0]));
    assert_int_equal(reader.op.result, 0);
    driver_close_fd(driver, ends[0]);
}

static void regular_files_never_wait(void **state)
{
    (void)state;
    struct probe probe;
    char path[] = "/tmp/eddy-test-XXXXXX";
    int fd = mkstemp(path);
    unlink(path);
    assert_int_equal(perform(&probe, DRIVER_WRITE, fd), sizeof probe.data);
    assert_int_equal(perform(&probe, DRIVER_READ, fd), 0);
    if (!begin_poll(&probe, fd, POLLIN))
        finish(&probe);
    assert_int_equal(probe.op.result, POLLIN);
    if (!begin_poll(&probe, fd, POLLPRI)) /* never ready, and epoll cannot watch it */
        finish_cancelled(&probe);
    driver_close_fd(driver, fd);
}

/* ==== one meaning on every driver ==== */

static void make_full_pair(int ends[2])
{
    char bytes[4096] = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    while (send(ends[0], bytes, sizeof bytes, MSG_NOSIGNAL) > 0) {
    }
}

static void drain(int fd)
{
    char bytes[4096];
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
    }
}

/* Few waits end without a completion: the driver sleeps. */
static void assert_waits(struct probe *probe)
{
    for (int waits = 0; waits < 5; waits++)
        assert_int_equal(driver_wait(driver, driver_now(driver) + CLOCK_SECOND / 500), 0);
    assert_int_equal(probe->completions, 0);
}

static void a_poll_reports_only_requested_events(void **state)
{
    (void)state;
    for (int times = 0; times < 2; times++) {
        int ends[2];
        struct probe probe;
        make_full_pair(ends);
        assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
        assert_false(begin_poll(&probe, ends[0], POLLOUT));
        assert_waits(&probe);
        if (times == 0) {
            drain(ends[1]);
            assert_int_equal(finish(&probe), POLLOUT);
        } else {
            assert_int_equal(finish_cancelled(&probe), -ECANCELED);
        }
        close(ends[0]);
        close(ends[1]);
    }
}

static void a_writer_waits_though_its_peer_has_shut_its_side(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_full_pair(ends);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    begin(&probe, DRIVER_SEND, ends[0]);
    assert_waits(&probe);
    drain(ends[1]);
    assert_int_equal(finish(&probe), sizeof probe.data);
    close(ends[0]);
    close(ends[1]);
}

static int64_t connect_to(struct probe *probe, int fd, struct sockaddr *address, socklen_t size)
{
    prepare(probe, DRIVER_CONNECT, fd);
    probe->op.u.address.data = address;
    probe->op.u.address.length = size;
    return driver_submit(driver, &probe->op) ? probe->op.result : finish(probe);
}

static void a_full_queue_refuses_the_connection(void **state)
{
    (void)state;
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    socklen_t size = sizeof address;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), fds[4];
    int64_t result = 0;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)), 0); /* a kernel-chosen name */
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(listener, 0), 0);
    for (int i = 0; i < 4; i++) {
        struct probe probe;
        fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        result = connect_to(&probe, fds[i], (struct sockaddr *)&address, size);
        assert_true(result == 0 || result == -EAGAIN);
        assert_int_equal(send(fds[i], "x", 1, MSG_NOSIGNAL), result == 0 ? 1 : -1);
    }
    assert_int_equal(result, -EAGAIN);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    close(listener);
}

static void a_socket_that_was_refused_connects_elsewhere(void **state)
{
    (void)state;
    struct sockaddr_in nobody, somebody;
    struct probe probe;
    close(make_listener(&nobody));
    int fd = make_socket(SOCK_STREAM), listener = make_listener(&somebody);
    assert_int_equal(connect_to(&probe, fd, (struct sockaddr *)&nobody, sizeof nobody), -ECONNREFUSED);
    assert_int_equal(connect_to(&probe, fd, (struct sockaddr *)&somebody, sizeof somebody), 0);
    assert_int_equal(connect_to(&probe, fd, (struct sockaddr *)&somebody, sizeof somebody), -EISCONN);
    close(fd);
    close(listener);
}

static void the_end_leaves_with_the_close(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    put(ends[1], "hello");
    assert_int_equal(finish(&probe), 5);
    driver_give_back(driver, probe.op.u.lent.data, probe.op.u.lent.id);
    driver_close_fd(driver, ends[0]); /* and no wait follows */
    struct pollfd peer = {.fd = ends[1], .events = POLLIN};
    assert_int_equal(poll(&peer, 1, 60000), 1);
    close(ends[1]);
}

static void a_listener_is_gone_with_the_close(void **state)
{
    (void)state;
    struct sockaddr_in address;
    struct probe probe;
    int listener = make_listener(&address), client = make_socket(SOCK_STREAM);
    driver_adopt(driver, listener);
    begin(&probe, DRIVER_ACCEPT, listener);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(finish_cancelled(&probe), -ECANCELED);
    driver_close_fd(driver, listener);
    int result = connect(client, (struct sockaddr *)&address, sizeof address);
    struct pollfd both = {.fd = client, .events = POLLOUT};
    assert_true(result < 0 && poll(&both, 1, 60000) == 1 && (both.revents & POLLERR));
    close(client);
}

static int64_t read_at(struct probe *probe, int fd, int64_t offset)
{
    struct driver_file what = {.data = probe->data, .size = sizeof probe->data, .offset = offset};
    prepare(probe, DRIVER_PREAD, fd);
    probe->op.u.file = &what;
    return driver_submit(driver, &probe->op) ? probe->op.result : finish(probe);
}

static void descriptors_without_positions_are_not_read_at_one(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    assert_int_equal(read_at(&probe, ends[0], 0), -ESPIPE);
    assert_int_equal(read(ends[0], probe.data, 10), 3); /* nothing was received */
    close(ends[0]);
    close(ends[1]);
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_int_equal(read_at(&probe, fd, -1), -EINVAL);
    close(fd);
}

/* ==== what the kernel may answer ==== */

static int64_t send_with(struct probe *probe, int fd, const char *fault)
{
    driver_fail_call(fault);
    int64_t result = perform(probe, DRIVER_SEND, fd);
    driver_fail_call(NULL);
    return result;
}

static void each_answer_of_the_kernel_is_handled(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    assert_int_equal(send_with(&probe, ends[0], "1:EINTR"), sizeof probe.data);
    assert_int_equal(send_with(&probe, ends[0], "1:EAGAIN"), sizeof probe.data);
    assert_int_equal(send_with(&probe, ends[0], "1:short"), sizeof probe.data / 2);
    assert_int_equal(send_with(&probe, ends[0], "1:ENOBUFS"), -ENOBUFS);
    close_pair(ends);
}

/* A group would take it for its own cancellation. */
static void nothing_is_cancelled_unasked(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    int64_t result = send_with(&probe, ends[0], "1:ECANCELED");
    assert_true(result == sizeof probe.data || result == -EDDY_GIVEN_UP);
    close_pair(ends);
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    driver_fail_call("1:ECANCELED");
    result = read_at(&probe, fd, 0);
    driver_fail_call(NULL);
    assert_true(result == sizeof probe.data || result == -EDDY_GIVEN_UP);
    close(fd);
}

static void accepting_may_lack_buffers(void **state)
{
    (void)state;
    struct sockaddr_in address;
    struct probe probe;
    int listener = make_listener(&address);
    driver_adopt(driver, listener);
    driver_fail_call("1:ENOBUFS");
    assert_int_equal(perform(&probe, DRIVER_ACCEPT, listener), -ENOBUFS);
    driver_fail_call(NULL);
    driver_close_fd(driver, listener);
}

int main(void)
{
    const struct CMUnitTest rules[] = {
        RULE(an_operation_that_can_complete_now_does),
        RULE(an_operation_that_would_block_completes_in_wait),
        RULE(the_end_is_never_missed),
        RULE(an_end_after_a_short_read_is_an_edge),
        RULE(bytes_that_arrive_between_reads_are_not_missed),
        RULE(a_message_is_received_into_its_parts_and_not_beyond),
        RULE(short_messages_do_not_hide_the_next),
        RULE(no_byte_is_lost_in_random_pieces),
        RULE(errors_are_results),
        RULE(sending_to_a_closed_peer_raises_no_signal),
        RULE(connecting_and_accepting_meet),
        RULE(a_refused_connection_is_an_error),
        RULE(operations_of_one_direction_are_served_in_order),
        RULE(each_waits_for_its_own_bytes),
        RULE(waiters_are_served_in_order),
        RULE(reading_and_writing_do_not_wait_for_each_other),
        RULE(bytes_that_need_not_wait_are_sent_now),
        RULE(bytes_that_are_sent_now_do_not_overtake),
        RULE(a_watch_is_told_by_the_next_wait),
        RULE(polling_consumes_nothing),
        RULE(a_hang_up_is_reported_unasked),
        RULE(pipes_read_and_write),
        RULE(regular_files_never_wait),
        /* Not under Valgrind: its own limit takes the connection before it refuses the descriptor. */
        RULE(too_many_open_files_is_a_result),
        RULE(a_poll_reports_only_requested_events),
        RULE(a_writer_waits_though_its_peer_has_shut_its_side),
        RULE(a_full_queue_refuses_the_connection),
        RULE(a_socket_that_was_refused_connects_elsewhere),
        RULE(the_end_leaves_with_the_close),
        RULE(a_listener_is_gone_with_the_close),
        RULE(descriptors_without_positions_are_not_read_at_one),
        RULE(each_answer_of_the_kernel_is_handled),
        RULE(nothing_is_cancelled_unasked),
        RULE(accepting_may_lack_buffers),
    };
    size_t count = sizeof rules / sizeof *rules - (RUNNING_ON_VALGRIND ? 1 : 0);
    return run_rules_on_all(rules, count);
}
