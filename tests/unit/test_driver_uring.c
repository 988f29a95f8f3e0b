/* SPDX-License-Identifier: MIT */
/*
 * test_driver_uring.c - rules of the io_uring driver alone: multishot requests, the store of shared buffers, and what
 * happens when each of the kernel's queues and stores is full or empty.
 */
#define _GNU_SOURCE
#include "driver_rules.h"

#include <pthread.h>
#include <sys/mman.h>

#if defined(EDDY_WITH_URING)

static struct ring_limits usual;

static struct uring *inside(void)
{
    return (struct uring *)driver;
}

static const struct uring_watch *watch_of(int fd)
{
    return uring_find(inside(), fd);
}

static void open_again(struct ring_limits limits)
{
    int error;
    driver_close(driver);
    ring_limits = limits;
    driver = driver_open("uring", NULL, &error);
    assert_non_null(driver);
    ring_limits = usual;
}

static void give_back(struct probe *probe)
{
    driver_give_back(driver, probe->op.u.lent.data, probe->op.u.lent.id);
}

static void receive(struct probe *probe, int fd, const char *expected)
{
    assert_int_equal(perform(probe, DRIVER_RECV_LENT, fd), strlen(expected));
    assert_memory_equal(probe->op.u.lent.data, expected, strlen(expected));
}

/* The receive waits before the bytes come, so the ring receives many times from then on. */
static void wait_and_receive(struct probe *probe, const int ends[2], const char *text)
{
    begin(probe, DRIVER_RECV_LENT, ends[0]);
    put(ends[1], text);
    assert_int_equal(finish(probe), strlen(text));
    give_back(probe);
}

/* Waits until the kernel has delivered what was sent. */
static void await_stock(int fd, unsigned count)
{
    while (watch_of(fd)->stocked < count)
        assert_int_equal(driver_wait(driver, driver_now(driver) + CLOCK_SECOND / 1000), 0);
}

static void await_end_of_many(int fd)
{
    while (watch_of(fd)->many != MANY_NONE)
        assert_int_equal(driver_wait(driver, driver_now(driver) + CLOCK_SECOND / 1000), 0);
}

/* Facts about a connection do not apply to the next one with the same number. */
static void a_closed_number_is_as_new(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    wait_and_receive(&probe, ends, "abc");
    put(ends[1], "def");
    await_stock(ends[0], 1);
    struct uring_watch *watch = uring_find(inside(), ends[0]);
    uint32_t generation = watch->generation;
    watch->over = watch->one_by_one = watch->starved = true;
    watch->zero_copy = ZERO_COPY_NEVER;
    close_pair(ends);
    assert_false(watch->adopted || watch->over || watch->one_by_one || watch->starved);
    assert_true(watch->many == MANY_NONE && watch->stocked == 0 && !watch->stock);
    assert_int_equal(watch->zero_copy, ZERO_COPY_NOT_TRIED);
    assert_int_not_equal(watch->generation, generation);
}

/* ==== what it takes ==== */

static void it_gives_its_shared_pages_back(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    wait_and_receive(&probe, ends, "abc");
    close_pair(ends);
    void *shared = inside()->buffers.shared;
    assert_int_equal(msync(shared, 1, MS_ASYNC), 0);
    open_again(usual);
    assert_true(inside()->buffers.shared != shared && msync(shared, 1, MS_ASYNC) == -1);
}

/* ==== waking ==== */

static void *wake_later(void *nothing)
{
    usleep(50000); /* the driver sleeps by then */
    driver_wake(driver);
    return nothing;
}

/* The kernel may end a multishot poll at any time. */
static void the_poll_of_the_wake_up_is_armed_again(void **state)
{
    (void)state;
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_true(inside()->wake_armed);
    uring_send_cancel(inside(), RING_WAKE);
    for (int i = 0; i < 3; i++) /* its end arrives, and a new one begins */
        assert_int_equal(driver_wait(driver, driver_now(driver) + CLOCK_SECOND / 100), 0);
    assert_true(inside()->wake_armed);
    pthread_t thread;
    int64_t begin = driver_now(driver), limit = 20 * CLOCK_SECOND;
    assert_int_equal(pthread_create(&thread, NULL, wake_later, NULL), 0);
    assert_int_equal(driver_wait(driver, begin + limit), 0);
    pthread_join(thread, NULL);
    assert_true(driver_now(driver) - begin < limit);
}

/* ==== receiving ==== */

/* As the kernel does when bytes and the end arrive together: its request remains armed, and sees nothing more. */
static void make_deaf(int fd, int silent)
{
    struct ring *ring = &inside()->ring;
    struct ring_completion completion;
    uint64_t key = (uint64_t)watch_of(fd)->generation << 32 | (uint64_t)(unsigned)fd << 3 | RING_RECEIVED;
    uring_send_cancel(inside(), key);
    do
        assert_int_equal(ring_enter(ring, 1, CLOCK_SECOND), 0);
    while (!ring_next(ring, &completion) || completion.data != key);
    struct io_uring_sqe *sqe = ring_request(ring);
    io_uring_prep_recv_multishot(sqe, silent, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->user_data = key;
}

static void an_end_that_the_kernel_has_lost_is_asked_for(void **state)
{
    (void)state;
    int ends[2], other[2];
    struct probe probe;
    make_adopted_pair(ends);
    make_pair(other);
    wait_and_receive(&probe, ends, "abc");
    make_deaf(ends[0], other[0]);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    struct linger reset = {1, 0};
    setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(ends[1]);
    assert_int_equal(finish(&probe), -ECONNRESET);
    driver_close_fd(driver, ends[0]);
    close(other[0]);
    close(other[1]);
}

/* Connections that should be asked; 100: the list does not end. */
static int suspects(void)
{
    int count = 0;
    for (int fd = inside()->suspects; fd >= 0 && count < 100; fd = watch_of(fd)->next_suspect)
        count++;
    return count;
}

/* Once in a period; the period in which bytes arrived does not count. */
static void a_quiet_connection_is_asked_once(void **state)
{
    (void)state;
    int ends[3][2];
    struct probe probe;
    for (int i = 0; i < 3; i++) {
        make_adopted_pair(ends[i]);
        begin(&probe, DRIVER_RECV_LENT, ends[i][0]);
        put(ends[i][1], "abc");
        assert_int_equal(finish(&probe), 3);
        give_back(&probe);
    }
    assert_int_equal(suspects(), 3);
    uring_ask(inside());
    assert_int_equal(suspects(), 3);
    begin(&probe, DRIVER_RECV_LENT, ends[1][0]);
    put(ends[1][1], "def");
    assert_int_equal(finish(&probe), 3);
    give_back(&probe);
    uring_ask(inside());
    assert_int_equal(suspects(), 1);
    assert_int_equal(inside()->suspects, ends[1][0]);
    uring_ask(inside());
    assert_int_equal(suspects(), 0);
    put(ends[0][1], "ghi"); /* and once more after new bytes */
    await_stock(ends[0][0], 1);
    assert_int_equal(suspects(), 1);
    for (int i = 0; i < 3; i++)
        close_pair(ends[i]);
}

/* Those whose peer has ended get a new receive, however many they are; the others keep theirs. */
static void all_quiet_connections_are_asked(void **state)
{
    (void)state;
    enum { MANY = 2 * 64 + 3 };
    int ends[MANY][2];
    struct probe probe;
    for (int i = 0; i < MANY; i++) {
        make_adopted_pair(ends[i]);
        begin(&probe, DRIVER_RECV_LENT, ends[i][0]);
        put(ends[i][1], "abc");
        assert_int_equal(finish(&probe), 3);
        give_back(&probe);
    }
    uring_ask(inside());
    for (int i = 0; i < MANY; i += 2)
        shutdown(ends[i][1], SHUT_WR);
    uring_ask(inside());
    for (int i = 0; i < MANY; i++)
        assert_int_equal(watch_of(ends[i][0])->many == MANY_STANDS, i % 2);
    for (int i = 0; i < MANY; i++)
        close_pair(ends[i]);
}

static void one_request_receives_for_many(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    for (int i = 0; i < 5; i++) {
        begin(&probe, DRIVER_RECV_LENT, ends[0]);
        assert_int_equal(driver_wait(driver, 0), 0);
        assert_int_equal(driver->lent, 0); /* a waiting receive holds no buffer */
        put(ends[1], "hello");
        assert_int_equal(finish(&probe), 5);
        give_back(&probe);
        assert_int_equal(watch_of(ends[0])->many, MANY_STANDS);
        assert_int_equal(inside()->many, 1);
    }
    close_pair(ends);
}

static void early_bytes_are_given_to_the_next_receive(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(finish_cancelled(&probe), -ECANCELED);
    put(ends[1], "abcdef");
    await_stock(ends[0], 1);
    assert_true(begin_poll(&probe, ends[0], POLLIN)); /* the byte is available, though not in the kernel any more */
    prepare(&probe, DRIVER_RECV, ends[0]);
    probe.op.u.buffer.size = 2;
    probe.op.u.buffer.flags = MSG_PEEK;
    assert_true(driver_submit(driver, &probe.op));
    assert_memory_equal(probe.data, "ab", 2);
    probe.op.u.buffer.flags = 0;
    assert_true(driver_submit(driver, &probe.op));
    assert_memory_equal(probe.data, "ab", 2);
    char one[1], rest[8];
    struct iovec parts[] = {{one, 1}, {rest, sizeof rest}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    prepare(&probe, DRIVER_RECVMSG, ends[0]);
    probe.op.u.message.data = &message;
    probe.op.u.message.flags = 0;
    assert_true(driver_submit(driver, &probe.op));
    assert_int_equal(probe.op.result, 4);
    assert_true(one[0] == 'c' && memcmp(rest, "def", 3) == 0);
    close_pair(ends);
}

static void early_bytes_fill_the_parts_of_a_message_and_no_more(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    char parts[3][4] = {"---", "---", "---"};
    struct iovec vector[] = {{parts[0], 3}, {parts[1], 2}, {parts[2], 3}};
    struct msghdr message = {.msg_iov = vector, .msg_iovlen = 2, /* the third one belongs to another operation */
                             .msg_namelen = 7, .msg_controllen = 7, .msg_flags = 7};
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(finish_cancelled(&probe), -ECANCELED);
    put(ends[1], "abcdefg");
    await_stock(ends[0], 1);
    prepare(&probe, DRIVER_RECVMSG, ends[0]);
    probe.op.u.message.data = &message;
    probe.op.u.message.flags = 0;
    assert_true(driver_submit(driver, &probe.op));
    assert_int_equal(probe.op.result, 5);
    assert_string_equal(parts[0], "abc");
    assert_string_equal(parts[1], "de-");
    assert_string_equal(parts[2], "---");
    assert_true(message.msg_namelen == 0 && message.msg_controllen == 0 && message.msg_flags == 0);
    receive(&probe, ends[0], "fg");
    give_back(&probe);
    close_pair(ends);
}

static void a_poll_sees_what_a_multishot_took(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe, reader;
    make_adopted_pair(ends);
    begin(&reader, DRIVER_RECV_LENT, ends[0]);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(finish_cancelled(&reader), -ECANCELED);
    assert_false(begin_poll(&probe, ends[0], POLLIN));
    put(ends[1], "x");
    assert_int_equal(finish(&probe) & POLLIN, POLLIN);
    receive(&reader, ends[0], "x");
    give_back(&reader);
    close_pair(ends);
}

/* The kernel's poll reported that the peer ended its side, which was not asked for. Without the cancellation another
 * poll would follow. */
static void a_poll_is_cancelled_although_it_has_just_reported_another_event(void **state)
{
    (void)state;
    static const char filling[4096];
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    while (send(ends[0], filling, sizeof filling, MSG_DONTWAIT) > 0) {
    }
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    await_readable(ends[0]);
    assert_false(begin_poll(&probe, ends[0], POLLOUT));
    assert_true(io_uring_submit(&inside()->ring.io) > 0);
    assert_true(io_uring_cq_ready(&inside()->ring.io) > 0);
    assert_int_equal(finish_cancelled(&probe), -ECANCELED);
    close_pair(ends);
}

/* A receive into the caller's memory takes over, in order. */
static void a_receive_of_its_own_takes_over(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    wait_and_receive(&probe, ends, "one");
    begin(&probe, DRIVER_RECV, ends[0]);
    put(ends[1], "two");
    assert_int_equal(finish(&probe), 3);
    assert_memory_equal(probe.data, "two", 3);
    begin(&probe, DRIVER_RECV, ends[0]);
    put(ends[1], "six");
    assert_int_equal(finish(&probe), 3);
    assert_int_equal(watch_of(ends[0])->many, MANY_NONE);
    close_pair(ends);
}

/* Bytes that are not read remain in the kernel, where they slow the peer down. */
static void the_stock_is_small(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    char big[LENT_SIZE] = {0};
    size_t sent = 0, received = 0;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(finish_cancelled(&probe), -ECANCELED);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    for (ssize_t got; (got = send(ends[1], big, sizeof big, MSG_NOSIGNAL)) > 0;) {
        sent += (size_t)got;
        assert_int_equal(driver_wait(driver, 0), 0);
    }
    await_end_of_many(ends[0]);
    assert_true(watch_of(ends[0])->stocked < 64);
    while (received < sent) {
        received += (size_t)perform(&probe, DRIVER_RECV_LENT, ends[0]);
        give_back(&probe);
    }
    assert_int_equal(received, sent);
    close_pair(ends);
}

static void the_end_is_reported_after_the_last_bytes(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(finish_cancelled(&probe), -ECANCELED);
    put(ends[1], "last");
    shutdown(ends[1], SHUT_WR);
    await_end_of_many(ends[0]);
    receive(&probe, ends[0], "last");
    give_back(&probe);
    for (int i = 0; i < 3; i++)
        assert_int_equal(perform(&probe, DRIVER_RECV_LENT, ends[0]), 0);
    close_pair(ends);
}

/* An armed multishot request holds the socket: the peer must see the end nevertheless. */
static void a_closed_descriptor_is_let_go(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    struct probe probe;
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(finish_cancelled(&probe), -ECANCELED);
    driver_close_fd(driver, ends[0]);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(recv(ends[1], &byte, 1, 0), 0);
    close(ends[1]);
    while (inside()->many > 0)
        assert_int_equal(driver_wait(driver, driver_now(driver) + CLOCK_SECOND / 1000), 0);
}

/* ==== buffers ==== */

static void the_store_grows(void **state)
{
    (void)state;
    enum { PAIRS = 100 };
    int ends[PAIRS][2];
    struct probe *probes = calloc(PAIRS, sizeof *probes);
    open_again(usual);
    for (int i = 0; i < PAIRS; i++) {
        make_adopted_pair(ends[i]);
        put(ends[i][1], "held");
        receive(&probes[i], ends[i][0], "held");
        assert_true(probes[i].op.u.lent.id != 0);
    }
    assert_int_equal(driver->lent, PAIRS);
    assert_int_equal(inside()->buffers.count, 128);
    for (int i = 0; i < PAIRS; i++) {
        give_back(&probes[i]);
        close_pair(ends[i]);
    }
    free(probes);
}

/* An operation that holds buffers for ever does not keep others from receiving. */
static void without_a_shared_buffer_a_receive_brings_its_own(void **state)
{
    (void)state;
    int ends[6][2];
    struct probe probes[6];
    struct ring_limits limits = usual;
    limits.buffers = 2;
    open_again(limits);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 6; i++) {
            make_adopted_pair(ends[i]);
            put(ends[i][1], "held");
            receive(&probes[i], ends[i][0], "held");
            assert_int_equal(probes[i].op.u.lent.id != 0, i < 2);
        }
        for (int i = 0; i < 6; i++) {
            give_back(&probes[i]);
            close_pair(ends[i]);
        }
    }
}

static void without_memory_for_the_store_it_works(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_adopted_pair(ends);
    memory_fail_after(1);
    begin(&probe, DRIVER_RECV_LENT, ends[0]);
    memory_fail_after(0);
    put(ends[1], "x");
    assert_int_equal(finish(&probe), 1);
    assert_int_equal(probe.op.u.lent.id, 0);
    give_back(&probe);
    close_pair(ends);
}

/* ==== accepting ==== */

static int call_it(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof *address), 0);
    return fd;
}

static void one_request_accepts_many(void **state)
{
    (void)state;
    struct sockaddr_in address;
    struct probe probe;
    int callers[8], listener = make_listener(&address);
    driver_adopt(driver, listener);
    for (int i = 0; i < 8; i++)
        callers[i] = call_it(&address);
    for (int i = 0; i < 8; i++) {
        int64_t fd = perform(&probe, DRIVER_ACCEPT, listener);
        assert_true(fd >= 0);
        assert_int_equal(fcntl((int)fd, F_GETFD), FD_CLOEXEC);
        assert_true(fcntl((int)fd, F_GETFL) & O_NONBLOCK);
        close((int)fd);
        close(callers[i]);
    }
    driver_close_fd(driver, listener);
}

static void a_cancelled_accept_stops_accepting(void **state)
{
    (void)state;
    struct sockaddr_in address;
    struct probe probe;
    int listener = make_listener(&address);
    driver_adopt(driver, listener);
    begin(&probe, DRIVER_ACCEPT, listener);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(finish_cancelled(&probe), -ECANCELED);
    await_end_of_many(listener);
    int caller = call_it(&address);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(watch_of(listener)->stocked, 0); /* for another process that listens on it */
    int64_t fd = perform(&probe, DRIVER_ACCEPT, listener);
    assert_true(fd >= 0);
    close((int)fd);
    close(caller);
    driver_close_fd(driver, listener);
}

/* Accepted, but no operation wants it: the client sees the end of its connection. */
static void sockets_accepted_early_are_closed(void **state)
{
    (void)state;
    struct sockaddr_in address;
    struct probe probe;
    char byte;
    int callers[3], listener = make_listener(&address);
    driver_adopt(driver, listener);
    begin(&probe, DRIVER_ACCEPT, listener);
    assert_int_equal(driver_wait(driver, 0), 0);
    for (int i = 0; i < 3; i++)
        callers[i] = call_it(&address);
    int64_t fd = finish(&probe);
    assert_true(fd >= 0);
    await_stock(listener, 2);
    close((int)fd);
    driver_close_fd(driver, listener);
    assert_int_equal(driver_wait(driver, 0), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(recv(callers[i], &byte, 1, 0) <= 0);
        close(callers[i]);
    }
}

/* ==== sending without a copy ==== */

static size_t read_all(int fd, char *to, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t some = recv(fd, to + got, size - got, 0);
        assert_true(some > 0);
        got += (size_t)some;
    }
    return got;
}

static void begin_send(struct probe *probe, int fd, void *data, size_t size)
{
    prepare(probe, DRIVER_SEND, fd);
    probe->op.u.buffer.data = data;
    probe->op.u.buffer.size = size;
    assert_false(driver_submit(driver, &probe->op));
}

/* Twice: without a copy; and by a plain send, after the kernel has reported that it copies here anyway. */
static void large_sends_arrive_whole(void **state)
{
    (void)state;
    enum { SIZE = 20000 };
    int ends[2];
    struct probe probe;
    char *sent = malloc(SIZE), *got = malloc(SIZE);
    ring_limits.zero_copy = SIZE;
    make_adopted_pair(ends);
    for (int i = 0; i < 2; i++) {
        memset(sent, 'a' + i, SIZE);
        begin_send(&probe, ends[0], sent, SIZE);
        assert_int_equal(probe.op.state, i == 0 && watch_of(ends[0])->zero_copy == ZERO_COPY_TRIED ? URING_ZERO_COPY
                                                                                                  : URING_KERNEL);
        assert_int_equal(finish(&probe), SIZE);
        assert_int_equal(read_all(ends[1], got, SIZE), SIZE);
        assert_memory_equal(sent, got, SIZE);
        assert_int_equal(watch_of(ends[0])->zero_copy, ZERO_COPY_NEVER);
    }
    ring_limits = usual;
    close_pair(ends);
    free(sent);
    free(got);
}

/* The kernel uses the memory until the peer has taken the bytes, even if the operation is cancelled. */
static void a_large_send_is_cancelled(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    int ends[2];
    struct probe probe;
    int64_t received = 0;
    char *data = calloc(1, SIZE), *got = malloc(SIZE);
    ring_limits.zero_copy = 4096;
    make_adopted_pair(ends);
    begin_send(&probe, ends[0], data, SIZE);
    assert_int_equal(driver_wait(driver, 0), 0);
    driver_cancel(driver, &probe.op);
    for (ssize_t some; probe.completions == 0; received += some > 0 ? some : 0) {
        some = recv(ends[1], got, SIZE, MSG_DONTWAIT);
        assert_int_equal(driver_wait(driver, driver_now(driver) + CLOCK_SECOND / 1000), 0);
    }
    shutdown(ends[0], SHUT_WR);
    for (ssize_t some; (some = recv(ends[1], got, SIZE, 0)) > 0;)
        received += some;
    assert_int_equal(probe.op.result > 0 ? probe.op.result : 0, received);
    free(got);
    ring_limits = usual;
    close_pair(ends);
    free(data);
}

/* ==== full queues ==== */

/* Many connections through a ring with very little room. */
static void small_queues_lose_nothing(void **state)
{
    (void)state;
    enum { PAIRS = 40, ROUNDS = 5 };
    int ends[PAIRS][2];
    struct probe *probes = calloc(PAIRS, sizeof *probes);
    open_again((struct ring_limits){.entries = 2, .completions = 4, .buffers = 4});
    for (int i = 0; i < PAIRS; i++)
        make_adopted_pair(ends[i]);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < PAIRS; i++)
            submit(&probes[i], i % 2 ? DRIVER_RECV_LENT : DRIVER_RECV, ends[i][0]);
        for (int i = 0; i < PAIRS; i++)
            put(ends[i][1], "ball");
        for (int i = 0; i < PAIRS; i++) {
            assert_int_equal(finish(&probes[i]), 4);
            if (i % 2)
                give_back(&probes[i]);
        }
    }
    for (int i = 0; i < PAIRS; i++)
        begin(&probes[i], i % 2 ? DRIVER_RECV_LENT : DRIVER_RECV, ends[i][0]);
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(finish_cancelled(&probes[i]), -ECANCELED);
    for (int i = 0; i < PAIRS; i++)
        close_pair(ends[i]);
    free(probes);
}

/* The kernel takes nothing for a while, as when it has no memory: there is no room for more cancels in the ring, and
 * a later wait sends them. */
static void a_cancel_without_room_is_not_forgotten(void **state)
{
    (void)state;
    enum { PAIRS = 20 };
    int ends[PAIRS][2];
    struct probe *probes = calloc(PAIRS, sizeof *probes);
    open_again((struct ring_limits){.entries = 2, .completions = 4, .buffers = 4});
    for (int i = 0; i < PAIRS; i++) {
        make_adopted_pair(ends[i]);
        begin(&probes[i], i % 2 ? DRIVER_RECV_LENT : DRIVER_RECV, ends[i][0]);
    }
    int *of_kernel = &inside()->ring.io.enter_ring_fd, kept = *of_kernel;
    *of_kernel = -1;
    for (int i = 0; i < PAIRS; i++)
        driver_cancel(driver, &probes[i].op);
    *of_kernel = kept;
    assert_true(inside()->lost_cancel);
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(finish(&probes[i]), -ECANCELED);
    assert_false(inside()->lost_cancel);
    for (int i = 0; i < PAIRS; i++)
        close_pair(ends[i]);
    free(probes);
}

int main(void)
{
    const struct CMUnitTest rules[] = {
        RULE(an_end_that_the_kernel_has_lost_is_asked_for),
        RULE(a_quiet_connection_is_asked_once),
        RULE(all_quiet_connections_are_asked),
        RULE(it_gives_its_shared_pages_back),
        RULE(a_closed_number_is_as_new),
        RULE(the_poll_of_the_wake_up_is_armed_again),
        RULE(one_request_receives_for_many),
        RULE(early_bytes_are_given_to_the_next_receive),
        RULE(early_bytes_fill_the_parts_of_a_message_and_no_more),
        RULE(a_poll_sees_what_a_multishot_took),
        RULE(a_poll_is_cancelled_although_it_has_just_reported_another_event),
        RULE(a_receive_of_its_own_takes_over),
        RULE(the_stock_is_small),
        RULE(the_end_is_reported_after_the_last_bytes),
        RULE(a_closed_descriptor_is_let_go),
        RULE(the_store_grows),
        RULE(without_a_shared_buffer_a_receive_brings_its_own),
        RULE(without_memory_for_the_store_it_works),
        RULE(one_request_accepts_many),
        RULE(a_cancelled_accept_stops_accepting),
        RULE(sockets_accepted_early_are_closed),
        RULE(large_sends_arrive_whole),
        RULE(a_large_send_is_cancelled),
        RULE(small_queues_lose_nothing),
        RULE(a_cancel_without_room_is_not_forgotten),
    };
    const char *step;
    int error;
    usual = ring_limits;
    driver_close(driver_open("uring", NULL, &error));
    return driver_uring_refusal(&step) != 0 ? 0 : run_rules_with("uring", rules, sizeof rules / sizeof rules[0]);
}

#else

int main(void)
{
    return 0;
}

#endif
