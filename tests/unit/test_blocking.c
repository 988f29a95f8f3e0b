/* SPDX-License-Identifier: MIT */
/* test_blocking.c - rules of blocking functions: a thread of the pool runs them; a cancelled wait does not affect
 * them. */
#include <eddy.h>
#include <errno.h>
#include <pthread.h>

#include "transcript.h"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int begun, ended; /* atomic: the number of functions that reached the gate, and that ended */

eddy_blocking(int, add, (int, a), (int, b))
{
    return a + b;
}

eddy_blocking(void, raise_it, (int, code))
{
    eddy_raise(code, "from a thread");
}

eddy_blocking(int, pass_gate, (int, value))
{
    __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
    return value;
}

eddy_blocking(pthread_t, where)
{
    return pthread_self();
}

eddy_async(void, results)
{
    eddy_error err;
    note("%d", eddy_await(add(2, 3)));
    note("%d", pthread_equal(eddy_await(where()), pthread_self()) != 0);
    eddy_await(raise_it(EDOM), &err);
    note("%s %s", eddy_error_name(err.code), err.message);
}

static void a_blocking_call_runs_on_another_thread_and_returns_its_result_or_error(void **state)
{
    (void)state;
    RUN(results());
    told("5 0 EDOM from a thread");
}

static void mark(const char *text)
{
    note("%s", text);
}

eddy_async(void, loop_goes_on)
{
    pthread_mutex_lock(&gate);
    struct pass_gate *t = eddy_spawn(pass_gate(7));
    eddy_call_soon(mark, "meanwhile");
    for (int i = 0; i < 3; i++)
        eddy_await(eddy_sleep(0.001));
    note("%d", eddy_done(t));
    pthread_mutex_unlock(&gate);
    note("%d", eddy_await(t));
}

static void the_loop_goes_on_meanwhile(void **state)
{
    (void)state;
    RUN(loop_goes_on());
    told("meanwhile 0 7");
}

eddy_async(void, at_the_gate, (int, count))
{
    while (__atomic_load_n(&begun, __ATOMIC_SEQ_CST) < count)
        eddy_await(eddy_sleep(0.001));
}

eddy_async(void, cancelled)
{
    eddy_error err;
    begun = ended = 0;
    pthread_mutex_lock(&gate);
    struct pass_gate *one = eddy_spawn(pass_gate(7)), *two = eddy_spawn(pass_gate(8));
    eddy_await(at_the_gate(2));
    eddy_cancel(one);
    eddy_await(one, &err);
    note("%s %d", eddy_error_name(err.code), __atomic_load_n(&ended, __ATOMIC_SEQ_CST));
    eddy_await_for(two, 0.001, &err);
    note("%s", eddy_error_name(err.code));
    pthread_mutex_unlock(&gate);
}

/* D40: the threads run to the end of their functions, and eddy_run waits for them. */
static void a_cancelled_wait_ends_at_once_and_leaves_the_thread_alone(void **state)
{
    (void)state;
    RUN(cancelled());
    told("ECANCELED 0 ETIMEDOUT");
    assert_int_equal(ended, 2);
}

eddy_async(void, queued_and_cancelled)
{
    eddy_error err;
    begun = ended = 0;
    pthread_mutex_lock(&gate);
    struct pass_gate *first = eddy_spawn(pass_gate(1)), *second = eddy_spawn(pass_gate(2));
    eddy_await(at_the_gate(1));
    eddy_cancel(second); /* no thread has taken the function: it never runs */
    eddy_await(second, &err);
    pthread_mutex_unlock(&gate);
    note("%d", eddy_await(first));
    note("%d", __atomic_load_n(&ended, __ATOMIC_SEQ_CST));
}

static void the_number_of_threads_is_an_option(void **state)
{
    (void)state;
    eddy_loop_options options = {.size = sizeof options, .thread_limit = 1};
    assert_int_equal(eddy_run_with(&options, queued_and_cancelled()), 0);
    told("1 1");
}

eddy_async(void, many)
{
    struct add *tasks[50];
    long sum = 0;
    for (int i = 0; i < 50; i++)
        tasks[i] = eddy_spawn(add(i, 1));
    for (int i = 0; i < 50; i++)
        sum += eddy_await(tasks[i]);
    note("%ld", sum);
}

static void calls_beyond_the_number_of_threads_wait(void **state)
{
    (void)state;
    RUN(many());
    told("1275");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blocking_call_runs_on_another_thread_and_returns_its_result_or_error),
        cmocka_unit_test(the_loop_goes_on_meanwhile),
        cmocka_unit_test(a_cancelled_wait_ends_at_once_and_leaves_the_thread_alone),
        cmocka_unit_test(the_number_of_threads_is_an_option),
        cmocka_unit_test(calls_beyond_the_number_of_threads_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
