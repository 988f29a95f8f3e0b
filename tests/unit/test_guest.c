/* SPDX-License-Identifier: MIT */
/* test_guest.c - rules of a loop inside another one: descriptor, deadline, step, wake. The host here is poll(2). */
#include <eddy.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run_clean.h"

static eddy_loop *open_loop(void)
{
    eddy_error err;
    eddy_loop *loop = eddy_loop_open(NULL, &err);
    assert_non_null(loop);
    return loop;
}

static bool is_simulation(const eddy_loop *loop)
{
    return strcmp(eddy_loop_driver(loop), "sim") == 0;
}

static int wait_as_host(eddy_loop *loop)
{
    double deadline = eddy_loop_deadline(loop);
    struct pollfd entry = {.fd = eddy_loop_descriptor(loop), .events = POLLIN};
    return poll(&entry, 1, isinf(deadline) ? -1 : (int)ceil(deadline * 1000));
}

static void a_host_may_keep_the_descriptor(void **state)
{
    (void)state;
    eddy_loop *loop = open_loop();
    int fd = eddy_loop_descriptor(loop);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy_loop_descriptor(loop), fd);
        assert_int_equal(eddy_loop_step(loop, 0), 0);
    }
    assert_int_equal(eddy_loop_close(loop), 0);
}

static bool is_readable(eddy_loop *loop)
{
    struct pollfd entry = {.fd = eddy_loop_descriptor(loop), .events = POLLIN};
    return poll(&entry, 1, 0) == 1;
}

static void drive_until(eddy_loop *loop, const int *done)
{
    while (!*done) {
        assert_true(wait_as_host(loop) >= 0);
        assert_int_equal(eddy_loop_step(loop, 0), 0);
    }
}

/* Steps until no task is ready. */
static void settle(eddy_loop *loop)
{
    while (eddy_loop_deadline(loop) == 0)
        assert_int_equal(eddy_loop_step(loop, 0), 0);
}

/* ---- tasks under a host ---- */

async(void, answers, (eddy_stream *, stream))
{
    char byte;
    while (await(eddy_stream_read(stream, &byte, 1)) == 1)
        await(eddy_stream_write(stream, &byte, 1));
    await(eddy_stream_close(stream));
}

async(void, asks, (eddy_stream *, stream))
{
    char byte;
    for (char i = 0; i < 20; i++) {
        await(eddy_stream_write(stream, &i, 1));
        CHECK(await(eddy_stream_read(stream, &byte, 1)) == 1 && byte == i);
        await(eddy_sleep(0.0005));
    }
    await(eddy_stream_close(stream));
}

blocking(int, takes_its_time, (int, x))
{
    usleep(1000);
    return 2 * x;
}

async(void, converses, (int *, done))
{
    eddy_stream *ends[2];
    await(eddy_stream_pair(ends));
    struct answers *other = spawn(answers(ends[0]));
    await(asks(ends[1]));
    await(other);
    CHECK(await(takes_its_time(4)) == 8);
    *done = 1;
}

static void start_conversation(void *done)
{
    eddy_detach(eddy_spawn(converses(done)));
}

static void tasks_run_under_a_host(void **state)
{
    (void)state;
    long blocks = memory_live_blocks();
    eddy_loop *loop = open_loop();
    int done = 0;
    assert_int_equal(eddy_call_soon_threadsafe(loop, start_conversation, &done), 0);
    drive_until(loop, &done);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(memory_live_blocks(), blocks);
}

/* ---- the descriptor ---- */

enum { PIPES = 100 };
static int arrived;

static void take(void *argument)
{
    char byte;
    int fd = *(int *)argument;
    assert_int_equal(read(fd, &byte, 1), 1);
    arrived++;
}

static int pipes[PIPES][2];

static void watch_pipes(void *unused)
{
    (void)unused;
    for (int i = 0; i < PIPES; i++)
        assert_int_equal(eddy_add_reader(pipes[i][0], take, &pipes[i][0]), 0);
}

static void forget_pipes(void *done)
{
    for (int i = 0; i < PIPES; i++)
        eddy_remove_reader(pipes[i][0]);
    *(int *)done = 1;
}

/* More than a driver takes in one look. */
static void it_is_readable_until_steps_have_taken_all(void **state)
{
    (void)state;
    eddy_loop *loop = open_loop();
    int done = 0;
    for (int i = 0; i < PIPES; i++)
        assert_int_equal(pipe(pipes[i]), 0);
    eddy_call_soon_threadsafe(loop, watch_pipes, NULL);
    settle(loop);
    assert_false(is_readable(loop));
    assert_true(isinf(eddy_loop_deadline(loop)));
    for (int i = 0; i < PIPES; i++)
        assert_int_equal(write(pipes[i][1], "x", 1), 1);
    arrived = 0;
    while (arrived < PIPES) {
        assert_true(eddy_loop_deadline(loop) == 0 || is_readable(loop));
        assert_int_equal(eddy_loop_step(loop, 0), 0);
    }
    eddy_call_soon_threadsafe(loop, forget_pipes, &done);
    drive_until(loop, &done);
    assert_int_equal(eddy_loop_close(loop), 0);
    for (int i = 0; i < PIPES; i++)
        close(pipes[i][0]), close(pipes[i][1]);
}

static void *wake_later(void *loop)
{
    usleep(2000);
    assert_int_equal(eddy_loop_wake(loop), 0);
    return NULL;
}

static void a_wake_makes_it_readable(void **state)
{
    (void)state;
    pthread_t thread;
    eddy_loop *loop = open_loop();
    settle(loop);
    for (int i = 0; i < 3; i++) {
        assert_false(is_readable(loop));
        pthread_create(&thread, NULL, wake_later, loop);
        assert_int_equal(wait_as_host(loop), 1);
        pthread_join(thread, NULL);
        assert_int_equal(eddy_loop_step(loop, 0), 0);
        settle(loop);
    }
    pthread_create(&thread, NULL, wake_later, loop);
    assert_int_equal(eddy_loop_step(loop, (double)INFINITY), 0);
    pthread_join(thread, NULL);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_loop_wake(loop), EDDY_NO_LOOP);
    assert_true(eddy_loop_descriptor(loop) < 0);
}

/* ---- time ---- */

static void note_time(void *when)
{
    *(double *)when = eddy_time();
}

static void set_timer(void *when)
{
    eddy_call_later(3600, note_time, when);
}

static void check_the_first_timer(eddy_loop *loop)
{
    double fired = 0;
    settle(loop);
    assert_true(isinf(eddy_loop_deadline(loop)));
    eddy_call_soon_threadsafe(loop, set_timer, &fired);
    assert_true(eddy_loop_deadline(loop) == 0);
    assert_int_equal(eddy_loop_step(loop, 0), 0);
    if (is_simulation(loop)) { /* a step moves the clock, and the descriptor is readable for it */
        while (fired == 0) {
            assert_true(is_readable(loop));
            assert_true(eddy_loop_deadline(loop) == 0);
            assert_int_equal(eddy_loop_step(loop, 0), 0);
        }
        assert_false(is_readable(loop));
    } else {
        settle(loop);
        double deadline = eddy_loop_deadline(loop);
        assert_true(deadline > 3000 && deadline <= 3600);
        assert_false(is_readable(loop));
    }
    assert_int_equal(eddy_loop_step(loop, (double)NAN), EINVAL);
    assert_int_equal(eddy_loop_close(loop), 0);
}

static void the_deadline_is_the_first_timer(void **state)
{
    (void)state;
    check_the_first_timer(open_loop());
}

/* A daemon has closed its standard input: the next descriptor that is opened is 0. */
static void descriptor_0_is_one_like_others(void **state)
{
    (void)state;
    int input = dup(STDIN_FILENO);
    eddy_loop *loop = open_loop();
    close(STDIN_FILENO);
    check_the_first_timer(loop);
    loop = open_loop();
    check_the_first_timer(loop);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
    if (input >= 0) {
        dup2(input, STDIN_FILENO);
        close(input);
    }
}

/* ---- one pass a step ---- */

static int passes;

async(void, hands_over)
{
    for (;;) {
        passes++;
        await(eddy_sleep(0));
    }
}

static void start_two(void *unused)
{
    (void)unused;
    eddy_detach(eddy_spawn(hands_over()));
    eddy_detach(eddy_spawn(hands_over()));
}

static void a_step_ends_although_tasks_hand_over_to_each_other(void **state)
{
    (void)state;
    eddy_loop *loop = open_loop();
    eddy_call_soon_threadsafe(loop, start_two, NULL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(eddy_loop_step(loop, 0), 0);
    assert_true(passes >= 10 && passes <= 20);
    assert_true(eddy_loop_deadline(loop) == 0);
    assert_int_equal(eddy_loop_close(loop), 0);
}

/* ---- hooks ---- */

static int waits_begun, waits_ended;

static void count_begin(void *argument)
{
    assert_ptr_equal(argument, &waits_begun);
    assert_int_equal(waits_begun++, waits_ended);
}

static void count_end(void *argument)
{
    (void)argument;
    assert_int_equal(++waits_ended, waits_begun);
}

async(void, sleeps)
{
    await(eddy_sleep(0.001));
}

static void hooks_are_called_around_what_may_sleep(void **state)
{
    (void)state;
    eddy_error err;
    eddy_loop *loop = eddy_loop_open(&(eddy_loop_options){.size = sizeof(eddy_loop_options),
                                                          .before_wait = count_begin,
                                                          .after_wait = count_end,
                                                          .wait_argument = &waits_begun},
                                     &err);
    eddy_loop_run(loop, sleeps(), &err);
    assert_true(waits_begun > 0 && waits_begun == waits_ended);
    assert_int_equal(eddy_loop_close(loop), 0);
}

/* ---- code of the host's between the steps ---- */

static int ticks;

static void tick(void *argument)
{
    (void)argument;
    ticks++;
}

static void a_host_that_has_entered_starts_calls(void **state)
{
    (void)state;
    eddy_loop *loop = open_loop();
    ticks = 0;
    assert_int_equal(eddy_loop_enter(loop), 0);
    assert_ptr_equal(eddy_current_loop(), loop);
    assert_non_null(eddy_call_soon(tick, NULL));
    assert_int_equal(eddy_loop_step(loop, 0), 0);
    assert_int_equal(ticks, 1);
    assert_int_equal(eddy_loop_leave(loop), 0);
    assert_null(eddy_current_loop());
    assert_int_equal(eddy_loop_leave(loop), EDDY_INVALID_STATE);
    assert_int_equal(eddy_loop_close(loop), 0);
}

/* The one loop of a thread is left before another one is entered. */
static void a_host_enters_one_loop_at_a_time(void **state)
{
    (void)state;
    eddy_loop *one = open_loop(), *other = open_loop();
    assert_int_equal(eddy_loop_enter(one), 0);
    assert_int_equal(eddy_loop_enter(other), EDDY_LOOP_RUNNING);
    assert_int_equal(eddy_loop_leave(other), EDDY_INVALID_STATE);
    assert_int_equal(eddy_loop_leave(one), 0);
    assert_int_equal(eddy_loop_enter(other), 0);
    assert_int_equal(eddy_loop_leave(other), 0);
    assert_int_equal(eddy_loop_close(other), 0);
    assert_int_equal(eddy_loop_close(one), 0);
}

static eddy_loop *of_this_step;

static void try_inside(void *code)
{
    ((int *)code)[0] = eddy_loop_step(of_this_step, 0);
    ((int *)code)[1] = eddy_loop_leave(of_this_step);
}

static void a_step_inside_of_a_step_is_refused(void **state)
{
    (void)state;
    int code[2] = {0, 0};
    of_this_step = open_loop();
    assert_int_equal(eddy_loop_enter(of_this_step), 0);
    assert_non_null(eddy_call_soon(try_inside, code));
    assert_int_equal(eddy_loop_step(of_this_step, 0), 0);
    assert_int_equal(code[0], EDDY_LOOP_RUNNING);
    assert_int_equal(code[1], EDDY_INVALID_STATE);
    assert_int_equal(eddy_loop_leave(of_this_step), 0);
    assert_int_equal(eddy_loop_close(of_this_step), 0);
}

/* A virtual clock moves by steps that may wait, and by nothing else. */
static void time_passes_when_the_host_lets_it(void **state)
{
    (void)state;
    eddy_loop *loop = open_loop();
    ticks = 0;
    assert_int_equal(eddy_loop_enter(loop), 0);
    double before = eddy_time();
    assert_non_null(eddy_call_later(60, tick, NULL));
    assert_int_equal(eddy_loop_step(loop, 0), 0);
    assert_true(eddy_time() < before + 60);
    if (is_simulation(loop)) {
        assert_true(eddy_time() == before);
        assert_int_equal(eddy_loop_step(loop, INFINITY), 0);
        assert_true(eddy_time() >= before + 60);
    }
    assert_int_equal(ticks, is_simulation(loop));
    assert_int_equal(eddy_loop_leave(loop), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
}

/* As Python's sockets: one is watched while it connects, and a transport takes it over. */
static void nothing(struct eddy_operation *op)
{
    (void)op;
    ticks++;
}

static void a_descriptor_that_was_watched_may_be_adopted(void **state)
{
    (void)state;
    int pair[2];
    struct eddy_operation op = {.complete = nothing};
    eddy_loop *loop = open_loop();
    ticks = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(eddy_loop_enter(loop), 0);
    assert_int_equal(eddy_add_writer(pair[0], tick, NULL), 0);
    while (ticks == 0)
        assert_int_equal(eddy_loop_step(loop, INFINITY), 0);
    assert_true(eddy_remove_writer(pair[0]));
    while (eddy_adopt(pair[0]) == EBUSY)
        assert_int_equal(eddy_loop_step(loop, 0), 0);
    ticks = 0;
    assert_int_equal(eddy_operation_recv_lent(&op, pair[0]), 0);
    assert_int_equal(eddy_loop_step(loop, 0), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    while (ticks == 0)
        assert_int_equal(eddy_loop_step(loop, INFINITY), 0);
    assert_int_equal(op.result, 1);
    eddy_operation_give_back(&op);
    assert_int_equal(eddy_release(pair[0]), 0);
    assert_int_equal(eddy_loop_leave(loop), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_may_keep_the_descriptor),
        cmocka_unit_test(tasks_run_under_a_host),
        cmocka_unit_test(it_is_readable_until_steps_have_taken_all),
        cmocka_unit_test(a_wake_makes_it_readable),
        cmocka_unit_test(the_deadline_is_the_first_timer),
        cmocka_unit_test(descriptor_0_is_one_like_others),
        cmocka_unit_test(a_step_ends_although_tasks_hand_over_to_each_other),
        cmocka_unit_test(hooks_are_called_around_what_may_sleep),
        cmocka_unit_test(a_host_that_has_entered_starts_calls),
        cmocka_unit_test(a_host_enters_one_loop_at_a_time),
        cmocka_unit_test(a_step_inside_of_a_step_is_refused),
        cmocka_unit_test(time_passes_when_the_host_lets_it),
        cmocka_unit_test(a_descriptor_that_was_watched_may_be_adopted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
