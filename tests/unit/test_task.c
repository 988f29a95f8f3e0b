/* SPDX-License-Identifier: MIT */
/* test_task.c - rules of tasks: their lives, cancellation and its counts, shields, timeouts, groups. */
#include <eddy.h>
#include <errno.h>
#include <time.h>

#include "core/cancel.h"
#include "core/current.h"
#include "core/loop.h"
#include "core/switch.h"
#include "log.h"
#include "os/memory.h"
#include "os/stack.h"
#include "os/valgrind.h"
#include "transcript.h"

eddy_async(int, after, (double, seconds), (int, value))
{
    eddy_await(eddy_sleep(seconds));
    note("%d", value);
    return value;
}

eddy_async(void, sleeper, (const char *, name))
{
    eddy_error err;
    eddy_await_always(eddy_sleep(1000), &err);
    note("%s:%s", name, err.message);
    eddy_reraise(&err);
}

eddy_async(void, fails, (int, code))
{
    eddy_await(eddy_sleep(0));
    eddy_raise(code, "failed");
}

/* ---- being ---- */

static void visit(eddy_task *task, void *argument)
{
    ++*(int *)argument;
    (void)task;
}

eddy_async(void, names)
{
    int visited = 0;
    struct after *a = eddy_spawn(after(0, 1)), *b = eddy_spawn(after(0, 2));
    note("%s %s %s", eddy_task_name(eddy_current_task()), eddy_task_name(a), eddy_task_name(b));
    eddy_task_set_name(a, "another");
    note("%s %d", eddy_task_name(a), eddy_task_site(a)->line > 0);
    note("%zu", eddy_all_tasks(visit, &visited));
    note("%d %d", visited, eddy_all_tasks(NULL, NULL) == 3);
    eddy_await(a);
    eddy_await(b);
    char longer[100];
    memset(longer, 'x', 99);
    longer[99] = 0;
    eddy_task_set_name(eddy_current_task(), longer);
    note("%zu", strlen(eddy_task_name(eddy_current_task())));
}

/* C12, C14 */
static void tasks_have_names_and_are_listed(void **state)
{
    (void)state;
    assert_null(eddy_current_task());
    RUN(names());
    told("names-1 after-2 after-3 another 1 3 3 1 1 2 63");
}

eddy_async(void, eager)
{
    struct after *lazy = eddy_spawn(after(0, 1)), *at_once = eddy_spawn_eager(after(0, 2));
    note("main");
    eddy_await(lazy);
    eddy_await(at_once);
    eddy_spawn_options options = {.size = sizeof options, .name = "swift", .eager = true};
    struct after *t = eddy_spawn_with(after(0, 3), &options);
    note("%s", eddy_task_name(t));
    eddy_await(t);
}

eddy_async(void, notes, (const char *, text))
{
    note("%s", text);
}

eddy_async(void, eager_without_waiting)
{
    struct notes *t = eddy_spawn_eager(notes("child"));
    note("%d", eddy_done(t));
    eddy_await(t);
}

/* C15 */
static void an_eager_task_runs_at_once_up_to_its_first_wait(void **state)
{
    (void)state;
    RUN(eager_without_waiting());
    told("child 1");
    RUN(eager());
    told("main 2 1 swift 3");
}

static void count(int *number)
{
    ++*number;
}

eddy_async(void, detached)
{
    int done = 0;
    struct after *t = eddy_spawn(after(0.001, 5));
    eddy_add_done_callback(t, count, &done);
    eddy_detach(t);
    while (!done) /* on a busy machine both timers are due in the same pass */
        eddy_await(eddy_sleep(0.001));
    note("%d", done);
    eddy_detach(eddy_spawn(sleeper("left"))); /* eddy_run cancels it */
    eddy_await(eddy_sleep(0));
}

static void a_detached_task_runs_on_and_frees_itself(void **state)
{
    (void)state;
    RUN(detached());
    told("5 1 left:the main task has ended");
}

eddy_async(void, frame, (int *, local))
{
    struct sleeper *t = eddy_spawn(sleeper("child"));
    (void)t;
    *local = 1;
    eddy_await(eddy_sleep(0));
}

eddy_async(void, frames)
{
    int local = 0;
    eddy_await(frame(&local));
    note("after");
}

static void a_frame_never_leaves_its_tasks_running(void **state)
{
    (void)state;
    RUN(frames());
    told("child:the function that spawned it has ended after");
}

static struct after *kept;

eddy_async(void, hands_on)
{
    kept = eddy_keep(eddy_spawn(after(0.001, 7)));
}

eddy_async(void, takes_over)
{
    eddy_await(hands_on());
    note("=%d", eddy_await(kept));
}

static void a_kept_task_is_awaited_by_another_task(void **state)
{
    (void)state;
    RUN(takes_over());
    told("7 =7");
}

eddy_async(void, waits_for_itself)
{
    eddy_error err;
    eddy_await(eddy_current_task(), &err);
    note("%s", eddy_error_name(err.code));
}

/* B69 */
static void a_task_cannot_wait_for_itself(void **state)
{
    (void)state;
    RUN(waits_for_itself());
    told("EDDY_WAITS_FOR_ITSELF");
}

eddy_async(int, one)
{
    return 1;
}

enum { BATCH = 1000 };

eddy_async(void, spawns, (long, number), (long *, sum))
{
    struct one *tasks[BATCH];
    for (long done = 0; done < number; done += BATCH) {
        for (int i = 0; i < BATCH; i++)
            tasks[i] = eddy_spawn(one());
        for (int i = 0; i < BATCH; i++)
            *sum += eddy_await(tasks[i]);
    }
}

static void a_million_tasks_come_and_go(void **state)
{
    (void)state;
#ifdef EDDY_SANITIZED
    long number = 20 * BATCH;
#else
    long number = RUNNING_ON_VALGRIND ? 2 * BATCH : 1000 * BATCH;
#endif
    long sum = 0;
    RUN(spawns(number, &sum));
    assert_int_equal(sum, number);
    assert_int_equal(stack_live(), 0);
}

/* ---- cancelling ---- */

eddy_async(void, is_cancelled_in_many_ways)
{
    eddy_error err;
    struct after *t = eddy_spawn(after(0, 1));
    eddy_await(eddy_wait(&t, 1, EDDY_ALL_COMPLETED));
    note("%d", eddy_cancel(t)); /* D1 */
    note("%d%d", eddy_cancelled(t), eddy_cancelling(t));
    note("=%d", eddy_await(t));
    t = eddy_spawn(after(0, 2)); /* D2 */
    note("%d", eddy_cancel(t));
    eddy_await(t, &err);
    note("%s", eddy_error_name(err.code));
    struct sleeper *s = eddy_spawn(sleeper("s")); /* D10 */
    eddy_await(eddy_sleep(0));
    eddy_cancel(s, "why");
    eddy_await(s, &err);
    note("%s", err.message);
}

static void a_cancelled_task_has_the_reason_of_its_request(void **state)
{
    (void)state;
    RUN(is_cancelled_in_many_ways());
    told("1 0 00 =1 1 ECANCELED s:why why");
}

eddy_async(int, catches_one)
{
    eddy_error err;
    eddy_await_always(eddy_sleep(1000), &err);
    note("%s %d", eddy_error_name(err.code), eddy_cancelling(eddy_current_task()));
    eddy_await(eddy_sleep(0)); /* D8: not again */
    return 5;
}

eddy_async(void, cancels_twice)
{
    struct catches_one *t = eddy_spawn(catches_one());
    eddy_await(eddy_sleep(0));
    eddy_cancel(t);
    eddy_cancel(t);
    eddy_await(eddy_wait(&t, 1, EDDY_ALL_COMPLETED));
    note("%d%d", eddy_cancelled(t), eddy_cancelling(t));
    note("=%d", eddy_await(t));
}

/* D4, D8 */
static void requests_are_counted_and_delivered_once(void **state)
{
    (void)state;
    RUN(cancels_twice());
    told("ECANCELED 2 02 =5");
}

eddy_async(int, cancels_itself, (bool, waits))
{
    eddy_cancel(eddy_current_task());
    if (waits)
        eddy_await(eddy_sleep(0));
    note("on");
    return 5;
}

eddy_async(int, takes_it_back)
{
    eddy_cancel(eddy_current_task());
    eddy_cancel(eddy_current_task());
    note("%d", eddy_uncancel(eddy_current_task()));
    note("%d", eddy_uncancel(eddy_current_task()));
    note("%d", eddy_uncancel(eddy_current_task()));
    eddy_await(eddy_sleep(0));
    return 6;
}

eddy_async(void, self_cancels)
{
    eddy_error err;
    for (int waits = 0; waits < 2; waits++) {
        struct cancels_itself *t = eddy_spawn(cancels_itself(waits));
        eddy_await(t, &err);
        note("%s", eddy_error_name(err.code));
    }
    struct takes_it_back *t = eddy_spawn(takes_it_back());
    note("=%d", eddy_await(t));
}

/* What its body returns before the delivery is its result; otherwise D5 of asyncio's rules, C9 */
static void a_task_may_cancel_itself_and_take_it_back(void **state)
{
    (void)state;
    RUN(self_cancels());
    told("on OK ECANCELED 1 0 0 =6");
}

eddy_async(void, raises_it)
{
    eddy_raise(ECANCELED, "by myself");
}

eddy_async(void, looks_at_it)
{
    eddy_error err;
    struct raises_it *t = eddy_spawn(raises_it());
    eddy_await(eddy_wait(&t, 1, EDDY_ALL_COMPLETED));
    note("%d%d", eddy_cancelled(t), eddy_cancelling(t));
    eddy_await(t, &err);
    note("%s", eddy_error_name(err.code));
}

/* D7 */
static void a_task_that_raises_it_is_cancelled_without_a_request(void **state)
{
    (void)state;
    RUN(looks_at_it());
    told("10 ECANCELED");
}

eddy_async(void, waits_for, (struct sleeper *, t))
{
    eddy_await(t);
}

eddy_async(void, chain)
{
    eddy_error err;
    struct sleeper *inner = eddy_keep(eddy_spawn(sleeper("inner")));
    struct waits_for *outer = eddy_spawn(waits_for(inner));
    eddy_await(eddy_sleep(0));
    eddy_cancel(outer, "all of it");
    eddy_await(outer, &err);
    note("%s", err.message);
}

/* C8 */
static void a_request_is_forwarded_to_the_awaited_task(void **state)
{
    (void)state;
    RUN(chain());
    told("inner:all of it all of it");
}

eddy_async(int, shields, (struct after *, t))
{
    return eddy_await_shielded(t);
}

eddy_async(void, shielded)
{
    eddy_error err;
    struct after *inner = eddy_keep(eddy_spawn(after(0.2, 3)));
    struct shields *outer = eddy_spawn(shields(inner));
    eddy_await(eddy_sleep(0));
    eddy_cancel(outer);
    eddy_await(outer, &err);
    note("%s %d", eddy_error_name(err.code), eddy_done(inner));
    note("=%d", eddy_await(inner));
    inner = eddy_keep(eddy_spawn(after(1000, 4)));
    outer = eddy_spawn(shields(inner));
    eddy_await(eddy_sleep(0));
    eddy_cancel(inner);
    eddy_await(eddy_wait(&outer, 1, EDDY_ALL_COMPLETED));
    note("%d", eddy_cancelling(outer));
    eddy_await(outer, &err);
    note("%s", eddy_error_name(err.code));
    eddy_await(inner, &err);
}

/* D23 */
static void a_shield_takes_the_request_and_leaves_the_inner_alone(void **state)
{
    (void)state;
    RUN(shielded());
    told("ECANCELED 0 3 =3 0 ECANCELED");
}

/* ---- timeouts ---- */

static void busy_until(double when)
{
    while (eddy_time() < when) {
        struct timespec nap = {.tv_nsec = 100000};
        nanosleep(&nap, NULL);
    }
}

static void cancel_it(void *task)
{
    eddy_cancel((eddy_task *)task);
}

eddy_async(void, late_and_cancelled, (bool, busy))
{
    double when = eddy_time() + 0.002;
    eddy_async_with (scope, eddy_timeout_at(when)) {
        eddy_call_at(when, cancel_it, eddy_current_task());
        if (busy)
            busy_until(when + 0.001); /* both are due in the same pass */
        eddy_await(eddy_sleep(1000));
    }
}

eddy_async(void, outside)
{
    eddy_error err;
    struct late_and_cancelled *t =
        eddy_spawn(late_and_cancelled(strcmp(eddy_loop_driver(eddy_current_loop()), "sim") != 0));
    eddy_await(eddy_wait(&t, 1, EDDY_ALL_COMPLETED));
    note("%d", eddy_cancelling(t));
    eddy_await(t, &err);
    note("%s", eddy_error_name(err.code));
}

/* D11 */
static void a_foreign_cancellation_wins_over_a_deadline(void **state)
{
    (void)state;
    RUN(outside());
    told("1 ECANCELED");
}

eddy_async(void, swallows)
{
    eddy_error err;
    eddy_async_with (scope, eddy_timeout(0.001)) {
        eddy_await_always(eddy_sleep(1000), &err);
        eddy_await(eddy_sleep(0.001));
        note("%d", eddy_expired(scope));
    }
    note("%d", eddy_cancelling(eddy_current_task()));
    eddy_async_with (scope, eddy_timeout(0))
        note("nothing to interrupt");
    eddy_await(eddy_sleep(0));
    note("on");
}

/* D12 */
static void a_timeout_that_is_swallowed_leaves_no_trace(void **state)
{
    (void)state;
    RUN(swallows());
    told("1 0 nothing to interrupt on");
}

eddy_async(int, answers_when_cancelled)
{
    eddy_error err;
    eddy_await_always(eddy_sleep(1000), &err);
    eddy_await_always(eddy_sleep(0.005), &err); /* D15: the task takes its time */
    return 8;
}

eddy_async(void, waits_with_a_limit)
{
    eddy_error err;
    struct answers_when_cancelled *t = eddy_spawn(answers_when_cancelled());
    eddy_await(eddy_sleep(0)); /* a task that is cancelled before its first step does not answer */
    note("=%d", eddy_await_for(t, 0.001, &err)); /* D14 */
    note("%d", err.code);
    eddy_await_for(notes("never"), 0, &err); /* D15: the task does not even start */
    note("%s", eddy_error_name(err.code));
    struct after *done = eddy_spawn(after(0, 4));
    eddy_await(eddy_wait(&done, 1, EDDY_ALL_COMPLETED));
    note("=%d", eddy_await_for(done, 0));
    eddy_await_for(after(1000, 5), 0.001, &err);
    note("%s %s", eddy_error_name(err.code), err.message);
    note("%d", eddy_cancelling(eddy_current_task()));
}

/* D14, D15 */
static void an_await_with_a_limit_waits_for_the_end_of_what_it_cancelled(void **state)
{
    (void)state;
    RUN(waits_with_a_limit());
    told("=8 0 ETIMEDOUT 4 =4 ETIMEDOUT not done within 0.001 seconds 0");
}

/* ---- groups ---- */

eddy_async(void, fails_when_cancelled, (int, code))
{
    eddy_error err;
    eddy_await_always(eddy_sleep(1000), &err);
    eddy_raise(code, "in clean-up");
}

eddy_async(void, group, (bool, swallow))
{
    eddy_error err;
    eddy_async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, fails(EIO));
        eddy_group_spawn(group, sleeper("sibling"));
        eddy_group_spawn(group, fails_when_cancelled(EDOM));
        if (swallow) {
            eddy_await_always(eddy_sleep(1000), &err);
            eddy_group_spawn(group, notes("never")); /* the group is ending */
        } else {
            eddy_await(eddy_sleep(1000));
        }
    }
}

eddy_async(void, groups)
{
    eddy_error err;
    for (int swallow = 0; swallow < 2; swallow++) {
        eddy_await(group(swallow), &err);
        note("%zu", eddy_error_count(&err));
        note("%s %s", eddy_error_name(eddy_error_at(&err, 0).code), eddy_error_name(eddy_error_at(&err, 1).code));
        note("%d", eddy_cancelling(eddy_current_task()));
    }
}

/* D19 */
static void a_failure_cancels_the_group_and_all_errors_come_out(void **state)
{
    (void)state;
    RUN(groups());
    told("sibling:a task of its group has failed 2 EIO EDOM 0 "
         "sibling:a task of its group has failed 2 EIO EDOM 0");
}

eddy_async(void, cancelled_child)
{
    int value = 0;
    eddy_async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, cancels_itself(true));
        eddy_group_spawn(group, after(0.001, 2), &value);
    }
    note("=%d", value);
}

/* D22 */
static void a_child_that_is_cancelled_alone_does_not_cancel_the_group(void **state)
{
    (void)state;
    RUN(cancelled_child());
    told("2 =2");
}

eddy_async(void, is_in_group)
{
    eddy_async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, sleeper("child"));
        eddy_await(eddy_sleep(1000));
    }
}

eddy_async(void, cancels_group)
{
    eddy_error err;
    struct is_in_group *t = eddy_spawn(is_in_group());
    eddy_await(eddy_sleep(0.001));
    eddy_cancel(t);
    eddy_await(t, &err);
    note("%s %zu", eddy_error_name(err.code), eddy_error_count(&err));
}

/* C27 */
static void cancelling_the_parent_cancels_the_children(void **state)
{
    (void)state;
    RUN(cancels_group());
    told("child:the block of its group has failed ECANCELED 1");
}

/* ---- without memory ---- */

eddy_async(void, spawns_without_memory)
{
    eddy_error err;
    memory_fail_after(1);
    struct after *t = eddy_spawn(after(0, 1));
    note("%d%d", eddy_done(t), eddy_cancelled(t));
    note("%d", eddy_cancel(t));
    note("%s", eddy_task_name(t));
    eddy_await(t, &err);
    note("%s", eddy_error_name(err.code));
    memory_fail_after(2); /* its stack */
    t = eddy_spawn(after(0, 2));
    eddy_await(t, &err);
    note("%s", eddy_error_name(err.code));
    memory_fail_after(0);
}

eddy_async(void, loses_an_unspawned_task)
{
    memory_fail_after(1);
    struct after *t = eddy_spawn(after(0, 1));
    memory_fail_after(0);
    eddy_detach(t);
}

static void a_task_without_memory_that_is_not_awaited_is_reported(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), loses_an_unspawned_task()), 0);
    assert_int_equal(log_count("1 tasks were not spawned because there was no memory"), 1);
    assert_int_equal(eddy_run_with(LOGGING(), spawns_without_memory()), 0);
    assert_string_equal(logged, "");
    transcript[0] = 0;
}

static void a_task_without_memory_fails_when_it_is_awaited(void **state)
{
    (void)state;
    RUN(spawns_without_memory());
    told("10 0 (no memory) ENOMEM ENOMEM");
}

/* ---- counters ---- */

eddy_async(int, waits_shielded, (struct after *, t))
{
    return eddy_await_shielded(t);
}

eddy_async(void, many_hold_it)
{
    struct after *t = eddy_spawn(after(1, 7));
    task_of_handle(t)->references += UINT16_MAX; /* as if that many tasks waited for it */
    struct waits_shielded *one = eddy_spawn(waits_shielded(t)), *another = eddy_spawn(waits_shielded(t));
    note("%d %d", eddy_await(one), eddy_await(another));
    task_of_handle(t)->references -= UINT16_MAX;
    note("%d", eddy_await(t));
}

static void more_than_65535_may_wait_for_a_task(void **state)
{
    (void)state;
    RUN(many_hold_it());
    told("7 7 7 7");
}

eddy_async(void, numbers_begin_anew)
{
    current.loop->last_id = UINT32_MAX - 1;
    struct after *last = eddy_spawn(after(0, 1)), *first = eddy_spawn(after(0, 2));
    note("%s %s", eddy_task_name(last), eddy_task_name(first));
    note("%d", task_is_main(task_of_handle(first)));
    eddy_await(last);
    eddy_await(first);
}

static void the_id_of_the_main_task_is_unique(void **state)
{
    (void)state;
    RUN(numbers_begin_anew());
    told("after-4294967295 after-2 0 1 2");
}

eddy_async(void, asks_for_too_large_a_stack)
{
    eddy_error err;
    eddy_spawn_options options = {.size = sizeof options, .stack_size = (size_t)UINT32_MAX + 1};
    struct after *t = eddy_spawn_with(after(0, 1), &options);
    note("%d", task_of_handle(t)->stack_size == UINT32_MAX); /* no small one */
    eddy_cancel(t);
    eddy_await(t, &err);
}

static void the_size_of_a_stack_does_not_wrap(void **state)
{
    (void)state;
    RUN(asks_for_too_large_a_stack());
    told("1");
}

/* ---- releasing ---- */

/* The operation's own deadline may have come when a second release begins inside it. */
eddy_async(void, releases_inside_a_release)
{
    struct task *self = current.task;
    struct release outer = release_begin();
    struct request deadline = task_ask(self, NULL, true);
    struct release inner = release_begin();
    note("%d", task_has_request(self));
    release_end(&inner);
    note("%d", task_has_request(self));
    task_withdraw(self, deadline);
    release_end(&outer);
    note("%d", task_has_request(self));
}

static void a_release_inside_a_release_keeps_the_request_of_the_outer_one(void **state)
{
    (void)state;
    RUN(releases_inside_a_release());
    told("1 1 0");
}

/* The counters of requests stand still at their greatest value. */
eddy_async(void, is_asked_too_often)
{
    struct task *self = current.task;
    eddy_error err;
    self->cancels = self->undelivered = UINT32_MAX;
    task_cancel(self, NULL);
    note("%d%d", self->cancels == UINT32_MAX, self->undelivered == UINT32_MAX);
    eddy_await_always(eddy_sleep(1), &err);
    note("%d", err.code == ECANCELED);
    self->cancels = self->undelivered = 0;
    self->must_cancel = false;
}

static void requests_without_number_do_not_wrap(void **state)
{
    (void)state;
    RUN(is_asked_too_often());
    told("11 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_without_number_do_not_wrap),
        cmocka_unit_test(a_release_inside_a_release_keeps_the_request_of_the_outer_one),
        cmocka_unit_test(more_than_65535_may_wait_for_a_task),
        cmocka_unit_test(the_id_of_the_main_task_is_unique),
        cmocka_unit_test(the_size_of_a_stack_does_not_wrap),
        cmocka_unit_test(tasks_have_names_and_are_listed),
        cmocka_unit_test(an_eager_task_runs_at_once_up_to_its_first_wait),
        cmocka_unit_test(a_detached_task_runs_on_and_frees_itself),
        cmocka_unit_test(a_frame_never_leaves_its_tasks_running),
        cmocka_unit_test(a_kept_task_is_awaited_by_another_task),
        cmocka_unit_test(a_task_cannot_wait_for_itself),
        cmocka_unit_test(a_million_tasks_come_and_go),
        cmocka_unit_test(a_cancelled_task_has_the_reason_of_its_request),
        cmocka_unit_test(requests_are_counted_and_delivered_once),
        cmocka_unit_test(a_task_may_cancel_itself_and_take_it_back),
        cmocka_unit_test(a_task_that_raises_it_is_cancelled_without_a_request),
        cmocka_unit_test(a_request_is_forwarded_to_the_awaited_task),
        cmocka_unit_test(a_shield_takes_the_request_and_leaves_the_inner_alone),
        cmocka_unit_test(a_foreign_cancellation_wins_over_a_deadline),
        cmocka_unit_test(a_timeout_that_is_swallowed_leaves_no_trace),
        cmocka_unit_test(an_await_with_a_limit_waits_for_the_end_of_what_it_cancelled),
        cmocka_unit_test(a_failure_cancels_the_group_and_all_errors_come_out),
        cmocka_unit_test(a_child_that_is_cancelled_alone_does_not_cancel_the_group),
        cmocka_unit_test(cancelling_the_parent_cancels_the_children),
        cmocka_unit_test(a_task_without_memory_fails_when_it_is_awaited),
        cmocka_unit_test(a_task_without_memory_that_is_not_awaited_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
