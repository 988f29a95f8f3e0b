/* SPDX-License-Identifier: MIT */
/*
 * driver_rules.h - shared by the tests of src/os/driver.h: a driver opened for each rule, operations
 * that count their completions, connected sockets.
 *
 * Each rule runs with every driver, or only with the driver that EDDY_DRIVER names.
 */
#ifndef EDDY_TESTS_DRIVER_RULES_H
#define EDDY_TESTS_DRIVER_RULES_H

#include "os/driver.h"

#include "os/clock.h"
#include "os/driver_epoll.h"
#include "os/driver_fault.h"
#include "os/driver_uring.h"
#include "os/memory.h"
#include "os/valgrind.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *driver_name; /* the driver of the group that runs */
static struct driver *driver;   /* opened for each test */

/* An operation that counts its completions. */
struct probe {
    struct driver_op op;          /* first, so that complete finds the rest of the struct */
    int completions;              /* calls of complete */
    int order;                    /* the position of its completion among all, from 1 */
    void (*then)(struct probe *); /* called by complete; NULL: nothing */
    struct probe *other;          /* for `then` */
    char data[64];                /* its buffer */
};

static int completed; /* in this test */

static inline void complete(struct driver_op *op)
{
    struct probe *probe = (struct probe *)op;
    probe->completions++;
    probe->order = ++completed;
    assert_int_equal(op->state, 0);
    if (probe->then != NULL)
        probe->then(probe);
}

static inline void prepare(struct probe *probe, enum driver_op_kind kind, int fd)
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

static inline bool submit(struct probe *probe, enum driver_op_kind kind, int fd)
{
    prepare(probe, kind, fd);
    return driver_submit(driver, &probe->op);
}

/* Submits an operation that would block. */
static inline void begin(struct probe *probe, enum driver_op_kind kind, int fd)
{
    assert_false(submit(probe, kind, fd));
    assert_int_equal(probe->completions, 0);
}

/* A receive of at most `size` bytes. */
static inline void begin_receive(struct probe *probe, int fd, size_t size)
{
    prepare(probe, DRIVER_RECV, fd);
    probe->op.u.buffer.size = size;
    assert_false(driver_submit(driver, &probe->op));
}

static inline bool begin_poll(struct probe *probe, int fd, unsigned events)
{
    prepare(probe, DRIVER_POLL, fd);
    probe->op.u.poll.events = events;
    return driver_submit(driver, &probe->op);
}

static inline int64_t finish(struct probe *probe)
{
    while (probe->completions == 0)
        assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0);
    assert_int_equal(probe->completions, 1);
    return probe->op.result;
}

/* An operation that can complete now does so at once, or in a wait that does not sleep: a ring needs a call of the
 * kernel. False: it is in flight. */
static inline bool is_prompt(struct probe *probe, bool at_once)
{
    if (!at_once)
        assert_int_equal(driver_wait(driver, 0), 0);
    return at_once || probe->completions == 1;
}

static inline bool promptly(struct probe *probe, enum driver_op_kind kind, int fd)
{
    return is_prompt(probe, submit(probe, kind, fd));
}

/* Waits for its result, however long that takes. */
static inline int64_t perform(struct probe *probe, enum driver_op_kind kind, int fd)
{
    return submit(probe, kind, fd) ? probe->op.result : finish(probe);
}

static inline int64_t finish_cancelled(struct probe *probe)
{
    driver_cancel(driver, &probe->op);
    assert_int_equal(probe->completions, 0); /* completions are called only from wait */
    return finish(probe);
}

/* ==== sockets ==== */

static inline struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int make_socket(int type)
{
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    return fd;
}

static inline int make_listener(struct sockaddr_in *address)
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
static inline void make_pair(int ends[2])
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

static inline void make_adopted_pair(int ends[2])
{
    make_pair(ends);
    driver_adopt(driver, ends[0]);
}

static inline void put(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline void await_readable(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, -1), 1);
}

/* A read that waits gets `first`, which is less than it has room for; then `next` comes while no operation reads. */
static inline void read_short_and_put(struct probe *probe, int ends[2], const char *first, const char *next)
{
    begin(probe, DRIVER_RECV, ends[0]);
    put(ends[1], first);
    assert_int_equal(finish(probe), strlen(first));
    put(ends[1], next);
    await_readable(ends[0]);
    driver_wait(driver, 0);
}

static inline void close_pair(int ends[2])
{
    driver_close_fd(driver, ends[0]);
    close(ends[1]);
}

static inline int open_driver(void **state)
{
    (void)state;
    int error = -1;
    completed = 0;
    driver = driver_open(driver_name, NULL, &error);
    return error != 0 || driver == NULL;
}

static inline int close_driver(void **state)
{
    (void)state;
    bool idle = driver->in_flight == 0;
    driver_close(driver);
    return !idle || memory_live_blocks() != 0;
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, open_driver, close_driver)

/* Returns the number of rules that do not hold. */
#define run_rules(rules) run_rules_on_all(rules, sizeof(rules) / sizeof(rules)[0])

/* io_uring may be forbidden here, or left out of this build; if it is asked for by name it must be available. */
static inline bool must_run(const char *name)
{
    const char *only = getenv("EDDY_DRIVER"), *step;
    if (only != NULL)
        return strcmp(only, name) == 0;
    int error = 0;
    struct driver *opened = driver_open(name, NULL, &error);
    driver_close(opened);
    return opened != NULL || driver_uring_refusal(&step) == 0;
}

static inline int run_rules_with(const char *name, const struct CMUnitTest *rules, size_t count)
{
    driver_name = name;
    return must_run(name) ? _cmocka_run_group_tests(name, rules, count, NULL, NULL) : 0;
}

static inline int run_rules_on_all(const struct CMUnitTest *rules, size_t count)
{
    return run_rules_with("epoll", rules, count) + run_rules_with("sim", rules, count) +
           run_rules_with("uring", rules, count);
}

#endif
