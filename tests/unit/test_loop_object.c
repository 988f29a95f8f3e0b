/* SPDX-License-Identifier: MIT */
/* test_loop_object.c - rules of eddy_loop_open, run, run_forever, stop, close: a loop that runs several times. */
#define _GNU_SOURCE
#include <eddy.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"
#include "run_clean.h"

static eddy_loop *open_loop(void)
{
    eddy_error err;
    eddy_loop *loop = eddy_loop_open(NULL, &err);
    assert_non_null(loop);
    assert_int_equal(err.code, 0);
    return loop;
}

static void close_loop(eddy_loop *loop)
{
    assert_int_equal(eddy_loop_close(loop), 0);
}

/* ---- runs ---- */

async(int, twice, (int, x))
{
    await(eddy_sleep(0.001));
    return 2 * x;
}

struct wide {
    long first, second;
};

async(struct wide, gives_wide)
{
    return (struct wide){3, 4};
}

async(void, does_nothing)
{
}

static void results_are_typed_in_several_runs(void **state)
{
    (void)state;
    long blocks = memory_live_blocks();
    int descriptors = open_descriptors();
    eddy_loop *loop = open_loop();
    eddy_error err;
    assert_int_equal(eddy_loop_run(loop, twice(21), &err), 42);
    assert_int_equal(err.code, 0);
    assert_int_equal(eddy_loop_run(loop, gives_wide(), &err).second, 4);
    eddy_loop_run(loop, does_nothing(), &err);
    assert_null(eddy_current_loop());
    close_loop(loop);
    assert_int_equal(memory_live_blocks(), blocks);
    assert_int_equal(open_descriptors(), descriptors);
}

async(int, fails)
{
    throw(EDDY_INVALID_STATE, "as it must");
    return 7;
}

static void a_failure_is_that_of_its_run_alone(void **state)
{
    (void)state;
    eddy_loop *loop = open_loop();
    eddy_error err;
    assert_int_equal(eddy_loop_run(loop, fails(), &err), 0);
    assert_int_equal(err.code, EDDY_INVALID_STATE);
    eddy_error_free(&err);
    assert_int_equal(eddy_loop_run(loop, twice(1), &err), 2);
    assert_int_equal(err.code, 0);
    close_loop(loop);
}

static void without_an_error_variable_a_failure_is_printed(void **state)
{
    (void)state;
    eddy_loop *loop = eddy_loop_open(LOGGING(.thread_limit = 1), NULL);
    assert_int_equal(eddy_loop_run(loop, fails(), NULL), 0);
    assert_non_null(strstr(logged, "as it must"));
    close_loop(loop);
}

static void options_that_are_wrong_are_an_error(void **state)
{
    (void)state;
    eddy_error err;
    eddy_loop_options options = {.size = sizeof options, .driver = "no such driver"};
    assert_null(eddy_loop_open(&options, &err));
    assert_int_equal(err.code, EINVAL);
    eddy_error_free(&err);
    options.size = sizeof options + 1;
    assert_null(eddy_loop_open(&options, &err));
    assert_int_equal(err.code, EINVAL);
    eddy_error_free(&err);
}

/* ---- what lasts ---- */

static int turns;

async(void, turns_for_ever)
{
    for (;;) {
        await(eddy_sleep(0.001));
        turns++;
    }
}

async(void, leaves_one_behind)
{
    eddy_detach(spawn(turns_for_ever()));
}

async(void, waits_for_turns, (int, count))
{
    while (turns < count)
        await(eddy_sleep(0.001));
}

static void tasks_go_on_in_the_next_run_and_end_with_the_loop(void **state)
{
    (void)state;
    long blocks = memory_live_blocks(), stacks = stack_live();
    eddy_loop *loop = open_loop();
    eddy_error err;
    turns = 0;
    eddy_loop_run(loop, leaves_one_behind(), &err);
    usleep(5000);
    assert_int_equal(turns, 0);
    eddy_loop_run(loop, waits_for_turns(3), &err);
    assert_true(turns >= 3);
    close_loop(loop);
    assert_int_equal(memory_live_blocks(), blocks);
    assert_int_equal(stack_live(), stacks);
}

static const eddy_context_var variable = {.default_value = NULL};
static int one, two;

async(void *, exchanges, (void *, value))
{
    void *before = eddy_context_get(&variable);
    eddy_context_set(&variable, value);
    return before;
}

static void variables_last_from_run_to_run(void **state)
{
    (void)state;
    eddy_error err;
    eddy_loop *loop = open_loop();
    assert_null(eddy_loop_run(loop, exchanges(&one), &err));
    assert_ptr_equal(eddy_loop_run(loop, exchanges(&two), &err), &one);
    assert_ptr_equal(eddy_loop_run(loop, exchanges(NULL), &err), &two);
    assert_null(eddy_context_get(&variable));
    close_loop(loop);
}

static int calls;

static void count_call(void *argument)
{
    (void)argument;
    calls++;
}

static void posted_calls_are_made_in_the_next_run_or_at_the_end(void **state)
{
    (void)state;
    eddy_error err;
    eddy_loop *loop = open_loop();
    calls = 0;
    assert_int_equal(eddy_call_soon_threadsafe(loop, count_call, NULL), 0);
    assert_int_equal(calls, 0);
    eddy_loop_run(loop, twice(1), &err);
    assert_int_equal(calls, 1);
    assert_int_equal(eddy_call_soon_threadsafe(loop, count_call, NULL), 0);
    close_loop(loop);
    assert_int_equal(calls, 2);
    assert_int_equal(eddy_call_soon_threadsafe(loop, count_call, NULL), EDDY_NO_LOOP);
}

/* ---- for ever ---- */

static void stop(void *loop)
{
    assert_int_equal(eddy_loop_stop(loop), 0);
}

static void *stop_from_a_thread(void *loop)
{
    usleep(2000);
    stop(loop);
    return NULL;
}

static void a_loop_runs_until_it_is_stopped(void **state)
{
    (void)state;
    eddy_loop *loop = open_loop();
    pthread_t thread;
    calls = 0;
    eddy_call_soon_threadsafe(loop, stop, loop);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    assert_int_equal(eddy_loop_stop(loop), 0); /* stopped before it runs: one pass */
    eddy_call_soon_threadsafe(loop, count_call, NULL);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    pthread_create(&thread, NULL, stop_from_a_thread, loop);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    pthread_join(thread, NULL);
    assert_int_equal(calls, 1);
    close_loop(loop);
    assert_int_equal(eddy_loop_stop(loop), EDDY_NO_LOOP);
}

async(void, hands_over_for_ever)
{
    for (;;)
        await(eddy_sleep(0));
}

async(void, leaves_two_that_hand_over)
{
    eddy_detach(spawn(hands_over_for_ever()));
    eddy_detach(spawn(hands_over_for_ever()));
}

static void tasks_that_only_hand_over_do_not_keep_a_loop_from_its_stop(void **state)
{
    (void)state;
    eddy_error err;
    eddy_loop *loop = open_loop();
    eddy_loop_run(loop, leaves_two_that_hand_over(), &err);
    eddy_call_soon_threadsafe(loop, stop, loop);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    close_loop(loop);
}

static void interrupt(void *unused)
{
    (void)unused;
    raise(SIGINT);
}

static void an_interrupt_ends_it_with_eintr(void **state)
{
    (void)state;
    eddy_loop *loop = open_loop();
    for (int i = 0; i < 2; i++) {
        eddy_call_soon_threadsafe(loop, interrupt, NULL);
        assert_int_equal(eddy_loop_run_forever(loop), EINTR);
    }
    close_loop(loop);
}

static int disturbed;

async(void, sleeps_long)
{
    eddy_error err;
    await_always(eddy_sleep(3600), &err);
    disturbed++;
}

/* Its memory is likely to be that of the main task that has ended. */
static void spawn_and_interrupt(void *unused)
{
    eddy_detach(spawn(sleeps_long()));
    interrupt(unused);
}

async(void, gives_way_twice)
{
    await(eddy_sleep(0));
    await(eddy_sleep(0));
}

static void an_interrupt_does_not_concern_tasks_that_a_main_task_has_left(void **state)
{
    (void)state;
    eddy_error err;
    eddy_loop *loop = open_loop();
    disturbed = 0;
    eddy_loop_run(loop, gives_way_twice(), &err);
    eddy_call_soon_threadsafe(loop, spawn_and_interrupt, NULL);
    assert_int_equal(eddy_loop_run_forever(loop), EINTR);
    eddy_loop_run(loop, gives_way_twice(), &err);
    assert_int_equal(disturbed, 0);
    close_loop(loop);
    assert_int_equal(disturbed, 1);
}

/* ---- refusals ---- */

async(void, tries_to_run, (eddy_loop *, other))
{
    eddy_error err;
    eddy_loop *own = eddy_current_loop();
    eddy_loop_run(own, does_nothing(), &err);
    CHECK(err.code == EDDY_LOOP_RUNNING);
    eddy_error_free(&err);
    eddy_loop_run(other, does_nothing(), &err);
    CHECK(err.code == EDDY_LOOP_RUNNING);
    eddy_error_free(&err);
    CHECK(eddy_loop_run_forever(own) == EDDY_LOOP_RUNNING);
    CHECK(eddy_loop_step(own, 0) == EDDY_LOOP_RUNNING);
    CHECK(eddy_loop_step(other, 0) == EDDY_LOOP_RUNNING);
    CHECK(eddy_loop_close(own) == EDDY_LOOP_RUNNING);
}

static void a_running_loop_refuses_to_be_run(void **state)
{
    (void)state;
    eddy_error err;
    eddy_loop *loop = eddy_loop_open(LOGGING(.thread_limit = 1), &err), *other = open_loop();
    eddy_loop_run(loop, tries_to_run(other), &err);
    assert_int_equal(err.code, 0);
    close_loop(loop);
    close_loop(other);
}

static void a_closed_loop_is_an_error(void **state)
{
    (void)state;
    eddy_error err;
    eddy_loop *loop = open_loop();
    close_loop(loop);
    assert_int_equal(eddy_loop_close(loop), EDDY_NO_LOOP);
    assert_int_equal(eddy_loop_close(NULL), 0);
    eddy_loop_run(loop, does_nothing(), &err);
    assert_int_equal(err.code, EDDY_NO_LOOP);
    eddy_error_free(&err);
}

/* ---- threads ---- */

struct visit {
    eddy_loop *loop;
    int code; /* of its error */
    bool says_why;
    int result;
};

static void *run_on_a_thread(void *argument)
{
    struct visit *visit = argument;
    eddy_error err;
    visit->result = eddy_loop_run(visit->loop, twice(4), &err);
    visit->code = err.code;
    visit->says_why = strstr(err.message, "another thread") != NULL;
    eddy_error_free(&err);
    return NULL;
}

static void visit_from_a_thread(struct visit *visit)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_on_a_thread, visit), 0);
    pthread_join(thread, NULL);
}

static void a_loop_without_tasks_runs_on_one_thread_after_another(void **state)
{
    (void)state;
    struct visit visit = {.loop = open_loop()};
    eddy_error err;
    for (int i = 0; i < 3; i++) {
        visit_from_a_thread(&visit);
        assert_int_equal(visit.code, 0);
        assert_int_equal(visit.result, 8);
        assert_int_equal(eddy_loop_run(visit.loop, twice(i), &err), 2 * i);
    }
    close_loop(visit.loop);
}

static void a_loop_with_tasks_stays_on_its_thread(void **state)
{
    (void)state;
    struct visit visit = {.loop = open_loop()};
    eddy_error err;
    eddy_loop_run(visit.loop, leaves_one_behind(), &err);
    visit_from_a_thread(&visit);
    assert_int_equal(visit.code, EDDY_LOOP_RUNNING);
    assert_true(visit.says_why);
    close_loop(visit.loop);
}

/* ---- objects attached to a loop ---- */

static char order[8];

static void note(void *name)
{
    strcat(order, name);
}

async(void, asks_for_calls_at_the_end)
{
    CHECK(eddy_at_loop_end(note, "a") == 0 && eddy_at_loop_end(note, "b") == 0);
    void **slot = eddy_loop_slot(&order);
    CHECK(slot && !*slot && eddy_loop_slot(&order) == slot && eddy_loop_slot(&one) != slot);
    *slot = &two;
}

async(void *, reads_slot)
{
    return *eddy_loop_slot(&order);
}

static void slots_and_calls_at_the_end_are_the_loops(void **state)
{
    (void)state;
    eddy_error err;
    long blocks = memory_live_blocks();
    eddy_loop *loop = open_loop();
    assert_int_equal(eddy_at_loop_end(note, "x"), EDDY_NO_LOOP);
    assert_null(eddy_loop_slot(&order));
    eddy_loop_run(loop, asks_for_calls_at_the_end(), &err);
    assert_int_equal(err.code, 0);
    assert_ptr_equal(eddy_loop_run(loop, reads_slot(), &err), &two);
    assert_string_equal(order, "");
    close_loop(loop);
    assert_string_equal(order, "ba");
    assert_int_equal(memory_live_blocks(), blocks);
}

async(void, is_late)
{
    eddy_loop *loop = eddy_current_loop();
    struct eddy_loop_stats stats = {.size = sizeof stats};
    struct turns_for_ever *other = spawn(turns_for_ever());
    await(eddy_sleep(0.001));
    CHECK(eddy_loop_stats(loop, &stats) == 0);
    CHECK(stats.tasks == 2 && stats.passes > 0);
    uint64_t late = 0;
    for (int i = 0; i < EDDY_LAG_BUCKETS; i++)
        late += stats.lag[i];
    CHECK(late > 0);
    if (strcmp(eddy_loop_driver(loop), "sim") != 0) {
        eddy_call_later(0.005, count_call, NULL);
        usleep(20000);
        await(eddy_sleep(0.001));
        CHECK(eddy_loop_stats(loop, &stats) == 0);
        uint64_t very_late = 0;
        for (int i = 13; i < EDDY_LAG_BUCKETS; i++) /* 8 ms and more */
            very_late += stats.lag[i];
        CHECK(very_late > 0);
    }
    eddy_cancel(other);
}

static void statistics_count_what_there_is(void **state)
{
    (void)state;
    eddy_error err;
    struct eddy_loop_stats stats = {0};
    eddy_loop *loop = open_loop();
    assert_int_equal(eddy_loop_stats(loop, &stats), EINVAL);
    eddy_loop_run(loop, is_late(), &err);
    assert_int_equal(err.code, 0);
    stats.size = sizeof stats;
    assert_int_equal(eddy_loop_stats(loop, &stats), 0);
    assert_int_equal(stats.tasks, 0);
    close_loop(loop);
    assert_int_equal(eddy_loop_stats(loop, &stats), EDDY_NO_LOOP);
}

/* ---- waiting ---- */

static uint64_t passes(void)
{
    struct eddy_loop_stats stats = {.size = sizeof stats};
    eddy_loop_stats(eddy_current_loop(), &stats);
    return stats.passes;
}

/* How often this thread has left the processor to wait in the kernel. */
static long waits_in_kernel(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

async(void, reads_one, (eddy_stream *, s))
{
    char byte;
    await(eddy_stream_read(s, &byte, 1));
}

async(int, polls, (int, fd))
{
    return await(eddy_poll(fd, POLLIN));
}

/* Each waits for 30 ms: a loop that does not let the kernel wait makes thousands of passes in that time. */
async(void, waits_in_several_ways)
{
    enum { FEW = 50 };
    eddy_stream *ends[2];
    eddy_error err;
    int fds[2];
    CHECK(pipe2(fds, O_CLOEXEC) == 0);
    await(eddy_stream_pair(ends));
    long waits_before = waits_in_kernel();
    uint64_t before = passes();
    await(eddy_sleep(0.03));
    CHECK(passes() - before < FEW);
    await_for(reads_one(ends[0]), 0.03, &err);
    CHECK(err.code == ETIMEDOUT && passes() - before < 2 * FEW);
    await_for(polls(fds[0]), 0.03, &err);
    CHECK(err.code == ETIMEDOUT && passes() - before < 3 * FEW);
    /* Internal turns of a driver are not passes. Valgrind and QEMU, which have no io_uring, count such waits
     * differently. */
    if (strcmp(eddy_loop_driver(eddy_current_loop()), "uring") == 0)
        CHECK(waits_in_kernel() > waits_before);
    await(eddy_stream_close(ends[0]));
    await(eddy_stream_close(ends[1]));
    close(fds[0]);
    close(fds[1]);
}

static void a_loop_that_waits_makes_few_passes(void **state)
{
    (void)state;
    RUN_CLEAN(waits_in_several_ways());
}

/* ---- a driver that fails ---- */

static void a_driver_that_fails_is_an_error_of_the_run(void **state)
{
    (void)state;
    eddy_error err;
    long blocks = memory_live_blocks();
    eddy_loop_options options = {.size = sizeof options, .driver = "epoll"};
    eddy_loop *loop = eddy_loop_open(&options, &err);
    close(eddy_loop_descriptor(loop));
    eddy_loop_run(loop, twice(1), &err);
    assert_int_equal(err.code, EBADF);
    assert_non_null(strstr(err.message, "driver"));
    eddy_error_free(&err);
    eddy_loop_run(loop, twice(1), &err);
    assert_int_equal(err.code, EBADF);
    eddy_error_free(&err);
    close_loop(loop);
    assert_int_equal(memory_live_blocks(), blocks);
}

/* ---- a future of no loop ---- */

typedef eddy_future_of(int) int_future;

static void count(void *times)
{
    ++*(int *)times;
}

async(void, adds_callback, (int_future *, f), (int *, times))
{
    CHECK(eddy_add_done_callback(f, count, times) == 0);
}

async(void, sets, (int_future *, f))
{
    CHECK(eddy_set_result(f, 1));
}

async(void, turns_twice)
{
    await(eddy_sleep(0));
    await(eddy_sleep(0));
}

/* Between two runs of the loop, and while another loop runs. */
static void a_callback_of_a_future_is_called_by_the_loop_that_added_it(void **state)
{
    (void)state;
    for (int by_another = 0; by_another < 2; by_another++) {
        eddy_loop *loop = open_loop(), *other = open_loop();
        int_future *f = eddy_future_new(int_future);
        eddy_error err;
        int times = 0;
        eddy_loop_run(loop, adds_callback(f, &times), &err);
        if (by_another)
            eddy_loop_run(other, sets(f), &err);
        else
            assert_true(eddy_set_result(f, 1));
        assert_int_equal(times, 0);
        eddy_loop_run(loop, turns_twice(), &err);
        assert_int_equal(times, 1);
        eddy_future_free(f);
        close_loop(other);
        close_loop(loop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_typed_in_several_runs),
        cmocka_unit_test(a_failure_is_that_of_its_run_alone),
        cmocka_unit_test(without_an_error_variable_a_failure_is_printed),
        cmocka_unit_test(options_that_are_wrong_are_an_error),
        cmocka_unit_test(tasks_go_on_in_the_next_run_and_end_with_the_loop),
        cmocka_unit_test(variables_last_from_run_to_run),
        cmocka_unit_test(posted_calls_are_made_in_the_next_run_or_at_the_end),
        cmocka_unit_test(a_loop_runs_until_it_is_stopped),
        cmocka_unit_test(tasks_that_only_hand_over_do_not_keep_a_loop_from_its_stop),
        cmocka_unit_test(an_interrupt_ends_it_with_eintr),
        cmocka_unit_test(an_interrupt_does_not_concern_tasks_that_a_main_task_has_left),
        cmocka_unit_test(a_running_loop_refuses_to_be_run),
        cmocka_unit_test(a_closed_loop_is_an_error),
        cmocka_unit_test(a_loop_without_tasks_runs_on_one_thread_after_another),
        cmocka_unit_test(a_loop_with_tasks_stays_on_its_thread),
        cmocka_unit_test(slots_and_calls_at_the_end_are_the_loops),
        cmocka_unit_test(statistics_count_what_there_is),
        cmocka_unit_test(a_loop_that_waits_makes_few_passes),
        cmocka_unit_test(a_driver_that_fails_is_an_error_of_the_run),
        cmocka_unit_test(a_callback_of_a_future_is_called_by_the_loop_that_added_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
