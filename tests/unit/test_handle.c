/* SPDX-License-Identifier: MIT */
/* test_handle.c - rules of the loop's calls: soon, later, at a time, from other threads; and cancelling each. */
#include <eddy.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>

#include "os/memory.h"
#include "transcript.h"

static void say(const char *text)
{
    note("%s", text);
}

static void say_number(int number)
{
    note("%d", number);
}

static eddy_handle *victim;

static void cancel_victim(const char *text)
{
    note("%s", text);
    eddy_handle_cancel(victim);
}

eddy_async(void, in_order)
{
    double now = eddy_time(); /* far apart: on a busy machine much time may pass between two lines */
    eddy_call_at(now + 0.3, say, "third");
    eddy_call_at(now + 0.2, say, "first");
    eddy_call_at(now + 0.25, say, "second");
    eddy_call_later(0, say, "at once");
    eddy_call_later(-5, say, "no sooner");
    eddy_call_at(0, say, "long ago");
    eddy_await(eddy_sleep(0.4));
}

static void timed_calls_are_made_in_the_order_of_their_times(void **state)
{
    (void)state;
    RUN(in_order());
    told("long ago at once no sooner first second third");
}

eddy_async(void, ties)
{
    double when = eddy_time() + 0.001;
    for (int i = 0; i < 12; i++)
        eddy_call_at(when, say_number, i);
    eddy_await(eddy_sleep(0.01));
}

/* D29 */
static void ties_are_called_in_the_order_of_asking(void **state)
{
    (void)state;
    RUN(ties());
    told("0 1 2 3 4 5 6 7 8 9 10 11");
}

eddy_async(void, sleeps, (double, seconds), (const char *, name))
{
    eddy_await(eddy_sleep(seconds));
    note("%s", name);
}

eddy_async(void, short_sleeps)
{
    struct sleeps *tiny = eddy_spawn(sleeps(1e-9, "tiny"));
    struct sleeps *zero = eddy_spawn(sleeps(0, "zero")), *negative = eddy_spawn(sleeps(-1, "negative"));
    eddy_await(zero);
    eddy_await(negative);
    eddy_await(tiny);
    eddy_error err;
    eddy_await(eddy_sleep(NAN), &err);
    note("%s", eddy_error_name(err.code));
}

/* D29, C19 */
static void a_sleep_of_zero_is_one_turn(void **state)
{
    (void)state;
    RUN(short_sleeps());
    told("zero negative tiny EINVAL");
}

eddy_async(void, cancels)
{
    eddy_handle_cancel(NULL);
    eddy_handle_cancel(eddy_call_soon(say, "never"));
    eddy_handle_cancel(eddy_call_later(0.001, say, "never"));
    eddy_handle_cancel(eddy_call_at(eddy_time() + 0.001, say, "never"));
    eddy_call_soon(cancel_victim, "cancels"); /* D28: in the same batch */
    victim = eddy_call_soon(say, "victim");
    eddy_call_soon(say, "after");
    eddy_await(eddy_sleep(0.002));
    victim = eddy_call_later(0.2, say, "victim");
    eddy_call_later(0.001, cancel_victim, "cancels later");
    eddy_await(eddy_sleep(0.3));
}

static void a_cancelled_call_is_not_made(void **state)
{
    (void)state;
    RUN(cancels());
    told("cancels after cancels later");
}

static eddy_handle *own;

static void cancel_own(const char *text)
{
    note("%s", text);
    eddy_handle_cancel(own);
}

eddy_async(void, cancels_late)
{
    eddy_handle *soon = eddy_call_soon(say, "soon"), *later = eddy_call_later(0.001, say, "later");
    own = eddy_call_soon(cancel_own, "own");
    eddy_handle *never = eddy_call_later(1000, say, "never"), *nor = eddy_call_soon(say, "never");
    for (int i = 0; i < 2; i++) {
        eddy_handle_cancel(never);
        eddy_handle_cancel(nor);
    }
    eddy_await(eddy_sleep(0.01));
    for (int i = 0; i < 2; i++) {
        eddy_handle_cancel(soon);
        eddy_handle_cancel(later);
        eddy_handle_cancel(nor);
    }
}

static void cancelling_after_the_call_and_twice_is_harmless(void **state)
{
    (void)state;
    RUN(cancels_late());
    told("soon own later");
}

static void count_one(int *count)
{
    ++*count;
}

enum { KEPT = 200 };
static eddy_handle *kept[KEPT];

static void cancel_kept(void)
{
    for (int i = 0; i < KEPT; i++)
        eddy_handle_cancel(kept[i]);
}

/* Their memory is used again for calls of both kinds, to which the old handles do not refer. */
eddy_async(void, keeps_handles, (int *, count), (bool, cancels))
{
    for (int i = 0; i < KEPT; i++)
        kept[i] = i % 2 ? eddy_call_soon(count_one, count) : eddy_call_later(0.0001, count_one, count);
    if (cancels)
        cancel_kept();
    eddy_await(eddy_sleep(0.01));
    for (int i = 0; i < 2 * KEPT; i++)
        (void)(i % 2 ? eddy_call_soon(count_one, count) : eddy_call_later(0.0001, count_one, count));
    cancel_kept();
    eddy_await(eddy_sleep(0.01));
}

static void an_old_handle_never_means_another_call(void **state)
{
    (void)state;
    int count = 0;
    RUN(keeps_handles(&count, false));
    assert_int_equal(count, 3 * KEPT);
    count = 0;
    RUN(keeps_handles(&count, true));
    assert_int_equal(count, 2 * KEPT);
}

eddy_async(void, next_loop, (int *, count))
{
    for (int i = 0; i < KEPT; i++)
        (void)(i % 2 ? eddy_call_soon(count_one, count) : eddy_call_later(0.0001, count_one, count));
    cancel_kept();
    eddy_await(eddy_sleep(0.01));
}

static void a_handle_of_an_ended_loop_means_nothing_to_the_next(void **state)
{
    (void)state;
    int count = 0;
    RUN(keeps_handles(&count, false));
    cancel_kept(); /* no loop runs */
    count = 0;
    for (int i = 0; i < 3; i++)
        RUN(next_loop(&count));
    assert_int_equal(count, 3 * KEPT);
}

/* A server that asks for a call again and again, and forgets each handle. */
eddy_async(void, asks_for_ever, (int, times))
{
    int count = 0;
    long before = 0;
    for (int i = 0; i < times; i++) {
        eddy_call_later(1e-6, count_one, &count);
        eddy_call_soon(count_one, &count);
        eddy_await(eddy_sleep(1e-5));
        if (i == times / 2)
            before = memory_live_blocks();
    }
    note("%d", memory_live_blocks() <= before + 1);
}

static void handles_that_are_forgotten_hold_no_memory(void **state)
{
    (void)state;
    RUN(asks_for_ever(2000));
    told("1");
}

enum { CROWD = 20000 };

eddy_async(void, has_a_crowd, (bool, some_stay))
{
    static eddy_handle *crowd[CROWD];
    int count = 0;
    long before = memory_live_blocks();
    for (int i = 0; i < CROWD; i++)
        crowd[i] = eddy_call_later(1000, count_one, &count);
    long most = memory_live_blocks() - before;
    for (int i = 0; i < CROWD; i++)
        if (!some_stay || i % 1000)
            eddy_handle_cancel(crowd[i]);
    eddy_await(eddy_sleep(0.001));
    note("%d", memory_live_blocks() - before < most / 4);
    for (int i = 0; i < CROWD; i++) /* the remaining ones are still valid */
        eddy_handle_cancel(crowd[i]);
    for (int i = 0; i < CROWD; i++)
        eddy_call_soon(count_one, &count);
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_sleep(0));
    note("%d", count);
}

static void the_memory_of_many_calls_is_given_back(void **state)
{
    (void)state;
    RUN(has_a_crowd(false));
    told("1 20000");
    RUN(has_a_crowd(true));
    told("1 20000");
}

eddy_async(void, refused)
{
    note("%d", eddy_call_later(NAN, say, "never") == NULL);
    note("%d", eddy_call_at(NAN, say, "never") == NULL);
    note("%d", eddy_call_later(INFINITY, say, "never") != NULL); /* dropped when the loop ends */
    note("%d", eddy_call_soon(say, "never") != NULL);
}

static void calls_that_are_left_over_are_dropped_with_the_loop(void **state)
{
    (void)state;
    RUN(refused());
    told("1 1 1 1");
}

static void ask_again(int left)
{
    note("%d", left);
    if (left > 0)
        eddy_call_soon(ask_again, left - 1);
}

eddy_async(void, chain)
{
    eddy_call_soon(ask_again, 3);
    for (int i = 0; i < 4; i++) {
        note("main");
        eddy_await(eddy_sleep(0));
    }
}

/* D30 */
static void a_call_that_schedules_itself_starves_no_other(void **state)
{
    (void)state;
    RUN(chain());
    told("main 3 main 2 main 1 main 0");
}

/* ---- other threads ---- */

typedef eddy_future_of(pthread_t) thread_future;

struct errand {
    eddy_loop *loop;
    thread_future *future;
    int result; /* the result of eddy_call_soon_threadsafe */
};

static void deliver(struct errand *errand)
{
    eddy_set_result(errand->future, pthread_self());
}

static void *run_errand(void *argument)
{
    struct errand *errand = argument;
    errand->result = eddy_call_soon_threadsafe(errand->loop, deliver, errand);
    return NULL;
}

eddy_async(void, is_woken, (bool, by_name))
{
    struct errand errand = {.loop = by_name ? eddy_current_loop() : NULL, .future = eddy_future_new(thread_future)};
    pthread_t thread;
    note("%d", pthread_create(&thread, NULL, run_errand, &errand));
    pthread_t where = eddy_await(errand.future); /* nothing else wakes the loop */
    note("%d", pthread_equal(where, pthread_self()) != 0);
    pthread_join(thread, NULL);
    note("%d", errand.result);
    eddy_future_free(errand.future);
}

/* D40 */
static void a_call_from_another_thread_wakes_a_sleeping_loop(void **state)
{
    (void)state;
    RUN(is_woken(true));
    RUN(is_woken(false)); /* the only loop of the process */
    told("0 1 0 0 1 0");
}

enum { THREADS = 4, CALLS = 500 };

static int calls_made, last_of[THREADS];
static bool in_order_of_asking;

struct caller {
    eddy_loop *loop;
    int number;
};

static void count_call(int value)
{
    int who = value / CALLS, which = value % CALLS;
    calls_made++;
    in_order_of_asking &= which == last_of[who];
    last_of[who] = which + 1;
}

static void *call_often(void *argument)
{
    struct caller *caller = argument;
    for (int i = 0; i < CALLS; i++)
        while (eddy_call_soon_threadsafe(caller->loop, count_call, caller->number * CALLS + i)) {
        }
    return NULL;
}

eddy_async(void, many_callers)
{
    pthread_t threads[THREADS];
    struct caller callers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){eddy_current_loop(), i};
        pthread_create(&threads[i], NULL, call_often, &callers[i]);
    }
    while (calls_made < THREADS * CALLS)
        eddy_await(eddy_sleep(0.001));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void calls_of_many_threads_are_all_made_each_threads_in_order(void **state)
{
    (void)state;
    calls_made = 0;
    in_order_of_asking = true;
    RUN(many_callers());
    assert_int_equal(calls_made, THREADS * CALLS);
    assert_true(in_order_of_asking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timed_calls_are_made_in_the_order_of_their_times),
        cmocka_unit_test(ties_are_called_in_the_order_of_asking),
        cmocka_unit_test(a_sleep_of_zero_is_one_turn),
        cmocka_unit_test(a_cancelled_call_is_not_made),
        cmocka_unit_test(cancelling_after_the_call_and_twice_is_harmless),
        cmocka_unit_test(an_old_handle_never_means_another_call),
        cmocka_unit_test(a_handle_of_an_ended_loop_means_nothing_to_the_next),
        cmocka_unit_test(handles_that_are_forgotten_hold_no_memory),
        cmocka_unit_test(the_memory_of_many_calls_is_given_back),
        cmocka_unit_test(calls_that_are_left_over_are_dropped_with_the_loop),
        cmocka_unit_test(a_call_that_schedules_itself_starves_no_other),
        cmocka_unit_test(a_call_from_another_thread_wakes_a_sleeping_loop),
        cmocka_unit_test(calls_of_many_threads_are_all_made_each_threads_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
