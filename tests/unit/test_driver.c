/* SPDX-License-Identifier: MIT */
/* test_driver.c - rules of src/os/driver.h, the same for every driver; those of virtual time at the
 * end. */
#define _GNU_SOURCE
#include "os/driver.h"

#include "os/clock.h"
#include "os/driver_epoll.h"
#include "os/memory.h"
#include "os/valgrind.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static const char *driver_name; /* of the group that runs */
static struct driver *driver;   /* opened for each test */

/* An operation that counts its completions. */
struct probe {
    struct driver_op op;          /* first, so that complete finds the rest */
    int completions;              /* calls of complete */
    int order;                    /* the number of its completion among all, from 1 */
    void (*then)(struct probe *); /* called by complete; NULL: nothing */
    struct probe *other;          /* for `then` */
    char data[64];                /* its buffer */
};

static int completed; /* in this test */

static void complete(struct driver_op *op)
{
    struct probe *probe = (struct probe *)op;
    probe->completions++;
    probe->order = ++completed;
    assert_int_equal(op->state, 0);
    if (probe->then != NULL)
        probe->then(probe);
}

static void prepare(struct probe *probe, enum driver_op_kind kind, int fd)
{
    memset(probe, 0, sizeof *probe);
    probe->op.kind = (uint8_t)kind;
    probe->op.fd = fd;
    probe->op.complete = complete;
    if (kind != DRIVER_POLL && kind != DRIVER_ACCEPT && kind != DRIVER_CONNECT) {
        probe->op.u.buffer.data = probe->data;
        probe->op.u.buffer.size = sizeof probe->data;
    }
}

static bool submit(struct probe *probe, enum driver_op_kind kind, int fd)
{
    prepare(probe, kind, fd);
    return driver_submit(driver, &probe->op);
}

/* Submits what would block. */
static void begin(struct probe *probe, enum driver_op_kind kind, int fd)
{
    assert_false(submit(probe, kind, fd));
    assert_int_equal(probe->completions, 0);
}

static bool begin_poll(struct probe *probe, int fd, unsigned events)
{
    prepare(probe, DRIVER_POLL, fd);
    probe->op.u.poll.events = events;
    return driver_submit(driver, &probe->op);
}

static int64_t finish(struct probe *probe)
{
    while (probe->completions == 0)
        assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0);
    assert_int_equal(probe->completions, 1);
    return probe->op.result;
}

static int64_t finish_cancelled(struct probe *probe)
{
    driver_cancel(driver, &probe->op);
    assert_int_equal(probe->completions, 0); /* never from anywhere but wait */
    return finish(probe);
}

/* ==== sockets ==== */

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int make_socket(int type)
{
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    return fd;
}

static int make_listener(struct sockaddr_in *address)
{
    int fd = make_socket(SOCK_STREAM);
    socklen_t size = sizeof *address;
    *address = loopback(0);
    assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &size), 0);
    return fd;
}

/* A connected pair over TCP; ends[0] is the one under test. */
static void make_pair(int ends[2])
{
    struct sockaddr_in address;
    int listener = make_listener(&address);
    ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(ends[1], (struct sockaddr *)&address, sizeof address), 0);
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, -1), 1);
    ends[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(ends[0] >= 0);
    close(listener);
}

static void make_adopted_pair(int ends[2])
{
    make_pair(ends);
    driver_adopt(driver, ends[0]);
}

static void put(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void await_readable(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, -1), 1);
}

static void close_pair(int ends[2])
{
    driver_close_fd(driver, ends[0]);
    close(ends[1]);
}

static int open_driver(void **state)
{
    (void)state;
    int error = -1;
    completed = 0;
    driver = driver_open(driver_name, NULL, &error);
    return error != 0 || driver == NULL;
}

static int close_driver(void **state)
{
    (void)state;
    bool idle = driver->in_flight == 0;
    driver_close(driver);
    return !idle || memory_live_blocks() != 0;
}

/* ==== results ==== */

static void what_can_be_done_now_is(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    put(ends[1], "hello");
    await_readable(ends[0]);
    assert_true(submit(&probe, DRIVER_RECV, ends[0]));
    assert_int_equal(probe.op.result, 5);
    assert_memory_equal(probe.data, "hello", 5);
    assert_int_equal(probe.completions, 0);
    assert_int_equal(driver->in_flight, 0);
    assert_true(submit(&probe, DRIVER_SEND, ends[0]));
    assert_int_equal(probe.op.result, sizeof probe.data);
    close_pair(ends);
}

static void what_would_block_completes_in_wait(void **state)
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

/* The end comes with the last bytes: there will be no edge for it alone. */
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
    assert_true(submit(&probe, DRIVER_RECV, ends[0])); /* and stays */
    assert_int_equal(probe.op.result, 0);
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

/* The edge comes and goes while nobody reads: the next read must ask again. */
static void what_came_while_nobody_read_is_not_missed(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV, ends[0]);
    put(ends[1], "abc");
    assert_int_equal(finish(&probe), 3);
    put(ends[1], "de");
    await_readable(ends[0]);
    driver_wait(driver, 0);
    if (!submit(&probe, DRIVER_RECV, ends[0]))
        finish(&probe);
    assert_int_equal(probe.op.result, 2);
    close_pair(ends);
}

/* Datagrams are short for other reasons: a short one does not mean that there is no other. */
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
    assert_true(submit(&probe, DRIVER_RECV, ends[0]));
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
    assert_true(submit(&probe, DRIVER_RECV, closed));
    assert_int_equal(probe.op.result, -ENOTCONN);
    close(closed);
    static const enum driver_op_kind kinds[] = {DRIVER_RECV, DRIVER_SEND, DRIVER_READ, DRIVER_WRITE,
                                                DRIVER_ACCEPT};
    for (int i = 0; i < 5; i++) {
        assert_true(submit(&probe, kinds[i], closed));
        assert_int_equal(probe.op.result, -EBADF);
        assert_true(submit(&probe, kinds[i], -1));
        assert_int_equal(probe.op.result, -EBADF);
    }
    assert_true(begin_poll(&probe, closed, POLLIN));
    assert_int_equal(probe.op.result, -EBADF);
    assert_int_equal(driver->in_flight, 0);
}

static void sending_to_nobody_is_no_signal(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    close(ends[1]);
    assert_true(submit(&probe, DRIVER_SEND, ends[0]));
    assert_int_equal(probe.op.result, -EPIPE);
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

static void a_refused_connection_says_so(void **state)
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
    if (RUNNING_ON_VALGRIND)
        skip(); /* its own limit takes the connection before it refuses */
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
    assert_true(submit(&probe, DRIVER_ACCEPT, listener)); /* the connection is still there */
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

/* An event serves those it can; the others are still watched. */
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

/* A late-comer does not overtake those that wait, even if it could be served at once. */
static void nobody_jumps_the_queue(void **state)
{
    (void)state;
    int ends[2];
    struct probe first, second;
    make_adopted_pair(ends);
    begin(&first, DRIVER_RECV, ends[0]);
    first.op.u.buffer.size = 1;
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
    while (submit(&writer, DRIVER_SEND, ends[0]))
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

/* ==== poll, pipes, files ==== */

static void polling_consumes_nothing(void **state)
{
    (void)state;
    for (int adopted = 0; adopted < 2; adopted++) {
        int ends[2];
        struct probe a, b, reader;
        make_pair(ends);
        if (adopted)
            driver_adopt(driver, ends[0]);
        assert_true(begin_poll(&a, ends[0], POLLIN | POLLOUT));
        assert_int_equal(a.op.result, POLLOUT);
        assert_false(begin_poll(&a, ends[0], POLLIN));
        assert_false(begin_poll(&b, ends[0], POLLIN));
        put(ends[1], "x");
        assert_int_equal(finish(&a), POLLIN);
        assert_int_equal(finish(&b), POLLIN);
        assert_true(submit(&reader, DRIVER_RECV, ends[0]));
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
    assert_true(submit(&writer, DRIVER_WRITE, ends[1]));
    assert_int_equal(finish(&reader), sizeof writer.data);
    while (submit(&writer, DRIVER_WRITE, ends[1]))
        assert_true(writer.op.result > 0);
    while (writer.completions == 0) {
        assert_true(submit(&reader, DRIVER_READ, ends[0]));
        driver_wait(driver, 0);
    }
    assert_true(finish(&writer) > 0);
    driver_close_fd(driver, ends[1]);
    while (reader.op.result > 0)
        assert_true(submit(&reader, DRIVER_READ, ends[0]));
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
    assert_true(submit(&probe, DRIVER_WRITE, fd));
    assert_int_equal(probe.op.result, sizeof probe.data);
    assert_true(submit(&probe, DRIVER_READ, fd));
    assert_int_equal(probe.op.result, 0);
    assert_true(begin_poll(&probe, fd, POLLIN));
    assert_int_equal(probe.op.result, POLLIN);
    assert_true(
        begin_poll(&probe, fd, POLLPRI)); /* never ready, and nothing that epoll could watch */
    driver_close_fd(driver, fd);
}

/* ==== cancelling ==== */

static void a_cancelled_operation_completes_in_the_next_wait(void **state)
{
    (void)state;
    static const enum driver_op_kind kinds[] = {DRIVER_RECV, DRIVER_ACCEPT, DRIVER_READ,
                                                DRIVER_POLL};
    struct sockaddr_in address;
    int ends[2], listener = make_listener(&address);
    make_adopted_pair(ends);
    driver_adopt(driver, listener);
    for (int i = 0; i < 4; i++) {
        struct probe probe;
        prepare(&probe, kinds[i], kinds[i] == DRIVER_ACCEPT ? listener : ends[0]);
        if (kinds[i] == DRIVER_POLL)
            probe.op.u.poll.events = POLLIN;
        assert_false(driver_submit(driver, &probe.op));
        assert_int_equal(finish_cancelled(&probe),
                         -ECANCELED); /* without a limit: it must not sleep */
        assert_true(probe.op.cancelled);
        driver_wait(driver, 0);
        assert_int_equal(probe.completions, 1);
    }
    put(ends[1], "kept"); /* what the cancelled ones did not take is there for the next */
    await_readable(ends[0]);
    struct probe probe;
    if (!submit(&probe, DRIVER_RECV, ends[0]))
        finish(&probe);
    assert_int_equal(probe.op.result, 4);
    close_pair(ends);
    driver_close_fd(driver, listener);
}

static void cancelling_one_leaves_the_others(void **state)
{
    (void)state;
    for (int gone = 0; gone < 3; gone++) {
        int ends[2];
        struct probe probes[3];
        make_adopted_pair(ends);
        for (int i = 0; i < 3; i++) {
            begin(&probes[i], DRIVER_RECV, ends[0]);
            probes[i].op.u.buffer.size = 1;
        }
        driver_cancel(driver, &probes[gone].op);
        driver_cancel(driver, &probes[gone].op); /* twice is once */
        put(ends[1], "12");
        for (int i = 0; i < 3; i++)
            assert_int_equal(finish(&probes[i]), i == gone ? -ECANCELED : 1);
        assert_int_equal(probes[gone == 0 ? 1 : 0].data[0], '1');
        close_pair(ends);
    }
}

static void cancel_other(struct probe *probe)
{
    driver_cancel(driver, &probe->other->op);
    assert_int_equal(probe->other->completions, 0);
}

/* What was done before the request reached it comes as it is. */
static void cancelling_what_is_done_changes_nothing(void **state)
{
    (void)state;
    int ends[2];
    struct probe first, second;
    make_adopted_pair(ends);
    begin(&first, DRIVER_RECV, ends[0]);
    first.op.u.buffer.size = 1;
    begin(&second, DRIVER_RECV, ends[0]);
    first.then = cancel_other;
    first.other = &second;
    put(ends[1], "ab");
    assert_int_equal(finish(&first), 1);
    assert_int_equal(finish(&second), 1);
    assert_true(second.op.cancelled);
    assert_int_equal(second.data[0], 'b');
    close_pair(ends);
}

static void a_completion_may_cancel_another(void **state)
{
    (void)state;
    int ends[2], idle[2];
    struct probe first, second;
    make_adopted_pair(ends);
    make_adopted_pair(idle);
    begin(&first, DRIVER_RECV, ends[0]);
    begin(&second, DRIVER_RECV, idle[0]);
    first.then = cancel_other;
    first.other = &second;
    put(ends[1], "go");
    assert_int_equal(finish(&first), 2);
    assert_int_equal(second.completions, 0);
    assert_int_equal(finish(&second), -ECANCELED);
    close_pair(ends);
    close_pair(idle);
}

static void cancelling_a_connect_frees_the_socket(void **state)
{
    (void)state;
    struct sockaddr_in address;
    struct probe probe;
    int listener = make_listener(&address), client = make_socket(SOCK_STREAM);
    assert_int_equal(listen(listener, 0), 0);
    int fillers[4];
    for (int i = 0; i < 4; i++) { /* a full backlog drops the next attempt, which then waits */
        fillers[i] = make_socket(SOCK_STREAM);
        connect(fillers[i], (struct sockaddr *)&address, sizeof address);
    }
    prepare(&probe, DRIVER_CONNECT, client);
    probe.op.u.address.data = (struct sockaddr *)&address;
    probe.op.u.address.length = sizeof address;
    assert_false(driver_submit(driver, &probe.op));
    driver_wait(driver, 0);
    assert_int_equal(finish_cancelled(&probe), -ECANCELED);
    driver_close_fd(driver, client);
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
    close(listener);
}

/* ==== completions that change the world ==== */

static int rounds;

static void send_back(struct probe *probe)
{
    if (probe->op.result <= 0 || --rounds == 0)
        return;
    struct probe writer;
    prepare(&writer, DRIVER_SEND, probe->op.fd);
    memcpy(writer.data, probe->data, (size_t)probe->op.result);
    writer.op.u.buffer.size = (size_t)probe->op.result;
    assert_true(driver_submit(driver, &writer.op));
    void (*then)(struct probe *) = probe->then;
    struct probe *other = probe->other;
    prepare(probe, DRIVER_RECV, probe->op.fd);
    probe->then = then;
    probe->other = other;
    assert_false(driver_submit(driver, &probe->op));
}

static void a_completion_may_submit_itself_again(void **state)
{
    (void)state;
    int ends[2];
    struct probe left, right;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    driver_adopt(driver, ends[0]);
    driver_adopt(driver, ends[1]);
    rounds = 2000;
    begin(&left, DRIVER_RECV, ends[0]);
    begin(&right, DRIVER_RECV, ends[1]);
    left.then = right.then = send_back;
    put(ends[0], "ball");
    while (rounds > 0)
        assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0);
    struct probe *last = left.completions == 0 ? &left : &right;
    assert_int_equal(finish_cancelled(last), -ECANCELED);
    driver_close_fd(driver, ends[0]);
    driver_close_fd(driver, ends[1]);
}

static int reopened[2];
static struct probe on_reopened;

/* Closes the other's descriptor and gets its number again for a new connection. */
static void close_and_reopen(struct probe *probe)
{
    int number = probe->other->op.fd, fresh[2];
    driver_close_fd(driver, number);
    make_pair(fresh);
    reopened[0] = number;
    reopened[1] = fresh[1];
    if (fresh[1] == number)
        reopened[1] = dup(fresh[1]);
    if (fresh[0] != number) {
        dup2(fresh[0], number);
        fcntl(number, F_SETFD, FD_CLOEXEC);
        close(fresh[0]);
    }
    driver_adopt(driver, number);
    begin(&on_reopened, DRIVER_RECV, number);
}

static void events_of_a_closed_descriptor_do_not_reach_its_successor(void **state)
{
    (void)state;
    int ends[2], victim[2];
    struct probe first, other;
    make_adopted_pair(ends);
    make_adopted_pair(victim);
    begin(&other, DRIVER_RECV, victim[0]); /* registers it */
    put(victim[1], "a");
    assert_int_equal(finish(&other), 1);
    begin(&first, DRIVER_RECV, ends[0]);
    first.then = close_and_reopen;
    first.other = &other;
    put(victim[1], "stale");
    put(ends[1], "go");
    await_readable(victim[0]);
    await_readable(ends[0]);
    assert_int_equal(finish(&first), 2);
    for (int i = 0; i < 3; i++)
        driver_wait(driver, 0);
    assert_int_equal(on_reopened.completions, 0);
    put(reopened[1], "fresh");
    assert_int_equal(finish(&on_reopened), 5);
    assert_memory_equal(on_reopened.data, "fresh", 5);
    close_pair(ends);
    close_pair(reopened);
    close(victim[1]);
}

/* Another holder of the old description (a child after fork) keeps it alive in epoll. */
static void a_duplicate_of_a_closed_descriptor_is_nobody(void **state)
{
    (void)state;
    int ends[2], fresh[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV, ends[0]);
    put(ends[1], "a");
    assert_int_equal(finish(&probe), 1);
    int number = ends[0], duplicate = dup(number);
    driver_close_fd(driver, number);
    make_pair(fresh);
    if (fresh[0] != number) {
        int moved = fresh[1] == number ? dup(fresh[1]) : fresh[1];
        dup2(fresh[0], number);
        close(fresh[0]);
        fresh[0] = number;
        fresh[1] = moved;
    }
    driver_adopt(driver, number);
    begin(&probe, DRIVER_RECV, number);
    put(ends[1], "ghost");
    shutdown(ends[1], SHUT_WR);
    struct pollfd ended = {.fd = duplicate, .events = POLLRDHUP};
    assert_int_equal(poll(&ended, 1, -1), 1);
    driver_wait(driver, 0);
    assert_int_equal(probe.completions, 0);
    assert_false(((struct epoll *)driver)->watches[number].never_drained); /* not its end */
    put(fresh[1], "real");
    assert_int_equal(finish(&probe), 4);
    close_pair(fresh);
    close(duplicate);
    close(ends[1]);
}

static void a_stranger_may_be_closed_and_its_number_reused(void **state)
{
    (void)state;
    int ends[2], number = -1;
    for (int i = 0; i < 4; i++) {
        struct probe probe;
        assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
        assert_true(number < 0 || number == ends[0]);
        number = ends[0];
        begin(&probe, DRIVER_READ, ends[0]);
        assert_int_equal(write(ends[1], "x", 1), 1);
        assert_int_equal(finish(&probe), 1);
        close(ends[0]); /* without a word to the driver */
        close(ends[1]);
    }
}

/* ==== waiting and waking ==== */

static void a_wait_without_limit_on_time_does_not_sleep(void **state)
{
    (void)state;
    assert_int_equal(driver_wait(driver, 0), 0);
    int64_t now = driver_now(driver);
    assert_int_equal(driver_wait(driver, now - 1), 0);
    assert_int_equal(driver_wait(driver, 1), 0);
}

static void timeouts_are_never_early(void **state)
{
    (void)state;
    static const int64_t spans[] = {1, 1000, 999999, 1000000, 1000001, 3456789};
    for (int coarse = ((struct epoll *)driver)->coarse; coarse < 2; coarse++) {
        ((struct epoll *)driver)->coarse = coarse;
        for (int i = 0; i < 6; i++) {
            int64_t deadline = driver_now(driver) + spans[i];
            assert_int_equal(driver_wait(driver, deadline), 0);
            assert_true(driver_now(driver) >= deadline);
        }
    }
}

static bool thread_may_wake;

static void *wake_later(void *unused)
{
    while (!__atomic_load_n(&thread_may_wake, __ATOMIC_SEQ_CST))
        usleep(100);
    driver_wake(driver);
    return unused;
}

static void waking_ends_a_wait(void **state)
{
    (void)state;
    pthread_t thread;
    driver_wake(driver);
    driver_wake(driver);
    assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0); /* woken before it began */
    for (int i = 0; i < 20; i++) {
        thread_may_wake = false;
        assert_int_equal(pthread_create(&thread, NULL, wake_later, NULL), 0);
        __atomic_store_n(&thread_may_wake, true, __ATOMIC_SEQ_CST);
        assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0);
        pthread_join(thread, NULL);
    }
}

/* No announcement is lost: each wake is followed by a wait that sees its work. */
static long announced;

static void *announce(void *unused)
{
    for (int i = 0; i < 2000; i++) {
        __atomic_add_fetch(&announced, 1, __ATOMIC_SEQ_CST);
        driver_wake(driver);
    }
    return unused;
}

static void no_wake_is_lost(void **state)
{
    (void)state;
    pthread_t threads[2];
    announced = 0;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, announce, NULL), 0);
    while (__atomic_load_n(&announced, __ATOMIC_SEQ_CST) < 4000)
        assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void wake_from_handler(int signal_number)
{
    (void)signal_number;
    driver_wake(driver);
}

static void a_signal_handler_may_wake(void **state)
{
    (void)state;
    signal(SIGUSR1, wake_from_handler);
    raise(SIGUSR1);
    assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0);
    signal(SIGUSR1, SIG_DFL);
}

static void events_without_a_wake_do_not_block_the_wake(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV, ends[0]);
    driver_wake(driver);
    assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0);
    assert_int_equal(probe.completions, 0);
    put(ends[1], "x");
    assert_int_equal(finish(&probe), 1);
    close_pair(ends);
}

/* ==== faults ==== */

static void the_nth_submission_fails_at_once(void **state)
{
    (void)state;
    int ends[2];
    make_adopted_pair(ends);
    for (int n = 1; n <= 3; n++) {
        driver_fail_after(n);
        for (int i = 1; i <= 3; i++) {
            struct probe probe;
            assert_true(submit(&probe, DRIVER_SEND, ends[0]));
            assert_int_equal(probe.op.result, i == n ? -ECONNABORTED : (int)sizeof probe.data);
        }
    }
    driver_fail_after(0);
    close_pair(ends);
}

static void without_memory_an_operation_fails_cleanly(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_pair(ends);
    int high = fcntl(ends[0], F_DUPFD_CLOEXEC, 200); /* past any table that there is */
    memory_fail_after(1);
    assert_true(submit(&probe, DRIVER_RECV, high));
    assert_int_equal(probe.op.result, -ENOMEM);
    memory_fail_after(1);
    driver_adopt(driver, high); /* cannot be noted: it works all the same */
    memory_fail_after(0);
    begin(&probe, DRIVER_RECV, high);
    put(ends[1], "x");
    assert_int_equal(finish(&probe), 1);
    driver_close_fd(driver, high);
    close_pair(ends);
    int error = 0;
    memory_fail_after(1);
    assert_null(driver_open(driver_name, NULL, &error));
    assert_int_equal(error, ENOMEM);
}

static void drivers_are_chosen_by_name(void **state)
{
    (void)state;
    int error = 0;
    assert_string_equal(driver->type->name, driver_name);
    assert_null(driver_open("nonesuch", NULL, &error));
    assert_int_equal(error, EINVAL);
    char *kept = getenv("EDDY_DRIVER");
    kept = kept != NULL ? strdup(kept) : NULL;
    setenv("EDDY_DRIVER", driver_name, 1);
    struct driver *other = driver_open(NULL, NULL, &error);
    assert_ptr_equal(other->type, driver->type);
    driver_close(other);
    setenv("EDDY_DRIVER", "nonesuch", 1);
    assert_null(driver_open("", NULL, &error));
    unsetenv("EDDY_DRIVER");
    other = driver_open("", NULL, &error);
    assert_string_equal(other->type->name, "epoll");
    driver_close(other);
    if (kept != NULL)
        setenv("EDDY_DRIVER", kept, 1);
    free(kept);
}

/* ==== virtual time ==== */

static void an_hour_passes_at_once(void **state)
{
    (void)state;
    int64_t start = driver_now(driver), before = clock_monotonic();
    assert_true(driver->virtual_time);
    assert_true(start > 0);
    for (int hour = 1; hour <= 1000; hour++) {
        assert_int_equal(driver_wait(driver, start + hour * 3600 * CLOCK_SECOND), 0);
        assert_true(driver_now(driver) == start + hour * 3600 * CLOCK_SECOND);
    }
    assert_true(clock_monotonic() - before < 3600 * CLOCK_SECOND);
}

static void time_never_goes_back_and_starts_alike(void **state)
{
    (void)state;
    int error;
    struct driver *other = driver_open("sim", NULL, &error);
    assert_true(driver_now(other) == driver_now(driver));
    driver_close(other);
    int64_t now = driver_now(driver);
    driver_wait(driver, now - 5);
    driver_wait(driver, 0);
    assert_true(driver_now(driver) == now);
}

static void what_is_ready_comes_before_time_goes_on(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    int64_t start = driver_now(driver);
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV, ends[0]); /* its registration makes an event of its own: writable */
    int64_t before = clock_monotonic();
    assert_int_equal(driver_wait(driver, start + 5 * CLOCK_SECOND), 0);
    assert_true(clock_monotonic() - before >= CLOCK_SECOND / 1000); /* the world had its chance */
    assert_true(driver_now(driver) == start + 5 * CLOCK_SECOND);    /* nothing came */
    put(ends[1], "x");
    await_readable(ends[0]);
    assert_int_equal(driver_wait(driver, start + 9 * CLOCK_SECOND), 0);
    assert_true(driver_now(driver) == start + 5 * CLOCK_SECOND);
    assert_int_equal(probe.completions, 1);
    begin(&probe, DRIVER_RECV, ends[0]);
    driver_cancel(driver, &probe.op);
    assert_int_equal(driver_wait(driver, start + 9 * CLOCK_SECOND), 0);
    assert_true(driver_now(driver) == start + 5 * CLOCK_SECOND);
    assert_int_equal(probe.op.result, -ECANCELED);
    close_pair(ends);
}

static void a_wake_stops_the_clock(void **state)
{
    (void)state;
    int64_t start = driver_now(driver);
    driver_wake(driver);
    assert_int_equal(driver_wait(driver, start + CLOCK_SECOND), 0);
    assert_true(driver_now(driver) == start);
    assert_int_equal(driver_wait(driver, start + CLOCK_SECOND), 0);
    assert_true(driver_now(driver) == start + CLOCK_SECOND);
}

static void the_seed_is_from_options_or_environment(void **state)
{
    (void)state;
    int error;
    struct driver_options options = {.seed = 5};
    setenv("EDDY_SEED", "77", 1);
    struct driver *with_options = driver_open("sim", &options, &error),
                  *without = driver_open("sim", NULL, &error);
    assert_int_equal(with_options->seed, 5);
    assert_int_equal(without->seed, 77);
    unsetenv("EDDY_SEED");
    driver_close(with_options);
    driver_close(without);
    without = driver_open("sim", NULL, &error);
    assert_int_equal(without->seed, 0);
    driver_close(without);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, open_driver, close_driver)

static int run_rules(const char *name)
{
    const struct CMUnitTest rules[] = {
        RULE(what_can_be_done_now_is),
        RULE(what_would_block_completes_in_wait),
        RULE(the_end_is_never_missed),
        RULE(an_end_after_a_short_read_is_an_edge),
        RULE(what_came_while_nobody_read_is_not_missed),
        RULE(short_messages_do_not_hide_the_next),
        RULE(no_byte_is_lost_in_random_pieces),
        RULE(errors_are_results),
        RULE(sending_to_nobody_is_no_signal),
        RULE(connecting_and_accepting_meet),
        RULE(a_refused_connection_says_so),
        RULE(too_many_open_files_is_a_result),
        RULE(operations_of_one_direction_are_served_in_order),
        RULE(each_waits_for_its_own_bytes),
        RULE(nobody_jumps_the_queue),
        RULE(reading_and_writing_do_not_wait_for_each_other),
        RULE(polling_consumes_nothing),
        RULE(a_hang_up_is_reported_unasked),
        RULE(pipes_read_and_write),
        RULE(regular_files_never_wait),
        RULE(a_cancelled_operation_completes_in_the_next_wait),
        RULE(cancelling_one_leaves_the_others),
        RULE(cancelling_what_is_done_changes_nothing),
        RULE(a_completion_may_cancel_another),
        RULE(cancelling_a_connect_frees_the_socket),
        RULE(a_completion_may_submit_itself_again),
        RULE(events_of_a_closed_descriptor_do_not_reach_its_successor),
        RULE(a_duplicate_of_a_closed_descriptor_is_nobody),
        RULE(a_stranger_may_be_closed_and_its_number_reused),
        RULE(a_wait_without_limit_on_time_does_not_sleep),
        RULE(timeouts_are_never_early),
        RULE(waking_ends_a_wait),
        RULE(no_wake_is_lost),
        RULE(a_signal_handler_may_wake),
        RULE(events_without_a_wake_do_not_block_the_wake),
        RULE(the_nth_submission_fails_at_once),
        RULE(without_memory_an_operation_fails_cleanly),
        RULE(drivers_are_chosen_by_name),
    };
    driver_name = name;
    return cmocka_run_group_tests_name(name, rules, NULL, NULL);
}

static int run_rules_of_virtual_time(void)
{
    const struct CMUnitTest rules[] = {
        RULE(an_hour_passes_at_once),
        RULE(time_never_goes_back_and_starts_alike),
        RULE(what_is_ready_comes_before_time_goes_on),
        RULE(a_wake_stops_the_clock),
        RULE(the_seed_is_from_options_or_environment),
    };
    driver_name = "sim";
    return cmocka_run_group_tests_name("virtual time", rules, NULL, NULL);
}

int main(void)
{
    return run_rules("epoll") + run_rules("sim") + run_rules_of_virtual_time();
}
