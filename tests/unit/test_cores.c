/* SPDX-License-Identifier: MIT */
/*
 * test_cores.c - eddy_run_on_cores when there is too little: no memory, no loop, no thread. It ends with an error,
 * and leaves nothing behind.
 */
#include "run_clean.h"

enum { CORES = 3, MOST_FAULTS = 2000, GOOD_RUNS = 3 };

static int began; /* atomic */

async(int, sleeps)
{
    __atomic_add_fetch(&began, 1, __ATOMIC_RELAXED);
    await(eddy_sleep(0.0001));
    return 40 + eddy_core_index();
}

static int run(eddy_error *err)
{
    began = 0;
    return eddy_run_on_cores(CORES, sleeps(), err);
}

/* Each request that fails is one for memory, for a loop or for a thread. A core's own may fail, too. */
static void whatever_fails_it_ends(void **state)
{
    (void)state;
    eddy_error err;
    assert_int_equal(run(&err), 40);
    int good = 0, without_thread = 0, before_it_began = 0;
    long blocks = memory_live_blocks(), stacks = stack_live();
    int descriptors = open_descriptors();
    for (long n = 1; good < GOOD_RUNS && n < MOST_FAULTS; n++) {
        memory_fail_after(n);
        int result = run(&err);
        memory_fail_after(0);
        assert_true(err.code ? began <= CORES : began == CORES && result == 40);
        good = err.code ? 0 : good + 1;
        without_thread += err.code == EAGAIN;
        before_it_began += err.code && began == 0;
        eddy_error_free(&err);
        eddy_run(sleeps()); /* forgets the error that was caught last */
        assert_int_equal(stack_live(), stacks);
        assert_int_equal(open_descriptors(), descriptors);
    }
    assert_int_equal(good, GOOD_RUNS);
    assert_true(without_thread >= 1 && before_it_began > without_thread);
    run(&err);
    assert_int_equal(err.code, 0);
    assert_true(memory_live_blocks() <= blocks + 1);
}

static void a_loop_that_cannot_be_opened(void **state)
{
    (void)state;
    eddy_error err;
    eddy_loop_options loop = {.size = sizeof loop, .driver = "steam"};
    eddy_cores_options options = {.size = sizeof options, .cores = CORES, .loop = &loop};
    began = 0;
    eddy_run_on_cores_with(&options, sleeps(), &err);
    assert_int_equal(err.code, EINVAL);
    assert_int_equal(began, 0);
}

/* Of a server's start there is only one: it owns memory. */
async(void, serve, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    await(eddy_stream_write(s, "x", 1));
}

static void a_value_that_cannot_be_copied(void **state)
{
    (void)state;
    eddy_error err;
    long blocks = memory_live_blocks();
    eddy_run_on_cores(CORES, eddy_start_server(serve, (void *)NULL, "127.0.0.1", 0), &err);
    assert_int_equal(err.code, EINVAL);
    assert_non_null(strstr(err.message, "eddy_start_server"));
    eddy_run_on_cores(CORES, sleeps(), &err);
    assert_true(memory_live_blocks() <= blocks + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_fails_it_ends),
        cmocka_unit_test(a_loop_that_cannot_be_opened),
        cmocka_unit_test(a_value_that_cannot_be_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
