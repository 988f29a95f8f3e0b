/* SPDX-License-Identifier: MIT */
/* test_failure.c - rules of errors: details and their life, tracebacks, chains, the exception handler, errno. */
#include <eddy.h>
#include <errno.h>

#include "core/failure.h"
#include "core/report.h"
#include "log.h"
#include "os/memory.h"
#include "transcript.h"

eddy_async(void, boom, (int, code))
{
    eddy_await(eddy_sleep(0));
    eddy_raise(code, "boom %d", code);
}

eddy_async(void, outer, (int, code))
{
    eddy_await(boom(code));
}

/* ---- how long details live ---- */

eddy_async(void, lives)
{
    eddy_error first, second, kept;
    char text[512];
    eddy_await(boom(EIO), &first);
    note("%s", first.message);
    kept = first;
    eddy_error_keep(&kept);
    eddy_error_keep(&kept); /* once is enough */
    eddy_await(boom(EDOM), &second);
    eddy_error_format(&first, text, sizeof text); /* its details are gone; the code remains */
    note("%d%d", strstr(text, "EIO") != NULL, strstr(text, "eddy_error_keep") != NULL);
    eddy_error_format(&kept, text, sizeof text);
    note("%d", strstr(text, "boom 5") != NULL);
    eddy_error_free(&kept);
    note("%d%s", kept.code, kept.message);
    eddy_error_free(&kept);
}

static void details_live_until_the_next_error_is_caught_or_as_long_as_kept(void **state)
{
    (void)state;
    RUN(lives());
    told("boom 5 11 1 0");
}

eddy_async(void, takes_apart)
{
    eddy_error err;
    eddy_await(boom(EIO), &err);
    note("%zu %zu", eddy_error_count(&err), eddy_error_count(&(eddy_error){.message = ""}));
    note("%d", eddy_error_at(&err, 0).code == EIO && eddy_error_at(&err, 7).code == 0);
    note("%d", eddy_error_cause(&err).code);
}

static void an_error_alone_is_a_group_of_one(void **state)
{
    (void)state;
    RUN(takes_apart());
    told("1 0 1 0");
}

eddy_async(void, boom_in_clean_up, (int, code))
{
    eddy_error err;
    eddy_await_always(eddy_sleep(1000), &err);
    eddy_await(boom(code));
}

eddy_async(void, group_of_two)
{
    eddy_async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, boom(EIO));
        eddy_group_spawn(group, boom_in_clean_up(EDOM));
        eddy_await(eddy_sleep(1000));
    }
}

eddy_async(void, keeps_a_part)
{
    eddy_error err, other;
    eddy_await(group_of_two(), &err);
    eddy_error part = eddy_error_at(&err, 1);
    eddy_error_keep(&part); /* alone, without the other errors of the group */
    eddy_await(boom(EPERM), &other);
    note("%zu %s %s", eddy_error_count(&other), eddy_error_name(part.code), part.message);
    eddy_error_free(&part);
    eddy_error lent = eddy_error_at(&other, 0);
    note("%s", lent.message);
}

static void a_part_of_a_group_can_be_kept_alone(void **state)
{
    (void)state;
    RUN(keeps_a_part());
    told("1 EDOM boom 33 boom 1");
}

/* ---- tracebacks ---- */

eddy_async(void, inner_task)
{
    eddy_await(outer(EIO));
}

eddy_async(void, awaits_a_task)
{
    struct inner_task *t = eddy_spawn(inner_task());
    eddy_task_set_name(t, "inner");
    eddy_await(t);
}

static void a_traceback_names_places_and_tasks(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), awaits_a_task()), 1);
    const char *outermost = strstr(logged, "in awaits_a_task\n");
    const char *task = strstr(logged, "in inner_task");
    const char *innermost = strstr(logged, "in boom");
    assert_true(outermost && task && innermost && outermost < task && task < innermost);
    assert_int_equal(log_count("task \"inner\"\n"), 3);
    assert_non_null(strstr(logged, ": boom 5\n"));
}

eddy_async(int, deep, (int, n))
{
    if (n == 0)
        eddy_raise(ERANGE, "the bottom");
    return eddy_await(deep(n - 1)) + 1;
}

static void a_traceback_keeps_every_place(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), deep(30)), 1);
    assert_int_equal(log_count("in deep\n"), 31);
}

static void note_that_a_copy_says_the_same(const struct eddy_failure *failure)
{
    static char text[8192], copied[8192];
    struct eddy_failure *copy = failure_clone(failure);
    report_format(failure, text, sizeof text);
    report_format(copy, copied, sizeof copied);
    note("%d", copy != failure && strcmp(text, copied) == 0);
    failure_unref(copy);
}

eddy_async(void, copies)
{
    eddy_error err;
    eddy_await(awaits_a_task(), &err);
    note_that_a_copy_says_the_same(err.failure);
    eddy_await(deep(30), &err);
    note_that_a_copy_says_the_same(err.failure);
    eddy_await(group_of_two(), &err);
    note_that_a_copy_says_the_same(err.failure);
}

/* A task that awaits the same task as others gets a copy. */
static void a_copy_has_every_place_and_member(void **state)
{
    (void)state;
    RUN(copies());
    told("1 1 1");
}

static void fail_in_clean_up(int *code)
{
    eddy_error err;
    eddy_await(boom(*code), &err); /* its own failure, caught: it does not appear outside */
    note("%s", eddy_error_name(err.code));
}

eddy_async(void, cleans_up)
{
    int code = EDOM;
    eddy_defer(fail_in_clean_up, &code);
    eddy_await(boom(EIO));
}

eddy_async(void, catches)
{
    eddy_error err;
    eddy_await(cleans_up(), &err);
    note("%s %s", eddy_error_name(err.code), err.message);
}

static void clean_up_that_catches_an_error_does_not_lose_the_one_under_way(void **state)
{
    (void)state;
    RUN(catches());
    told("EDOM EIO boom 5");
}

eddy_async(void, times_out)
{
    eddy_async_with (scope, eddy_timeout(0.001))
        eddy_await(eddy_sleep(1000));
}

eddy_async(void, looks_for_the_cause)
{
    eddy_error err;
    eddy_await(times_out(), &err);
    note("%s", eddy_error_name(err.code));
    note("%s", eddy_error_name(eddy_error_cause(&err).code));
}

static void a_timeout_has_the_cancellation_as_its_cause(void **state)
{
    (void)state;
    RUN(looks_for_the_cause());
    told("ETIMEDOUT ECANCELED");
}

/* ---- errors that no task receives ---- */

static void on_error(const eddy_error *error, void *argument)
{
    char text[1024];
    eddy_error_format(error, text, sizeof text);
    note("%s:%s:%d", (const char *)argument, error->message, strstr(text, "in boom") != NULL);
}

eddy_async(void, loses_errors)
{
    static char handler[] = "handler";
    eddy_error err;
    eddy_set_exception_handler(on_error, handler);
    eddy_detach(eddy_spawn(boom(1)));       /* no task can receive it: reported */
    struct boom *seen = eddy_spawn(boom(2)); /* awaited: not */
    struct boom *waited = eddy_spawn(boom(3)), *cancelled = eddy_spawn(boom(4));
    eddy_await(eddy_wait(&waited, 1, EDDY_ALL_COMPLETED)); /* this asks whether it is done, not how: reported */
    eddy_await(eddy_wait(&cancelled, 1, EDDY_ALL_COMPLETED));
    eddy_cancel(cancelled); /* cancelled after its end, so its result does not matter: not reported */
    eddy_await(seen, &err);
    eddy_detach(waited);
    eddy_detach(cancelled);
    eddy_await(eddy_sleep(0));
    note("end");
}

/* D31 */
static void a_lost_error_is_reported_exactly_once(void **state)
{
    (void)state;
    RUN(loses_errors());
    told("handler:boom 1:1 handler:boom 3:1 end");
}

eddy_async(void, leaves_a_failed_child)
{
    struct boom *t = eddy_spawn(boom(6)); /* ends before this function does, and is not awaited */
    eddy_await(eddy_sleep(0.001));
    note("%d", eddy_done(t));
}

static void a_failed_task_that_was_not_awaited_is_reported(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), leaves_a_failed_child()), 0);
    told("1");
    assert_int_equal(log_count("task \"boom-2\" failed and was not awaited"), 1);
    assert_int_equal(log_count("boom 6"), 1);
}

static void on_error_by_option(const eddy_error *error, void *argument)
{
    note("%s", error->message);
    eddy_error *kept = argument;
    *kept = *error;
    eddy_error_keep(kept); /* what the handler is shown is valid only during the call */
}

static void the_exception_handler_is_an_option_and_may_keep_the_error(void **state)
{
    (void)state;
    eddy_error kept;
    eddy_loop_options options = {
        .size = sizeof options, .exception_handler = on_error_by_option, .exception_argument = &kept};
    long before = memory_live_blocks();
    assert_int_equal(eddy_run_with(&options, leaves_a_failed_child()), 0);
    told("1 boom 6");
    assert_string_equal(kept.message, "boom 6");
    eddy_error_free(&kept);
    assert_int_equal(memory_live_blocks(), before);
}

/* ---- errno ---- */

eddy_async(void, sets_errno, (int, value))
{
    note("%d", errno);
    errno = value;
    for (int i = 0; i < 3; i++) {
        eddy_await(eddy_sleep(i ? 0.001 : 0));
        if (errno != value)
            note("errno %d, not %d", errno, value);
    }
}

eddy_async(void, errno_of_each)
{
    errno = 0;
    struct sets_errno *a = eddy_spawn(sets_errno(11)), *b = eddy_spawn(sets_errno(22));
    errno = 33;
    eddy_await(eddy_sleep(0));
    note("%d", errno);
    eddy_await(a);
    eddy_await(b);
    note("%d", errno);
}

static void errno_is_each_tasks_own(void **state)
{
    (void)state;
    RUN(errno_of_each());
    told("0 0 33 33");
}

/* ---- without memory ---- */

eddy_async(void, raises_without_memory)
{
    eddy_error err;
    struct eddy_failure *held[40];
    memory_fail_after(1);
    struct eddy_failure *failure = failure_of(EIO, "text");
    memory_fail_after(0);
    note("%d", failure->code == EIO);
    eddy_failure_catch(failure, &err);
    note("%s", err.message);
    eddy_failure_catch(failure_of(EDOM, NULL), &err); /* gives the record back to the reserve */
    size_t kept = 0;
    for (size_t i = 0; i < 40; i++) {
        memory_fail_after(1);
        held[i] = failure_of(EIO, NULL);
        kept += held[i]->code == EIO;
    }
    memory_fail_after(0);
    note("%d", kept == 16 && held[39] == &failure_no_memory); /* the reserve is used up */
    for (size_t i = 0; i < 40; i++)
        failure_unref(held[i]);
    memory_fail_after(1);
    failure = failure_of(EIO, NULL);
    memory_fail_after(0);
    note("%d", failure->code == EIO);
    failure_unref(failure);
}

static void without_memory_an_error_keeps_its_code(void **state)
{
    (void)state;
    RUN(raises_without_memory());
    told("1 (no memory for the message) 1 1");
}

eddy_async(void, nests, (bool, in_groups))
{
    enum { LEVELS = 20000 };
    char text[8192];
    eddy_error err;
    struct eddy_failure *failure = failure_of(EIO, "the first");
    for (int i = 0; i < LEVELS; i++) {
        struct eddy_failure *outer = failure_of(EDOM, "another");
        if (in_groups)
            failure_group(outer, failure);
        else
            failure_because(outer, failure);
        failure = outer;
    }
    failure_lend(failure, &err);
    note("%d", eddy_error_format(&err, text, sizeof text) < sizeof text && strstr(text, "left out"));
    failure_unref(failure); /* on a stack that has no room for a call per error */
}

static void nested_errors_are_printed_and_freed_without_recursion(void **state)
{
    (void)state;
    RUN(nests(false));
    RUN(nests(true));
    told("1 1");
}

static void of_several_failures_the_first_leaves_and_the_others_follow_it(void **state)
{
    (void)state;
    char text[400], expected[400];
    long blocks = memory_live_blocks();
    struct eddy_failure *first = failure_of(EIO, "one"), *second = failure_of(EDOM, "two"),
                        *third = failure_of(EBUSY, "three");
    assert_ptr_equal(eddy_failure_chain(NULL, NULL, NULL), NULL);
    assert_ptr_equal(eddy_failure_chain(NULL, second, NULL), second);
    assert_ptr_equal(eddy_failure_chain(first, NULL, NULL), first);
    assert_ptr_equal(eddy_failure_chain(first, first, NULL), first);
    assert_ptr_equal(first->later, NULL);
    assert_ptr_equal(eddy_failure_chain(first, second, NULL), first);
    assert_ptr_equal(eddy_failure_chain(first, third, NULL), first);
    assert_ptr_equal(first->later, second);
    assert_ptr_equal(second->later, third);
    size_t length = report_format(first, text, sizeof text);
    snprintf(expected, sizeof expected, "EIO: %s: one\n\nDuring clean-up another error occurred:\n\nEDOM: %s: two\n"
             "\nDuring clean-up another error occurred:\n\nEBUSY: %s: three\n", eddy_error_text(EIO),
             eddy_error_text(EDOM), eddy_error_text(EBUSY));
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
    assert_int_equal(report_format(first, text, 4), length); /* truncated, but the whole length is returned */
    assert_string_equal(text, "EIO");
    failure_unref(first); /* and the others are freed with it */
    assert_int_equal(memory_live_blocks(), blocks);
}

eddy_async(void, cleans_up_without_memory)
{
    long blocks = memory_live_blocks();
    note("%d", eddy_failure_chain(&failure_no_memory, failure_of(EIO, "lost"), NULL) == &failure_no_memory);
    note("%ld", memory_live_blocks() - blocks);
}

/* A record that all errors share cannot have followers. */
static void errors_that_cannot_follow_are_reported(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), cleans_up_without_memory()), 0);
    told("1 0");
    assert_int_equal(log_count(": lost"), 1);
    assert_int_equal(log_count("an error in clean-up"), 1);
}

/* The first two kilobytes need no memory. */
eddy_async(void, prints_reports_of_many_lengths)
{
    for (int size = 1900; size < 2100; size++) {
        struct eddy_failure *failure = failure_of(EIO, "%0*d", size, 1);
        logged[0] = '\0';
        report_print(failure);
        if (strlen(logged) < (size_t)size || !strstr(logged, "01\n"))
            note("%d", size);
        failure_unref(failure);
    }
}

static void a_report_of_any_length_is_whole(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), prints_reports_of_many_lengths()), 0);
    told("");
}

/* ---- messages ---- */

static void expect_message(struct eddy_failure *failure, const char *message)
{
    assert_string_equal(failure->message, message);
    failure_unref(failure);
}

static void a_message_is_what_printf_makes_of_it(void **state)
{
    (void)state;
    char longest[128], expected[300];
    expect_message(failure_of(EIO, "words"), "words");
    expect_message(failure_of(EIO, "%s", "a name"), "a name");
    expect_message(failure_of(EIO, "read(%s): %s%s", "peer", "", "end"), "read(peer): end");
    expect_message(failure_of(EIO, "%s: %d of %5.1f%%", "part", 3, 2.5), "part: 3 of   2.5%");
    expect_message(failure_of(EIO, "%3s|%-3s|%.2s", "a", "b", "cde"), "  a|b  |cd");
    for (size_t size = 120; size < sizeof longest; size++) {
        memset(longest, 'x', size);
        longest[size] = '\0';
        snprintf(expected, sizeof expected, "1%s2%s3", longest, "y");
        expect_message(failure_of(EIO, "1%s2%s3", longest, "y"), expected);
        expect_message(failure_of(EIO, "%s", longest), longest);
    }
}

/* ---- errors in plain functions ---- */

eddy_generator(int, breaks, (int, code))
{
    eddy_error err;
    eddy_yield(1, &err);
    eddy_raise(code, "a step broke");
}

/* Nobody here can catch an error, and no await can pass it on. */
static void steps_and_closes(void)
{
    struct breaks stepped = breaks(EDOM), closed = breaks(ERANGE);
    int v = 0;
    assert_true(eddy_next(&stepped, &v) && v == 1);
    assert_false(eddy_next(&stepped, &v));
    assert_true(eddy_next(&closed, &v));
    eddy_close(&closed);
    eddy_for_each (x, breaks(EILSEQ))
        if (x == 1)
            break;
}

eddy_async(void, calls_a_plain_function)
{
    steps_and_closes();
}

static void an_error_in_a_plain_function_is_reported_where_it_is_lost(void **state)
{
    (void)state;
    long before = memory_live_blocks();
    assert_int_equal(eddy_run_with(LOGGING(), calls_a_plain_function()), 0);
    assert_int_equal(log_count("an error for which there was no &err"), 3);
    assert_int_equal(log_count("EDOM") + log_count("ERANGE") + log_count("EILSEQ"), 3);
    assert_int_equal(memory_live_blocks(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_in_a_plain_function_is_reported_where_it_is_lost),
        cmocka_unit_test(a_message_is_what_printf_makes_of_it),
        cmocka_unit_test(a_report_of_any_length_is_whole),
        cmocka_unit_test(nested_errors_are_printed_and_freed_without_recursion),
        cmocka_unit_test(of_several_failures_the_first_leaves_and_the_others_follow_it),
        cmocka_unit_test(errors_that_cannot_follow_are_reported),
        cmocka_unit_test(details_live_until_the_next_error_is_caught_or_as_long_as_kept),
        cmocka_unit_test(an_error_alone_is_a_group_of_one),
        cmocka_unit_test(a_part_of_a_group_can_be_kept_alone),
        cmocka_unit_test(a_traceback_names_places_and_tasks),
        cmocka_unit_test(a_traceback_keeps_every_place),
        cmocka_unit_test(a_copy_has_every_place_and_member),
        cmocka_unit_test(clean_up_that_catches_an_error_does_not_lose_the_one_under_way),
        cmocka_unit_test(a_timeout_has_the_cancellation_as_its_cause),
        cmocka_unit_test(a_lost_error_is_reported_exactly_once),
        cmocka_unit_test(a_failed_task_that_was_not_awaited_is_reported),
        cmocka_unit_test(the_exception_handler_is_an_option_and_may_keep_the_error),
        cmocka_unit_test(errno_is_each_tasks_own),
        cmocka_unit_test(without_memory_an_error_keeps_its_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
