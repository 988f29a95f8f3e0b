/* SPDX-License-Identifier: MIT */
/* test_debug.c - rules of debug mode: which steps of tasks are reported, at their end and before, and who is alive. */
#define _GNU_SOURCE
#include <eddy.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

static void burn(double seconds)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
}

eddy_async(void, burner)
{
    burn(0.02);
    eddy_await(eddy_sleep(0));
}

eddy_async(void, never_ends)
{
    eddy_await(eddy_sleep(1e6));
}

static int line_of_spawn;

eddy_async(void, leaves_things)
{
    struct burner *t = eddy_spawn(burner());
    eddy_await(t);
    line_of_spawn = __LINE__ + 1;
    eddy_detach(eddy_spawn(never_ends()));
    eddy_await(eddy_sleep(0));
}

static void debug_mode_reports_slow_steps_and_tasks_alive_at_the_end(void **state)
{
    (void)state;
    char expected[256];
    assert_int_equal(eddy_run_with(LOGGING(.debug = true, .slow_step = 0.01), leaves_things()), 0);
    assert_true(log_count("a step of task \"burner-2\" (burner, spawned at ") > 0);
    snprintf(expected, sizeof expected, "task \"never_ends-3\" was still alive when the main task ended; "
             "it was spawned at %s:%d\n", __FILE__, line_of_spawn);
    assert_int_equal(log_count(expected), 1);
    assert_int_equal(eddy_run_with(LOGGING(), leaves_things()), 0);
    assert_string_equal(logged, "");
}

static const double limit = 0.4; /* of a step: much longer than one that does nothing takes on a busy machine */

eddy_async(void, rests)
{
    usleep((useconds_t)(limit * 1e6));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_sleep(0));
}

eddy_async(void, quick)
{
    eddy_await(eddy_sleep(0));
}

eddy_async(void, rests_once)
{
    struct rests *slow = eddy_spawn(rests());
    eddy_await(slow);
    struct quick *next = eddy_spawn(quick());
    eddy_await(next);
}

static void each_step_begins_anew(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(.debug = true, .slow_step = limit), rests_once()), 0);
    assert_int_equal(log_count("without waiting"), 1);
    assert_int_equal(log_count("a step of task \"rests-2\" (rests, spawned at "), 1);
}

static int said; /* what was written to stderr is read from here */

static size_t hear(char *text, size_t size)
{
    ssize_t got = read(said, text, size - 1);
    text[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

eddy_async(void, hangs_until_reported)
{
    char text[512] = "", expected[256], end[64];
    double seconds = 0;
    for (int i = 0; i < 60000 && !hear(text, sizeof text); i++)
        usleep(1000);
    int length = snprintf(expected, sizeof expected,
                          "eddy: task hangs_until_reported-2 (spawned at %s:%d) has been running for ", __FILE__,
                          line_of_spawn);
    assert_memory_equal(text, expected, length);
    assert_int_equal(sscanf(text + length, "%lf %63[^\n]", &seconds, end), 2);
    assert_true(seconds >= 0.1 && seconds < 60);
    assert_string_equal(end, "seconds without waiting");
    usleep(600000);
    assert_int_equal(hear(text, sizeof text), 0); /* once a step */
}

/* A task that waits is not running, and neither is the loop. */
eddy_async(void, waits_and_hangs)
{
    char text[512];
    eddy_await(eddy_sleep(0.6));
    assert_int_equal(hear(text, sizeof text), 0);
    line_of_spawn = __LINE__ + 1;
    struct hangs_until_reported *t = eddy_spawn(hangs_until_reported());
    eddy_await(t);
}

static void a_step_that_does_not_end_is_reported_meanwhile(void **state)
{
    (void)state;
    int ends[2], usual = dup(STDERR_FILENO);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    said = ends[0];
    dup2(ends[1], STDERR_FILENO);
    int status = eddy_run_with(LOGGING(.debug = true, .slow_step = 0.2), waits_and_hangs());
    dup2(usual, STDERR_FILENO);
    close(usual);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(status, 0);
    assert_true(log_count("a step of task \"hangs_until_reported-2\"") > 0);
}

static char seen[16];

static void note(bool on)
{
    strcat(seen, on ? "1 " : "0 ");
}

eddy_async(void, toggles)
{
    note(eddy_debug());
    eddy_set_debug(true);
    note(eddy_debug());
    eddy_set_debug(false);
    note(eddy_debug());
}

static void debug_mode_can_be_turned_on_and_off(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), toggles()), 0);
    assert_string_equal(seen, "0 1 0 ");
    assert_false(eddy_debug());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(debug_mode_reports_slow_steps_and_tasks_alive_at_the_end),
        cmocka_unit_test(each_step_begins_anew),
        cmocka_unit_test(a_step_that_does_not_end_is_reported_meanwhile),
        cmocka_unit_test(debug_mode_can_be_turned_on_and_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
