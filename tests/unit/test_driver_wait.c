/* SPDX-License-Identifier: MIT */
/* test_driver_wait.c - rules of src/os/driver.h: cancelling, completions that change the world,
 * waiting, faults, and virtual time. */
#define _GNU_SOURCE
#include "driver_rules.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

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
                         -ECANCELED); /* without a timeout: it must not sleep */
        assert_true(probe.op.cancelled);
        driver_wait(driver, 0);
        assert_int_equal(probe.completions, 1);
    }
    put(ends[1], "kept"); /* the bytes that the cancelled operations did not take are left for the next one */
    await_readable(ends[0]);
    struct probe probe;
    if (!submit(&probe, DRIVER_RECV, ends[0]))
        finish(&probe);
    assert_int_equal(probe.op.result, 4);
    close_pair(ends);
    driver_close_fd(driver, listener);
}

/* The request to cancel may come too late, and then the operation has its byte; in both cases nothing is lost or out
 * of order. */
static void cancelling_one_leaves_the_others(void **state)
{
    (void)state;
    for (int gone = 0; gone < 3; gone++) {
        int ends[2];
        struct probe probes[3], rest;
        char next = '1';
        make_adopted_pair(ends);
        for (int i = 0; i < 3; i++)
            begin_receive(&probes[i], ends[0], 1);
        driver_cancel(driver, &probes[gone].op);
        driver_cancel(driver, &probes[gone].op); /* twice is once */
        put(ends[1], "123");
        for (int i = 0; i < 3; i++) {
            int64_t result = finish(&probes[i]);
            assert_true(result == 1 || (i == gone && result == -ECANCELED));
            if (result == 1)
                assert_int_equal(probes[i].data[0], next++);
        }
        if (next == '3') {
            assert_int_equal(perform(&rest, DRIVER_RECV, ends[0]), 1);
            assert_int_equal(rest.data[0], '3');
        }
        close_pair(ends);
    }
}

static void cancel_other(struct probe *probe)
{
    driver_cancel(driver, &probe->other->op);
    assert_int_equal(probe->other->completions, 0);
}

/* Results from before the request reached the operation are delivered unchanged. */
static void cancelling_an_ended_operation_changes_nothing(void **state)
{
    (void)state;
    int ends[2];
    struct probe first, second;
    make_adopted_pair(ends);
    begin_receive(&first, ends[0], 1);
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
static struct probe senders[2]; /* one for each of the two sides */

static void receive_again(struct probe *sender)
{
    struct probe *probe = sender->other;
    void (*then)(struct probe *) = probe->then;
    struct probe *other = probe->other;
    begin(probe, DRIVER_RECV, probe->op.fd);
    probe->then = then;
    probe->other = other;
}

static void send_back(struct probe *probe)
{
    if (probe->op.result <= 0 || --rounds == 0)
        return;
    struct probe *sender = probe->other;
    prepare(sender, DRIVER_SEND, probe->op.fd);
    memcpy(sender->data, probe->data, (size_t)probe->op.result);
    sender->op.u.buffer.size = (size_t)probe->op.result;
    sender->other = probe;
    sender->then = receive_again;
    if (driver_submit(driver, &sender->op))
        receive_again(sender);
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
    left.other = &senders[0];
    right.other = &senders[1];
    put(ends[0], "ball");
    while (rounds > 0 || driver->in_flight > 1)
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

static const struct epoll_watch *epoll_watch_of(int fd)
{
    return fd_table_find(&((struct epoll *)driver)->watches, fd, sizeof(struct epoll_watch));
}

/* Another holder of the old description (a child after fork) keeps it registered in epoll. */
static void a_duplicate_of_a_closed_descriptor_gets_no_events(void **state)
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
    if (strcmp(driver_name, "uring") != 0)
        assert_false(epoll_watch_of(number)->never_drained); /* not its end */
    put(fresh[1], "real");
    assert_int_equal(finish(&probe), 4);
    close_pair(fresh);
    close(duplicate);
    close(ends[1]);
}

/* ==== polls that are submitted again ==== */

static int changes; /* calls of epoll_ctl */

/* In place of libc's. */
int epoll_ctl(int epoll, int request, int fd, struct epoll_event *event)
{
    changes++;
    return (int)syscall(SYS_epoll_ctl, epoll, request, fd, event);
}

static void watch_once(struct probe *probe, int fd, bool again)
{
    prepare(probe, DRIVER_POLL, fd);
    probe->op.u.poll.events = POLLIN;
    probe->op.u.poll.watches = true;
    probe->op.u.poll.again = again;
    probe->completions = driver_submit(driver, &probe->op);
}

/* The first submission and the first of those `again` register the descriptor. */
static void a_poll_again_registers_nothing(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    char byte;
    make_pair(ends);
    changes = 0;
    for (int i = 0; i < 10; i++) {
        watch_once(&probe, ends[0], i > 0);
        assert_int_equal(driver_wait(driver, 0), 0);
        assert_int_equal(probe.completions, 0); /* the byte was taken */
        put(ends[1], "x");
        assert_int_equal(finish(&probe), POLLIN);
        assert_int_equal(read(ends[0], &byte, 1), 1);
    }
    assert_true(changes <= 2);
    driver_end_polls(driver, ends[0]);
    close_pair(ends);
}

static bool would_wake(void)
{
    struct pollfd entry = {.fd = driver_descriptor(driver), .events = POLLIN};
    return poll(&entry, 1, 0) != 0;
}

/* Another process may have the open file of a descriptor that was closed: epoll would report it for ever. */
static void polls_that_have_ended_report_nothing(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        make_pair(ends);
        int duplicate = dup(ends[0]);
        put(ends[1], "x");
        for (int i = 0; i < 3; i++) {
            watch_once(&probe, ends[0], i > 0);
            if (i < 2 || !cancelled)
                assert_int_equal(finish(&probe), POLLIN);
        }
        if (cancelled)
            driver_cancel(driver, &probe.op);
        driver_end_polls(driver, ends[0]);
        if (cancelled)
            finish(&probe);
        close(ends[0]); /* without telling the driver */
        driver_wait(driver, 0);
        assert_false(strcmp(driver_name, "epoll") == 0 && would_wake());
        close(duplicate);
        close(ends[1]);
    }
}

/* What was ready is not read at once: epoll is told to be silent until the poll is submitted again. */
static void a_poll_that_rests_does_not_keep_the_driver_awake(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    make_pair(ends);
    put(ends[1], "x");
    for (int i = 0; i < 3; i++) {
        watch_once(&probe, ends[0], i > 0);
        assert_int_equal(finish(&probe), POLLIN);
    }
    driver_wait(driver, 0);
    assert_false(strcmp(driver_name, "epoll") == 0 && would_wake());
    watch_once(&probe, ends[0], true);
    assert_int_equal(finish(&probe), POLLIN);
    driver_end_polls(driver, ends[0]);
    close_pair(ends);
}

/* Another operation of the same descriptor takes part, and goes. */
static void a_poll_again_beside_others(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe, reader;
    make_pair(ends);
    for (int i = 0; i < 6; i++) {
        watch_once(&probe, ends[0], i > 0);
        if (i % 2) {
            begin_receive(&reader, ends[0], 1);
            put(ends[1], "x");
            assert_int_equal(finish(&reader), 1);
        }
        put(ends[1], "y");
        assert_true(probe.completions == 1 || finish(&probe) == POLLIN);
        perform(&reader, DRIVER_RECV, ends[0]);
    }
    driver_end_polls(driver, ends[0]);
    close_pair(ends);
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
        close(ends[0]); /* without telling the driver */
        close(ends[1]);
    }
}

/* From then on the descriptor belongs to another owner, who may close it and get its number again without telling
 * the driver. */
static void a_released_descriptor_is_a_stranger(void **state)
{
    (void)state;
    int ends[2];
    for (int i = 0; i < 3; i++) {
        struct probe probe;
        make_pair(ends);
        int number = ends[0];
        if (i == 0)
            driver_adopt(driver, number);
        begin(&probe, DRIVER_RECV_LENT, number);
        put(ends[1], "x");
        assert_int_equal(finish(&probe), 1);
        driver_give_back(driver, probe.op.u.lent.data, probe.op.u.lent.id);
        if (i == 0)
            driver_release(driver, number);
        close(number);
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
    bool has_coarse = strcmp(driver_name, "uring") != 0;
    for (int coarse = has_coarse ? ((struct epoll *)driver)->coarse : 1; coarse < 2; coarse++) {
        if (has_coarse)
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
    assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0); /* woken before the wait began */
    for (int i = 0; i < 20; i++) {
        thread_may_wake = false;
        assert_int_equal(pthread_create(&thread, NULL, wake_later, NULL), 0);
        __atomic_store_n(&thread_may_wake, true, __ATOMIC_SEQ_CST);
        assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0);
        pthread_join(thread, NULL);
    }
}

/* No announcement is lost: each wake is followed by a wait that sees the announced work. */
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
            bool at_once = submit(&probe, DRIVER_SEND, ends[0]);
            assert_true(at_once || i != n);
            assert_true(is_prompt(&probe, at_once));
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
    int high = fcntl(ends[0], F_DUPFD_CLOEXEC, 200); /* beyond every descriptor table */
    memory_fail_after(1);
    assert_true(submit(&probe, DRIVER_RECV, high));
    assert_int_equal(probe.op.result, -ENOMEM);
    memory_fail_after(1);
    driver_adopt(driver, high); /* cannot be recorded: it works nevertheless */
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
    const char *step;
    assert_string_equal(other->type->name, driver_uring_refusal(&step) == 0 ? "uring" : "epoll");
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

static void ready_operations_come_before_time_advances(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    int64_t start = driver_now(driver);
    make_adopted_pair(ends);
    begin(&probe, DRIVER_RECV, ends[0]); /* its registration causes an event of its own: writable */
    int64_t before = clock_monotonic();
    assert_int_equal(driver_wait(driver, start + 5 * CLOCK_SECOND), 0);
    assert_true(clock_monotonic() - before >= CLOCK_SECOND / 1000); /* the kernel had its chance to report events */
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

/* Another seed in the place of a wrong one would be another run. */
static void a_wrong_seed_is_refused(void **state)
{
    (void)state;
    int error;
    const char *const wrong[] = {"12x", "-1", "x", "99999999999999999999", " 1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        setenv("EDDY_SEED", wrong[i], 1);
        assert_null(driver_open("sim", NULL, &error));
        assert_int_equal(error, EINVAL);
    }
    unsetenv("EDDY_SEED");
}

int main(void)
{
    const struct CMUnitTest rules[] = {
        RULE(a_cancelled_operation_completes_in_the_next_wait),
        RULE(cancelling_one_leaves_the_others),
        RULE(cancelling_an_ended_operation_changes_nothing),
        RULE(a_completion_may_cancel_another),
        RULE(cancelling_a_connect_frees_the_socket),
        RULE(a_completion_may_submit_itself_again),
        RULE(events_of_a_closed_descriptor_do_not_reach_its_successor),
        RULE(a_duplicate_of_a_closed_descriptor_gets_no_events),
        RULE(a_poll_again_registers_nothing),
        RULE(polls_that_have_ended_report_nothing),
        RULE(a_poll_that_rests_does_not_keep_the_driver_awake),
        RULE(a_poll_again_beside_others),
        RULE(a_stranger_may_be_closed_and_its_number_reused),
        RULE(a_released_descriptor_is_a_stranger),
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
    const struct CMUnitTest rules_of_virtual_time[] = {
        RULE(an_hour_passes_at_once),
        RULE(time_never_goes_back_and_starts_alike),
        RULE(ready_operations_come_before_time_advances),
        RULE(a_wake_stops_the_clock),
        RULE(the_seed_is_from_options_or_environment),
        RULE(a_wrong_seed_is_refused),
    };
    return run_rules(rules) +
           run_rules_with("sim", rules_of_virtual_time,
                          sizeof rules_of_virtual_time / sizeof rules_of_virtual_time[0]);
}
