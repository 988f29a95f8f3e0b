/* SPDX-License-Identifier: MIT */
/* test_clock.c - rules of src/os/clock.h. */
#include "os/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t last = clock_monotonic();
    assert_true(last > 0);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic();
        assert_true(now >= last);
        last = now;
    }
}

static void a_sleep_is_never_shorter_than_asked(void **state)
{
    (void)state;
    assert_true(clock_from_seconds(1e-9) == 1);
    assert_true(clock_from_seconds(1e-12) == 1);
    assert_true(clock_from_seconds(1.5e-9) == 2);
    assert_true(clock_from_seconds(0x1p-1074) == 1);
    assert_true(clock_from_seconds(0) == 0);
    assert_true(clock_from_seconds(3600) == 3600 * CLOCK_SECOND);
}

/* A decimal number that a person writes is taken exactly: binary fractions add no nanosecond. */
static void decimal_fractions_are_exact(void **state)
{
    (void)state;
    for (int64_t micro = 1; micro < 3000000; micro += 7)
        assert_true(clock_from_seconds((double)micro / 1e6) == micro * 1000);
    assert_true(clock_from_seconds(0.1) * 3 == clock_from_seconds(0.3));
}

static void negative_spans_round_up_as_well(void **state)
{
    (void)state;
    assert_true(clock_from_seconds(-1) == -CLOCK_SECOND);
    assert_true(clock_from_seconds(-1.5e-9) == -1);
}

static void times_beyond_the_range_become_the_largest_time(void **state)
{
    (void)state;
    assert_true(clock_from_seconds(1e300) == CLOCK_NEVER);
    assert_true(clock_from_seconds(INFINITY) == CLOCK_NEVER);
    assert_true(clock_from_seconds(-INFINITY) == INT64_MIN);
    assert_true(clock_from_seconds(9.3e9) == CLOCK_NEVER);
    assert_true(clock_add(CLOCK_NEVER - 1, 1) == CLOCK_NEVER);
    assert_true(clock_add(5, CLOCK_NEVER) == CLOCK_NEVER);
    assert_true(clock_add(INT64_MIN, -1) == INT64_MIN);
    assert_true(clock_add(40, 2) == 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_never_goes_back),
        cmocka_unit_test(a_sleep_is_never_shorter_than_asked),
        cmocka_unit_test(decimal_fractions_are_exact),
        cmocka_unit_test(negative_spans_round_up_as_well),
        cmocka_unit_test(times_beyond_the_range_become_the_largest_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
