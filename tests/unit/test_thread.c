/* SPDX-License-Identifier: MIT */
/* test_thread.c - rules of src/os/thread.h. */
#include "os/thread.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static __thread struct thread_exit first, second;
static int first_calls, second_calls; /* read after the thread was joined */
static bool first_asks_again;

static void leave_first(void)
{
    first_calls++;
    if (first_asks_again) {
        first_asks_again = false;
        thread_at_exit(&first);
    }
}

static void leave_second(void)
{
    second_calls++;
}

static void *ask(void *unused)
{
    first.leave = leave_first;
    second.leave = leave_second;
    thread_at_exit(&first);
    thread_at_exit(&second);
    thread_at_exit(&first); /* twice is once */
    return unused;
}

static void run_thread(void *(*body)(void *))
{
    pthread_t thread;
    first_calls = second_calls = 0;
    assert_int_equal(pthread_create(&thread, NULL, body, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void each_is_called_once_at_the_end_of_the_thread(void **state)
{
    (void)state;
    run_thread(ask);
    assert_int_equal(first_calls, 1);
    assert_int_equal(second_calls, 1);
}

static void asking_again_from_there_calls_it_again(void **state)
{
    (void)state;
    first_asks_again = true;
    run_thread(ask);
    assert_int_equal(first_calls, 2);
    assert_int_equal(second_calls, 1);
}

static void *ask_nothing(void *unused)
{
    return unused;
}

static void a_thread_that_asked_for_nothing_calls_nothing(void **state)
{
    (void)state;
    run_thread(ask_nothing);
    assert_int_equal(first_calls + second_calls, 0);
}

int main(void)
{
    const struct CMUnitTest rules[] = {
        cmocka_unit_test(each_is_called_once_at_the_end_of_the_thread),
        cmocka_unit_test(asking_again_from_there_calls_it_again),
        cmocka_unit_test(a_thread_that_asked_for_nothing_calls_nothing),
    };
    return cmocka_run_group_tests(rules, NULL, NULL);
}
