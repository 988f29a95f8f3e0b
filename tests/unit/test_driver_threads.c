/* SPDX-License-Identifier: MIT */
/*
 * test_driver_threads.c - rules of the calls that threads make for the drivers without a ring: on a tty in blocking
 * mode, for which the kernel has no call that does not wait.
 *
 * Every thread can be held before its call, so that each request to cancel meets the call at a known place.
 */
#define _GNU_SOURCE
#include "driver_rules.h"

#include <pthread.h>
#include <termios.h>

#include "os/file_op.h"
#include "os/file_threads.h"

enum { ALL = FILE_THREADS };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held: no call begins */
static int at_gate; /* atomic: calls that have come there */
static int thief = -1; /* a tty whose bytes another reader takes before the call is made */

static void meet_thread(enum driver_point point, struct driver *its, struct driver_op *op)
{
    char byte[16];
    (void)its;
    if (point != DRIVER_AT_RUNNING)
        return;
    __atomic_add_fetch(&at_gate, 1, __ATOMIC_RELEASE);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    if (op->fd != thief)
        return;
    thief = -1;
    fcntl(op->fd, F_SETFL, O_RDWR | O_NONBLOCK);
    assert_true(read(op->fd, byte, sizeof byte) == 4);
}

static int open_gate(void **state)
{
    at_gate = 0;
    thief = -1;
    driver_hook = meet_thread;
    return open_driver(state);
}

static int close_gate(void **state)
{
    int failed = close_driver(state);
    driver_hook = NULL;
    return failed;
}

static struct epoll *inside(void)
{
    return (struct epoll *)driver;
}

static const struct epoll_watch *watch_of(int fd)
{
    return fd_table_find(&inside()->watches, fd, sizeof(struct epoll_watch));
}

static void await_calls(int count)
{
    while (__atomic_load_n(&at_gate, __ATOMIC_ACQUIRE) < count)
        assert_int_equal(driver_wait(driver, driver_now(driver) + CLOCK_SECOND / 1000), 0);
}

static void open_tty(int ends[2])
{
    struct termios raw;
    ends[1] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(ends[1] >= 0 && grantpt(ends[1]) == 0 && unlockpt(ends[1]) == 0);
    ends[0] = open(ptsname(ends[1]), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(ends[0] >= 0 && tcgetattr(ends[0], &raw) == 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(ends[0], TCSANOW, &raw), 0);
}

static void type(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void begin_read(struct probe *probe, int fd, size_t size)
{
    prepare(probe, DRIVER_READ, fd);
    probe->op.u.buffer.size = size;
    assert_false(driver_submit(driver, &probe->op));
}

/* No thread is free until they are finished. */
static void occupy_all(struct probe *probes, struct driver_file *files, struct file_status *status)
{
    for (int i = 0; i < ALL; i++) {
        prepare(&probes[i], DRIVER_STAT, AT_FDCWD);
        files[i] = (struct driver_file){.path = "/", .data = status};
        probes[i].op.u.file = &files[i];
        assert_false(driver_submit(driver, &probes[i].op));
    }
    await_calls(ALL);
}

static void reads_of_one_tty_are_made_in_turn(void **state)
{
    (void)state;
    int ends[2];
    struct probe first, second;
    open_tty(ends);
    type(ends[1], "abcd");
    begin_read(&first, ends[0], 2);
    begin_read(&second, ends[0], 2);
    assert_int_equal(finish(&first), 2);
    assert_int_equal(finish(&second), 2);
    assert_memory_equal(first.data, "ab", 2);
    assert_memory_equal(second.data, "cd", 2);
    assert_false(driver_is_busy(driver, ends[0]));
    close_pair(ends);
}

/* It was ready when the thread was asked. The call that finds nothing is made again when there is something. */
static void bytes_that_another_reader_has_taken_are_waited_for(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    open_tty(ends);
    thief = ends[0];
    type(ends[1], "gone");
    begin_read(&probe, ends[0], 16);
    await_calls(1);
    while (!list_is_empty(&inside()->calls))
        assert_int_equal(driver_wait(driver, driver_now(driver) + CLOCK_SECOND / 1000), 0);
    assert_int_equal(probe.completions, 0);
    assert_true(driver_is_busy(driver, ends[0]));
    type(ends[1], "come");
    assert_int_equal(finish(&probe), 4);
    assert_memory_equal(probe.data, "come", 4);
    close_pair(ends);
}

static void a_cancelled_call_that_finds_nothing_was_cancelled(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    open_tty(ends);
    thief = ends[0];
    type(ends[1], "gone");
    pthread_mutex_lock(&gate);
    begin_read(&probe, ends[0], 16);
    await_calls(1);
    driver_cancel(driver, &probe.op);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(probe.completions, 0); /* the thread makes its call */
    pthread_mutex_unlock(&gate);
    assert_int_equal(finish(&probe), -ECANCELED);
    assert_false(driver_is_busy(driver, ends[0]));
    close_pair(ends);
}

static void a_cancelled_call_that_has_its_bytes_keeps_them(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    open_tty(ends);
    type(ends[1], "kept");
    pthread_mutex_lock(&gate);
    begin_read(&probe, ends[0], 16);
    await_calls(1);
    driver_cancel(driver, &probe.op);
    pthread_mutex_unlock(&gate);
    assert_int_equal(finish(&probe), 4);
    close_pair(ends);
}

/* Cancelled before a thread had time for it: the one after it has its turn, and gets all the bytes. */
static void a_call_that_has_not_begun_is_taken_back(void **state)
{
    (void)state;
    int ends[2];
    struct probe first, second, busy[ALL];
    struct driver_file files[ALL];
    struct file_status status;
    open_tty(ends);
    type(ends[1], "kept");
    pthread_mutex_lock(&gate);
    occupy_all(busy, files, &status);
    begin_read(&first, ends[0], 16);
    begin_read(&second, ends[0], 16);
    driver_cancel(driver, &first.op);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(first.completions, 1);
    assert_int_equal(first.op.result, -ECANCELED);
    assert_int_equal(second.completions, 0);
    pthread_mutex_unlock(&gate);
    assert_int_equal(finish(&second), 4);
    for (int i = 0; i < ALL; i++)
        assert_int_equal(finish(&busy[i]), 0);
    close_pair(ends);
}

/* A poll meanwhile does not disturb the call, and the call does not hide the bytes from the poll. */
static void a_poll_sees_what_a_thread_is_about_to_read(void **state)
{
    (void)state;
    int ends[2];
    struct probe reader, poller;
    open_tty(ends);
    type(ends[1], "kept");
    pthread_mutex_lock(&gate);
    begin_read(&reader, ends[0], 16);
    await_calls(1);
    if (!begin_poll(&poller, ends[0], POLLIN))
        finish(&poller);
    assert_int_equal(poller.op.result, POLLIN);
    assert_int_equal(reader.completions, 0);
    pthread_mutex_unlock(&gate);
    assert_int_equal(finish(&reader), 4);
    close_pair(ends);
}

static void without_memory_for_the_call_nothing_remains(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    open_tty(ends);
    type(ends[1], "kept");
    int64_t result = -ENOMEM;
    for (long n = 1; result == -ENOMEM; n++) { /* the watch, the call, the pool and its thread */
        prepare(&probe, DRIVER_READ, ends[0]);
        memory_fail_after(n);
        bool at_once = driver_submit(driver, &probe.op);
        memory_fail_after(0);
        result = at_once ? probe.op.result : finish(&probe);
        assert_false(driver_is_busy(driver, ends[0]));
        assert_true(list_is_empty(&inside()->calls));
        assert_true(n < 20);
    }
    assert_int_equal(result, 4);
    close_pair(ends);
}

/* The same when the bytes come later: the event finds no memory. */
static void without_memory_an_event_fails_the_call(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    open_tty(ends);
    begin_read(&probe, ends[0], 16);
    assert_true(watch_of(ends[0])->registered);
    type(ends[1], "kept");
    memory_fail_after(1);
    while (probe.completions == 0)
        assert_int_equal(driver_wait(driver, driver_now(driver) + CLOCK_SECOND / 1000), 0);
    memory_fail_after(0);
    assert_int_equal(probe.op.result, -ENOMEM);
    assert_false(driver_is_busy(driver, ends[0]));
    close_pair(ends);
}

#define CALL_RULE(rule) cmocka_unit_test_setup_teardown(rule, open_gate, close_gate)

int main(void)
{
    const struct CMUnitTest rules[] = {
        CALL_RULE(reads_of_one_tty_are_made_in_turn),
        CALL_RULE(bytes_that_another_reader_has_taken_are_waited_for),
        CALL_RULE(a_cancelled_call_that_finds_nothing_was_cancelled),
        CALL_RULE(a_cancelled_call_that_has_its_bytes_keeps_them),
        CALL_RULE(a_poll_sees_what_a_thread_is_about_to_read),
        CALL_RULE(without_memory_for_the_call_nothing_remains),
        CALL_RULE(without_memory_an_event_fails_the_call),
        CALL_RULE(a_call_that_has_not_begun_is_taken_back), /* the simulation's files need no threads */
    };
    size_t count = sizeof rules / sizeof *rules;
    return run_rules_with("epoll", rules, count) + run_rules_with("sim", rules, count - 1);
}
