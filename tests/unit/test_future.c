/* SPDX-License-Identifier: MIT */
/* test_future.c - rules of futures: set once, awaited by any number of tasks, not consumed; waiting for several. */
#include <eddy.h>
#include <errno.h>

#include "log.h"
#include "os/memory.h"
#include "transcript.h"

typedef eddy_future_of(int) int_future;

eddy_async(int, wait_for_it, (int_future *, f), (const char *, name))
{
    eddy_error err;
    int value = eddy_await_always(f, &err);
    if (err.code)
        note("%s:%s", name, eddy_error_name(err.code));
    else
        note("%s:%d", name, value);
    return value;
}

eddy_async(void, many_waiters)
{
    int_future *f = eddy_future_new(int_future);
    struct wait_for_it *a = eddy_spawn(wait_for_it(f, "a")), *b = eddy_spawn(wait_for_it(f, "b"));
    eddy_await(eddy_sleep(0));
    note("%d%d", eddy_future_pending(f), eddy_done(f));
    note("%d", eddy_set_result(f, 5));
    note("%d%d", eddy_future_pending(f), eddy_done(f));
    eddy_await(b);
    eddy_await(a);
    note("%d", eddy_await(f));
    eddy_future_free(f);
    eddy_future_free((int_future *)NULL);
}

static void any_number_of_tasks_get_the_result_in_the_order_they_came(void **state)
{
    (void)state;
    RUN(many_waiters());
    told("10 1 01 a:5 b:5 5");
}

static void mark(const char *text)
{
    note("%s", text);
}

eddy_async(void, is_done_already)
{
    int_future *f = eddy_future_new(int_future);
    eddy_set_result(f, 1);
    eddy_call_soon(mark, "a turn");
    note("%d", eddy_await(f));
    eddy_await(eddy_sleep(0));
    eddy_future_free(f);
}

/* B67 */
static void awaiting_a_future_that_is_done_does_not_suspend(void **state)
{
    (void)state;
    RUN(is_done_already());
    told("1 a turn");
}

eddy_async(void, errors)
{
    int_future *f = eddy_future_new(int_future);
    struct wait_for_it *a = eddy_spawn(wait_for_it(f, "a")), *b = eddy_spawn(wait_for_it(f, "b"));
    eddy_await(eddy_sleep(0));
    eddy_set_error(f, EDOM, "out of %s", "range");
    eddy_await(a);
    eddy_await(b);
    eddy_error err;
    eddy_await(f, &err);
    note("%s", err.message);
    eddy_future_free(f);
}

static void an_error_reaches_every_waiter(void **state)
{
    (void)state;
    RUN(errors());
    told("a:EDOM b:EDOM out of range");
}

eddy_async(void, cancels)
{
    int_future *f = eddy_future_new(int_future);
    struct wait_for_it *a = eddy_spawn(wait_for_it(f, "a"));
    eddy_await(eddy_sleep(0));
    note("%d", eddy_cancel(f, "no longer needed"));
    note("%d", eddy_cancel(f));
    note("%d", eddy_cancelled(f));
    note("%d", eddy_set_result(f, 5)); /* too late, and no error */
    eddy_await(a);
    eddy_error err;
    eddy_await(f, &err);
    note("%s", err.message);
    eddy_future_free(f);
}

static void a_cancelled_future_takes_no_result(void **state)
{
    (void)state;
    RUN(cancels());
    told("1 0 1 0 a:ECANCELED no longer needed");
}

/* ---- a task that is cancelled while it awaits a future ---- */

eddy_async(void, cancels_who_waits)
{
    eddy_error err;
    int_future *f = eddy_future_new(int_future);
    struct wait_for_it *a = eddy_spawn(wait_for_it(f, "a")), *b = eddy_spawn(wait_for_it(f, "b"));
    eddy_await(eddy_sleep(0));
    eddy_cancel(a, "no more");
    eddy_await(a);
    eddy_await(b);
    note("%d", eddy_cancelled(f));
    eddy_await(f, &err);
    note("%s", err.message);
    eddy_future_free(f);
}

/* As in asyncio: the future is cancelled with its waiter, and so are all others that wait for it. */
static void a_request_reaches_the_future_and_all_its_waiters(void **state)
{
    (void)state;
    RUN(cancels_who_waits());
    told("a:ECANCELED b:ECANCELED 1 no more");
}

eddy_async(int, wait_shielded, (int_future *, f))
{
    return eddy_await_shielded(f);
}

eddy_async(void, cancels_who_waits_shielded)
{
    eddy_error err;
    int_future *f = eddy_future_new(int_future);
    struct wait_shielded *t = eddy_spawn(wait_shielded(f));
    eddy_await(eddy_sleep(0));
    eddy_cancel(t);
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_sleep(0));
    note("%d%d %d", eddy_done(t), eddy_cancelled(t), eddy_done(f));
    eddy_await(t, &err);
    eddy_set_result(f, 3);
    note("%d", eddy_await(f));
    eddy_future_free(f);
}

static void a_shielded_wait_is_cancelled_without_the_future(void **state)
{
    (void)state;
    RUN(cancels_who_waits_shielded());
    told("11 0 3");
}

/* The request arrives after the result was set and before the waiter has gone on. */
eddy_async(void, cancels_too_late)
{
    int_future *f = eddy_future_new(int_future);
    struct wait_for_it *a = eddy_spawn(wait_for_it(f, "a"));
    eddy_await(eddy_sleep(0));
    eddy_set_result(f, 4);
    eddy_cancel(a);
    eddy_await(a);
    note("%d %d", eddy_cancelled(f), eddy_await(f));
    eddy_future_free(f);
}

static void a_request_after_the_result_takes_nothing_from_the_future(void **state)
{
    (void)state;
    RUN(cancels_too_late());
    told("a:ECANCELED 0 4");
}

/* The request was there before the await began. */
eddy_async(int, waits_when_asked, (int_future *, f))
{
    eddy_error err;
    eddy_cancel(eddy_current_task(), "at once");
    int value = eddy_await_always(f, &err);
    note("%s", err.code ? err.message : "none");
    return value;
}

eddy_async(void, awaits_when_asked)
{
    int_future *f = eddy_future_new(int_future);
    eddy_error err;
    eddy_await(eddy_spawn(waits_when_asked(f)), &err);
    note("%d", eddy_cancelled(f));
    eddy_future_free(f);
}

/* As in asyncio. The task ends without having been suspended, and must not be resumed after its end. */
static void a_request_that_is_pending_reaches_the_future(void **state)
{
    (void)state;
    RUN(awaits_when_asked());
    told("at once 1");
}

eddy_async(void, sets_twice)
{
    int_future *f = eddy_future_new(int_future), *g = eddy_future_new(int_future);
    eddy_error err;
    note("%d", eddy_set_result(f, 1));
    note("%d", eddy_set_result(f, 2));
    note("%d", eddy_set_error(f, EDOM, "late"));
    note("=%d", eddy_await(f));
    note("%d", eddy_set_error(g, EDOM));
    note("%d", eddy_set_result(g, 3));
    eddy_await(g, &err);
    note("%s", eddy_error_name(err.code));
    eddy_future_free(f);
    eddy_future_free(g);
}

static void a_future_that_is_set_twice_keeps_its_result_and_reports_it(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), sets_twice()), 0);
    told("1 0 0 =1 1 0 EDOM");
    assert_int_equal(log_count("EDDY_INVALID_STATE"), 3);
}

eddy_async(void, frees_unread)
{
    int_future *seen = eddy_future_new(int_future), *unseen = eddy_future_new(int_future);
    eddy_error err;
    eddy_set_error(seen, EIO, "seen");
    eddy_set_error(unseen, EDOM, "unseen");
    eddy_await(seen, &err);
    eddy_future_free(seen);
    eddy_future_free(unseen);
}

static void an_error_that_was_not_read_is_reported_once(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), frees_unread()), 0);
    assert_int_equal(log_count("EDOM"), 1);
    assert_int_equal(log_count("EIO"), 0);
}

eddy_async(void, callbacks)
{
    int_future *f = eddy_future_new(int_future);
    note("%d", eddy_add_done_callback(f, mark, "one"));
    eddy_add_done_callback(f, mark, "two");
    eddy_add_done_callback(f, mark, "one");
    note("%zu", eddy_remove_done_callback(f, mark, "one"));
    eddy_set_result(f, 1);
    note("set");
    eddy_await(eddy_sleep(0));
    eddy_add_done_callback(f, mark, "late"); /* soon, since it is done */
    eddy_await(eddy_sleep(0));
    eddy_future_free(f);
}

/* C11. The literals "one" are one object: both callbacks are the same. */
static void done_callbacks_are_called_by_the_loop_in_order(void **state)
{
    (void)state;
    RUN(callbacks());
    told("0 2 set two late");
}

eddy_async(void, without_memory)
{
    memory_fail_after(1);
    int_future *f = eddy_future_new(int_future);
    eddy_error err;
    eddy_await(f, &err);
    note("%s %d", eddy_error_name(err.code), eddy_set_result(f, 5));
    eddy_future_free(f);
}

static void without_memory_the_future_has_failed(void **state)
{
    (void)state;
    RUN(without_memory());
    told("ENOMEM 0");
}

/* ---- several at once ---- */

eddy_async(int, after, (int, turns), (int, value))
{
    for (int i = 0; i < turns; i++)
        eddy_await(eddy_sleep(0));
    note("%d", value);
    return value;
}

eddy_async(void, fails_after, (int, turns), (int, code))
{
    for (int i = 0; i < turns; i++)
        eddy_await(eddy_sleep(0));
    eddy_raise(code, "after %d turns", turns);
}

eddy_async(void, gathers)
{
    eddy_error err;
    struct after *slow = eddy_spawn(after(8, 1));
    struct fails_after *bad = eddy_spawn(fails_after(2, EIO)), *worse = eddy_spawn(fails_after(4, EDOM));
    eddy_await(eddy_gather(slow, bad, worse), &err);
    note("%s %d%d", eddy_error_name(err.code), eddy_done(slow), eddy_cancelled(slow));
    eddy_await(eddy_gather_settled(slow, bad, worse));
    note("%d", eddy_done(slow) && eddy_done(worse));
    note("%d", eddy_await(slow));
}

/* D16 */
static void a_gather_fails_with_the_first_failure_and_cancels_no_task(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), gathers()), 0);
    told("EIO 00 1 1 1");
    assert_string_equal(logged, ""); /* an error that a gather has seen is not reported */
}

eddy_async(void, cancels_it, (struct after *, t))
{
    eddy_await(eddy_sleep(0));
    eddy_cancel(t);
}

eddy_async(void, gathers_a_cancelled_one)
{
    eddy_error err;
    struct after *a = eddy_spawn(after(10, 1)), *b = eddy_spawn(after(3, 2));
    struct cancels_it *c = eddy_spawn(cancels_it(a));
    eddy_await(eddy_gather(a, b, b), &err); /* the same task twice: it counts once */
    note("%s %d %d", eddy_error_name(err.code), eddy_cancelling(eddy_current_task()), eddy_done(b));
    eddy_await(c);
    note("=%d", eddy_await(b));
}

/* D18 */
static void a_cancelled_child_fails_the_gather_and_no_other_child(void **state)
{
    (void)state;
    RUN(gathers_a_cancelled_one());
    told("ECANCELED 0 0 2 =2");
}

eddy_async(void, is_in_a_gather)
{
    eddy_await(eddy_gather(after(1000, 1), after(1000, 2)));
}

eddy_async(void, cancels_a_gather)
{
    eddy_error err;
    struct is_in_a_gather *t = eddy_spawn(is_in_a_gather());
    eddy_await(eddy_sleep(0));
    eddy_cancel(t);
    eddy_await(t, &err);
    note("%s", eddy_error_name(err.code));
    eddy_await(eddy_gather_array((struct after **)NULL, 0)); /* C20: nothing to wait for */
}

static void cancelling_a_gather_cancels_its_children(void **state)
{
    (void)state;
    RUN(cancels_a_gather());
    told("ECANCELED");
}

eddy_async(void, waits)
{
    eddy_error err;
    struct after *tasks[3] = {eddy_spawn(after(3, 3)), eddy_spawn(after(1, 1)), eddy_spawn(after(5, 5))};
    note("=%zu", eddy_await(eddy_wait(tasks, 3, EDDY_FIRST_COMPLETED)));
    eddy_await_for(eddy_wait(tasks, 3, EDDY_ALL_COMPLETED), 0, &err);
    note("%s %d", eddy_error_name(err.code), eddy_cancelled(tasks[2]));
    note("=%zu", eddy_await(eddy_wait(tasks, 3, EDDY_ALL_COMPLETED)));
    eddy_await(eddy_wait(tasks, 0, EDDY_ALL_COMPLETED), &err);
    note("%s", eddy_error_name(err.code));
    for (int i = 0; i < 3; i++)
        eddy_await(tasks[i]);
}

/* C22 */
static void a_wait_counts_those_that_are_done_and_cancels_no_task(void **state)
{
    (void)state;
    RUN(waits());
    told("1 =1 ETIMEDOUT 0 3 5 =3 EINVAL");
}

eddy_async(void, as_completed)
{
    struct after *tasks[3] = {eddy_spawn(after(3, 3)), eddy_spawn(after(1, 1)), eddy_spawn(after(5, 5))};
    eddy_async_for (t, eddy_as_completed(tasks, 3))
        note("=%d", eddy_await(t));
}

/* C24 */
static void as_completed_gives_the_handles_in_the_order_of_their_ends(void **state)
{
    (void)state;
    RUN(as_completed());
    told("1 =1 3 =3 5 =5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_tasks_get_the_result_in_the_order_they_came),
        cmocka_unit_test(awaiting_a_future_that_is_done_does_not_suspend),
        cmocka_unit_test(an_error_reaches_every_waiter),
        cmocka_unit_test(a_cancelled_future_takes_no_result),
        cmocka_unit_test(a_request_reaches_the_future_and_all_its_waiters),
        cmocka_unit_test(a_shielded_wait_is_cancelled_without_the_future),
        cmocka_unit_test(a_request_after_the_result_takes_nothing_from_the_future),
        cmocka_unit_test(a_request_that_is_pending_reaches_the_future),
        cmocka_unit_test(a_future_that_is_set_twice_keeps_its_result_and_reports_it),
        cmocka_unit_test(an_error_that_was_not_read_is_reported_once),
        cmocka_unit_test(done_callbacks_are_called_by_the_loop_in_order),
        cmocka_unit_test(without_memory_the_future_has_failed),
        cmocka_unit_test(a_gather_fails_with_the_first_failure_and_cancels_no_task),
        cmocka_unit_test(a_cancelled_child_fails_the_gather_and_no_other_child),
        cmocka_unit_test(cancelling_a_gather_cancels_its_children),
        cmocka_unit_test(a_wait_counts_those_that_are_done_and_cancels_no_task),
        cmocka_unit_test(as_completed_gives_the_handles_in_the_order_of_their_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
