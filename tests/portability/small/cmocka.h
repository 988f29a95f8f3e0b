/* SPDX-License-Identifier: MIT */
/*
 * cmocka.h - the part of cmocka that tests/unit uses, for C libraries and machines without a cmocka package in
 * Debian. A check that fails ends the program; skip() goes on with the next test.
 */
#ifndef EDDY_TESTS_SMALL_CMOCKA_H
#define EDDY_TESTS_SMALL_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    int (*setup_func)(void **state);
    int (*teardown_func)(void **state);
    void *initial_state;
};

static jmp_buf small_next_test;

static inline void small_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, condition);
    _Exit(1);
}

#define assert_true(c)                   ((c) ? (void)0 : small_failed(__FILE__, __LINE__, #c))
#define assert_false(c)                  assert_true(!(c))
#define assert_null(p)                   assert_true((p) == NULL)
#define assert_non_null(p)               assert_true((p) != NULL)
#define assert_int_equal(a, b)           assert_true((uintmax_t)(a) == (uintmax_t)(b))
#define assert_int_not_equal(a, b)       assert_true((uintmax_t)(a) != (uintmax_t)(b))
#define assert_ptr_equal(a, b)           assert_true((const void *)(a) == (const void *)(b))
#define assert_ptr_not_equal(a, b)       assert_true((const void *)(a) != (const void *)(b))
#define assert_string_equal(a, b)        assert_true(strcmp(a, b) == 0)
#define assert_memory_equal(a, b, size)  assert_true(memcmp(a, b, size) == 0)
#define fail_msg(...)                    (fprintf(stderr, __VA_ARGS__), small_failed(__FILE__, __LINE__, "see above"))
#define print_error(...)                 fprintf(stderr, __VA_ARGS__)
#define skip()                           longjmp(small_next_test, 1)

#define cmocka_unit_test_setup_teardown(f, setup, teardown) {#f, f, setup, teardown, NULL}
#define cmocka_unit_test_setup(f, setup)                    {#f, f, setup, NULL, NULL}
#define cmocka_unit_test_teardown(f, teardown)              {#f, f, NULL, teardown, NULL}
#define cmocka_unit_test(f)                                 {#f, f, NULL, NULL, NULL}
#define cmocka_run_group_tests(tests, setup, teardown)                                                  \
    _cmocka_run_group_tests(#tests, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

static inline int _cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests, size_t count,
                                          int (*setup)(void **), int (*teardown)(void **))
{
    void *state = NULL;
    if (setup && setup(&state) != 0)
        small_failed(group, 0, "the group's setup");
    for (volatile size_t i = 0; i < count; i++) {
        void *own = tests[i].initial_state ? tests[i].initial_state : state;
        if (tests[i].setup_func && tests[i].setup_func(&own) != 0)
            small_failed(tests[i].name, 0, "the test's setup");
        if (setjmp(small_next_test) == 0)
            tests[i].test_func(&own);
        if (tests[i].teardown_func && tests[i].teardown_func(&own) != 0)
            small_failed(tests[i].name, 0, "the test's teardown");
    }
    return teardown ? teardown(&state) : 0;
}

#endif
