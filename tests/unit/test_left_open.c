/* SPDX-License-Identifier: MIT */
/* test_left_open.c - rules of async generators that were not closed: the end of the loop closes them. */
#include <errno.h>
#include <eddy/keywords.h>

#include "log.h"
#include "os/stack.h"
#include "transcript.h"

static void note_closed(const char *name)
{
    eddy_error err;
    eddy_await(eddy_sleep(0), &err);
    note("%s:%s", name, err.code ? eddy_error_name(err.code) : "closed");
}

async_generator(int, endless, (const char *, name))
{
    defer(note_closed, name);
    for (int i = 0;; i++)
        yield(i);
}

/* Answers its closing by yielding another value. */
async_generator(int, stubborn)
{
    eddy_error err;
    for (int i = 0;; i++)
        yield(i, &err);
}

async_generator(int, fails_when_closed)
{
    eddy_error err;
    yield(1, &err);
    throw(EDOM, "in its clean-up");
}

async_generator(int, in_a_scope)
{
    async_with (scope, eddy_cancel_scope()) {
        defer(note_closed, "scope");
        yield(1);
        (void)scope;
    }
}

/* Runs a body and checks that nothing is left. */
#define RUN_LOGGED(body, ...)                                                                                          \
    do {                                                                                                               \
        long blocks_ = memory_live_blocks(), stacks_ = stack_live();                                                   \
        assert_int_equal(eddy_run_with(LOGGING(__VA_ARGS__), body), 0);                                                \
        assert_int_equal(memory_live_blocks(), blocks_);                                                               \
        assert_int_equal(stack_live(), stacks_);                                                                       \
    } while (0)

async(void, leaves_several_open)
{
    int v;
    struct endless a = endless("a"), b = endless("b"), c = endless("c"), never = endless("never");
    (void)never;
    for (int i = 0; i < 2; i++)
        if (!await(eddy_anext(&a, &v)) || !await(eddy_anext(&b, &v)) || !await(eddy_anext(&c, &v)))
            note("ended");
    await(eddy_aclose(&b));
    note("end");
}

static void open_generators_are_closed_with_clean_up_that_may_await(void **state)
{
    (void)state;
    RUN_LOGGED(leaves_several_open());
    assert_string_equal(logged, "");
    assert_true(strcmp(transcript, "b:closed end c:closed a:closed ") == 0);
    transcript[0] = 0;
}

async(void, leaves_a_stubborn_one)
{
    int v;
    struct stubborn s = stubborn();
    struct endless a = endless("a");
    await(eddy_anext(&a, &v));
    await(eddy_anext(&s, &v));
}

static void one_that_refuses_to_be_closed_is_reported_and_its_stack_given_back(void **state)
{
    (void)state;
    RUN_LOGGED(leaves_a_stubborn_one());
    assert_int_equal(log_count("EDDY_GENERATOR_IGNORED_EXIT"), 1);
    assert_int_equal(log_count("an async generator that was left open failed while it was closed"), 1);
    told("a:closed");
}

async(void, leaves_one_that_fails)
{
    int v;
    struct fails_when_closed f = fails_when_closed();
    struct endless a = endless("a");
    await(eddy_anext(&a, &v));
    await(eddy_anext(&f, &v));
}

static void an_error_of_the_closing_is_reported(void **state)
{
    (void)state;
    RUN_LOGGED(leaves_one_that_fails());
    assert_int_equal(log_count("in its clean-up"), 1);
    assert_int_equal(log_count("an async generator that was left open failed while it was closed"), 1);
    told("a:closed");
}

async(void, opens_a_scope)
{
    int v;
    struct in_a_scope g = in_a_scope();
    await(eddy_anext(&g, &v));
}

/* The scope that the generator is in outlives its task; no request made around it does. */
async(void, leaves_a_scope_open, (bool, cancel))
{
    eddy_error err;
    async_with (scope, eddy_cancel_scope()) {
        struct opens_a_scope *t = spawn(opens_a_scope());
        await(t);
        if (cancel)
            eddy_scope_cancel(scope);
        await_always(eddy_sleep(0), &err);
        note("%s", eddy_error_name(err.code));
    }
    note("end");
}

static void a_scope_that_a_generator_has_left_open_belongs_to_no_task(void **state)
{
    (void)state;
    RUN_LOGGED(leaves_a_scope_open(false));
    told("OK end scope:closed");
    RUN_LOGGED(leaves_a_scope_open(true));
    told("ECANCELED end scope:closed");
    assert_string_equal(logged, "");
}

async_generator(int, in_a_time_out)
{
    async_with (scope, eddy_timeout(0.001)) {
        defer(note_closed, "timed");
        yield(1);
        (void)scope;
    }
}

async(void, opens_a_time_out)
{
    int v;
    struct in_a_time_out g = in_a_time_out();
    await(eddy_anext(&g, &v));
}

async(void, lets_a_time_out_pass)
{
    struct opens_a_time_out *t = spawn(opens_a_time_out());
    await(t);
    await(eddy_sleep(0.002));
    note("slept");
}

static void a_deadline_after_the_end_of_its_task_has_no_effect(void **state)
{
    (void)state;
    RUN_LOGGED(lets_a_time_out_pass());
    told("slept timed:closed");
    assert_string_equal(logged, "");
}

async(void, leaves_one_open_without_memory, (int, n))
{
    int v;
    struct endless a = endless("a");
    await(eddy_anext(&a, &v));
    memory_fail_after(n);
}

/* For every allocation that may fail: the generator is closed or reported, and its stack is given back. */
static void without_memory_to_close_it_its_stack_is_given_back(void **state)
{
    (void)state;
    bool closed = false;
    size_t reported = 0;
    for (int n = 1; !closed; n++) {
        RUN_LOGGED(leaves_one_open_without_memory(n));
        closed = memory_fault_countdown > 0;
        memory_fail_after(0);
        reported += log_count("no memory to close the async generator \"endless\"");
        transcript[0] = 0;
    }
    assert_true(reported > 0);
}

generator(int, yields_when_closed)
{
    eddy_error err;
    for (int i = 1; i <= 5; i++)
        yield(i, &err);
}

/* The variable of the last step may not exist any more. */
static void a_value_yielded_while_closing_reaches_no_variable(void **state)
{
    (void)state;
    eddy_error err;
    struct yields_when_closed g = yields_when_closed();
    int *value = malloc(sizeof *value);
    assert_non_null(value);
    assert_true(eddy_next(&g, value));
    *value = 77;
    g.value = 78;
    eddy_close(&g, &err);
    assert_int_equal(err.code, EDDY_GENERATOR_IGNORED_EXIT);
    assert_int_equal(*value, 77);
    assert_int_equal(g.value, 78);
    free(value);
    assert_true(eddy_next(&g, &(int){0})); /* it goes on if its consumer does */
    for_each (x, &g) {
        assert_int_equal(x, 4);
        break;
    }
    while (eddy_next(&g, &(int){0})) {} /* to its end: a generator that refuses to be closed keeps its stack */
    eddy_error_free(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_generators_are_closed_with_clean_up_that_may_await),
        cmocka_unit_test(a_value_yielded_while_closing_reaches_no_variable),
        cmocka_unit_test(one_that_refuses_to_be_closed_is_reported_and_its_stack_given_back),
        cmocka_unit_test(an_error_of_the_closing_is_reported),
        cmocka_unit_test(a_scope_that_a_generator_has_left_open_belongs_to_no_task),
        cmocka_unit_test(a_deadline_after_the_end_of_its_task_has_no_effect),
        cmocka_unit_test(without_memory_to_close_it_its_stack_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
