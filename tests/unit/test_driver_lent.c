/* SPDX-License-Identifier: MIT */
/* Lent buffers, messages, looks: receives without the caller's buffer, with descriptors, and without taking. */
#define _GNU_SOURCE
#include "driver_rules.h"

#include "os/lent.h"

#include <sys/socket.h>

static void give_back(struct probe *probe)
{
    driver_give_back(driver, probe->op.u.lent.data, probe->op.u.lent.id);
}

static void a_buffer_is_lent_when_something_has_come(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    assert_int_equal(driver->lent, 0); /* a waiting receive holds no buffer */
    put(ends[1], "hello");
    assert_int_equal(finish(&probe), 5);
    assert_memory_equal(probe.op.u.lent.data, "hello", 5);
    assert_int_equal(driver->lent, 1);
    give_back(&probe);
    assert_int_equal(driver->lent, 0);
    close_pair(ends);
}

static void two_lent_buffers_do_not_share(void **state)
{
    (void)state;
    int ends[2];
    struct probe first, second;
    make_adopted_pair(ends);
    begin(&first, DRIVER_RECV_LENT, ends[0]);
    put(ends[1], "one");
    assert_int_equal(finish(&first), 3);
    put(ends[1], "two");
    if (!submit(&second, DRIVER_RECV_LENT, ends[0]))
        finish(&second);
    assert_int_equal(second.op.result, 3);
    assert_memory_equal(first.op.u.lent.data, "one", 3);
    assert_memory_equal(second.op.u.lent.data, "two", 3);
    give_back(&first);
    give_back(&second);
    close_pair(ends);
}

/* The kernel copies more slowly to addresses that do not begin a cache line. */
static void lent_bytes_begin_a_cache_line(void **state)
{
    (void)state;
    enum { MANY = 5 };
    int ends[MANY][2];
    struct probe probes[MANY];
    for (int i = 0; i < MANY; i++) {
        make_adopted_pair(ends[i]);
        put(ends[i][1], "x");
        assert_int_equal(perform(&probes[i], DRIVER_RECV_LENT, ends[i][0]), 1);
        assert_int_equal((uintptr_t)probes[i].op.u.lent.data % MEMORY_LINE, 0);
    }
    for (int i = 0; i < MANY; i++) {
        give_back(&probes[i]);
        close_pair(ends[i]);
    }
}

/* In one turn epoll takes no more buffers than it keeps; a ring has a store for all connections. */
static void a_crowd_needs_no_more_buffers_than_are_kept(void **state)
{
    (void)state;
    enum { CROWD = 2 * LENT_KEPT };
    static int ends[CROWD][2];
    static struct probe probes[CROWD];
    size_t most = 0;
    if (!strcmp(driver->type->name, "uring"))
        return;
    for (int i = 0; i < CROWD; i++) {
        make_adopted_pair(ends[i]);
        begin(&probes[i], DRIVER_RECV_LENT, ends[i][0]);
        put(ends[i][1], "x");
    }
    for (int left = CROWD; left > 0;) {
        driver_wait(driver, CLOCK_NEVER);
        most = driver->lent > most ? driver->lent : most;
        for (int i = 0; i < CROWD; i++)
            if (probes[i].completions == 1 && probes[i].op.u.lent.data) {
                give_back(&probes[i]);
                probes[i].op.u.lent.data = NULL;
                left--;
            }
    }
    assert_true(most <= LENT_KEPT);
    for (int i = 0; i < CROWD; i++)
        close_pair(ends[i]);
}

static void the_end_and_a_cancelled_wait_lend_nothing(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    assert_int_equal(finish_cancelled(&probe), -ECANCELED);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    shutdown(ends[1], SHUT_WR);
    assert_int_equal(finish(&probe), 0);
    assert_int_equal(driver->lent, 0);
    close_pair(ends);
}

static void bytes_of_a_cancelled_wait_are_left_for_the_next(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    put(ends[1], "kept");
    int64_t result = finish_cancelled(&probe);
    if (result == -ECANCELED && !submit(&probe, DRIVER_RECV, ends[0]))
        finish(&probe);
    assert_int_equal(probe.op.result, 4);
    if (result > 0)
        give_back(&probe);
    close_pair(ends);
}

static void a_few_free_buffers_are_kept(void **state)
{
    (void)state;
    enum { MORE = LENT_KEPT + 3 };
    struct lent_buffers buffers = {0};
    struct lent_buffer *taken[MORE];
    long blocks = memory_live_blocks();
    for (int i = 0; i < MORE; i++)
        assert_non_null(taken[i] = lent_take(&buffers));
    for (int i = 0; i < MORE; i++)
        lent_put(&buffers, taken[i]);
    assert_int_equal(memory_live_blocks() - blocks, LENT_KEPT);
    for (int i = 0; i < LENT_KEPT; i++)
        taken[i] = lent_take(&buffers); /* no new ones */
    assert_int_equal(memory_live_blocks() - blocks, LENT_KEPT);
    for (int i = 0; i < LENT_KEPT; i++)
        lent_put(&buffers, taken[i]);
    lent_free(&buffers);
    assert_int_equal(memory_live_blocks(), blocks);
}

static void messages_carry_descriptors(void **state)
{
    (void)state;
    int ends[2], pipe_ends[2], received;
    char byte = 'x';
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.align = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct probe probe;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    memcpy(CMSG_DATA(&control.align), &pipe_ends[1], sizeof(int));
    prepare(&probe, DRIVER_SENDMSG, ends[0]);
    probe.op.u.message.data = &message;
    probe.op.u.message.flags = 0;
    if (!driver_submit(driver, &probe.op))
        finish(&probe);
    assert_int_equal(probe.op.result, 1);
    memset(&control, 0, sizeof control);
    prepare(&probe, DRIVER_RECVMSG, ends[1]);
    probe.op.u.message.data = &message;
    probe.op.u.message.flags = 0;
    if (!driver_submit(driver, &probe.op))
        finish(&probe);
    assert_int_equal(probe.op.result, 1);
    memcpy(&received, CMSG_DATA(&control.align), sizeof(int));
    assert_int_equal(fcntl(received, F_GETFD), FD_CLOEXEC);
    close(received);
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        close(pipe_ends[i]);
    }
}

/* A short read tells that the buffer is empty; a look at its contents does not. */
static void a_look_takes_nothing(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    read_short_and_put(&probe, ends, "abc", "de");
    prepare(&probe, DRIVER_RECV, ends[0]);
    probe.op.u.buffer.flags = MSG_PEEK;
    assert_true(is_prompt(&probe, driver_submit(driver, &probe.op)));
    assert_int_equal(probe.op.result, 2);
    assert_true(promptly(&probe, DRIVER_RECV, ends[0]));
    assert_int_equal(probe.op.result, 2);
    close_pair(ends);
}

int main(void)
{
    const struct CMUnitTest rules[] = {
        RULE(a_look_takes_nothing),
        RULE(a_buffer_is_lent_when_something_has_come),
        RULE(two_lent_buffers_do_not_share),
        RULE(lent_bytes_begin_a_cache_line),
        RULE(a_crowd_needs_no_more_buffers_than_are_kept),
        RULE(the_end_and_a_cancelled_wait_lend_nothing),
        RULE(bytes_of_a_cancelled_wait_are_left_for_the_next),
        RULE(a_few_free_buffers_are_kept),
        RULE(messages_carry_descriptors),
    };
    return run_rules(rules);
}
