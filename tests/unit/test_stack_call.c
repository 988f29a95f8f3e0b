/* SPDX-License-Identifier: MIT */
/* test_stack_call.c - rules of src/core/stack_call.c, and of the stacks of generators: their sizes, and when they
 * are given back. */
#include <eddy/keywords.h>

#include "os/stack.h"
#include "transcript.h"

/* More than the stack of any task in this test has. */
enum { LARGE = 1500 * 1024 };

static volatile char sink;

__attribute__((noinline)) static int use_stack(size_t size)
{
    volatile char room[size];
    for (size_t i = 0; i < size; i += 512)
        room[i] = 1;
    sink = room[0];
    return room[0];
}

/* The findings of a call on the thread's own stack. */
struct found {
    bool own;       /* the call ran on no stack of Eddy's */
    int used;       /* the value that use_stack returned */
    int await_code; /* the error of its await */
    void *variable; /* the value of the context variable */
};

static eddy_context_var variable = EDDY_CONTEXT_VAR_INIT("variable", NULL);

static void look(struct found *found)
{
    eddy_error err;
    found->own = !stack_around(__builtin_frame_address(0));
    found->used = use_stack(LARGE);
    eddy_await(eddy_sleep(0), &err);
    found->await_code = err.code;
    found->variable = eddy_context_get(&variable);
}

static struct found ask(void)
{
    struct found found = {0};
    eddy_call_on_big_stack(look, &found);
    return found;
}

static void look_twice(struct found *found)
{
    *found = ask(); /* a call inside a call is an ordinary one */
}

static void note_found(struct found found)
{
    note("%d%d%d", found.own, found.used, found.await_code == EDDY_NO_TASK);
}

generator(int, asks_in_steps)
{
    struct found found = ask();
    note_found(found);
    yield(1);
    found = ask();
    note_found(found);
}
async_generator(int, asks_in_ticks)
{
    note_found(ask());
    await(eddy_sleep(0));
    note_found(ask());
    yield(1);
}
static void in_callback(void *unused)
{
    (void)unused;
    for_each (x, asks_in_steps())
        sink = (char)x;
}

async(void, asks)
{
    int value = 5;
    eddy_context_set(&variable, &value);
    struct found found = ask();
    note_found(found);
    note(found.variable == &value ? "its own variable" : "another variable");
    eddy_call_on_big_stack(look_twice, &found);
    note_found(found);
    for_each (x, asks_in_steps())
        sink = (char)x;
    async_for (y, asks_in_ticks())
        sink = (char)y;
    eddy_call_soon(in_callback, NULL);
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    note(eddy_context_get(&variable) == &value ? "kept" : "lost");
}

static void a_call_runs_on_the_threads_own_stack(void **state)
{
    (void)state;
    in_callback(NULL); /* no loop: a generator in a program without one */
    note_found(ask());
    assert_int_equal(eddy_run(asks()), 0);
    told("111 111 111 111 its own variable 111 111 111 111 111 111 111 kept");
    assert_int_equal(stack_live(), 0);
}

/* ---- sizes ---- */

generator(int, wide, (size_t, size))
{
    yield(use_stack(size));
    yield(use_stack(size));
}
async_generator(int, wide_ticks, (size_t, size))
{
    await(eddy_sleep(0));
    yield(use_stack(size));
}

static void a_generator_has_the_stack_that_was_asked_for(void **state)
{
    (void)state;
    struct wide g = wide(LARGE);
    int value = 0;
    assert_true(eddy_generator_stack(&g, 2 * LARGE));
    assert_true(eddy_next(&g, &value));
    assert_int_equal(value, 1);
    assert_false(eddy_generator_stack(&g, 4 * LARGE));
    eddy_close(&g);
    assert_false(eddy_generator_stack(&g, 4 * LARGE));
    assert_int_equal(stack_live(), 0);
}

async(void, wide_user)
{
    for_each (x, wide(LARGE))
        note("%d", x);
    async_for (x, wide_ticks(LARGE))
        note("%d", x);
}
async(void, spawns_wide)
{
    struct wide_ticks ticks = wide_ticks(LARGE);
    eddy_generator_stack(&ticks, 2 * LARGE);
    async_for (x, &ticks)
        note("%d", x);
    eddy_spawn_options options = {.size = sizeof options, .stack_size = 2 * LARGE};
    struct wide_user *t = eddy_spawn_with(wide_user(), &options);
    await(t);
}

static void a_generator_inherits_the_size_of_its_tasks_stack(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(spawns_wide()), 0);
    told("1 1 1 1");
}

/* ---- depth ---- */

/* ignores: the error that is thrown in at the bottom is caught, and the generator yields again. */
generator(int, deep, (int, depth), (bool, ignores))
{
    volatile char room[256];
    room[depth & 255] = (char)depth;
    eddy_error err = {0};
    if (depth) {
        yield_from(deep(depth - 1, ignores));
    } else {
        yield(1);
        yield(2, &err);
        if (ignores)
            yield(3);
    }
    sink = room[depth & 255];
}

static void fresh_stacks_of_delegation_go_back(void **state)
{
    (void)state;
    enum { DEPTH = 5000 };
    struct deep g = deep(DEPTH, false);
    int value;
    assert_true(eddy_next(&g, &value));
    assert_true(stack_live() > 2);
    long most = stack_live();
    for (int i = 0; i < 2; i++)
        eddy_next(&g, &value);
    assert_int_equal(stack_live(), 0);
    for_each (x, deep(DEPTH, false)) {
        assert_int_equal(stack_live(), most);
        assert_int_equal(x, 1);
        break;
    }
    assert_int_equal(stack_live(), 0);
}

generator(int, deep_then_flat)
{
    yield_from(deep(5000, false));
    yield_from(deep(0, false));
}

/* Back on its own stack, a generator has the room there again. */
static void deep_delegation_becomes_flat_again(void **state)
{
    (void)state;
    int number = 0;
    for_each (x, deep_then_flat()) {
        assert_true(x == 1 || x == 2);
        assert_true(number < 2 ? stack_live() > 2 : stack_live() == 1);
        number++;
    }
    assert_int_equal(number, 4);
}

/* A generator that yields when it is closed is destroyed where it stands, with all its stacks. */
static void stacks_of_a_generator_that_yields_on_close_go_back(void **state)
{
    (void)state;
    for_each (x, deep(5000, true))
        if (x == 2)
            break;
    assert_int_equal(stack_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_runs_on_the_threads_own_stack),
        cmocka_unit_test(a_generator_has_the_stack_that_was_asked_for),
        cmocka_unit_test(a_generator_inherits_the_size_of_its_tasks_stack),
        cmocka_unit_test(fresh_stacks_of_delegation_go_back),
        cmocka_unit_test(deep_delegation_becomes_flat_again),
        cmocka_unit_test(stacks_of_a_generator_that_yields_on_close_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
