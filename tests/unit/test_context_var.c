/* SPDX-License-Identifier: MIT */
/* test_context_var.c - rules of context variables: a task has a copy, a direct await shares them, calls keep theirs. */
#include <eddy.h>
#include <errno.h>
#include <pthread.h>

#include "os/memory.h"
#include "transcript.h"

static char nobody[] = "nobody", ann[] = "ann", bob[] = "bob", eve[] = "eve";
static eddy_context_var user = EDDY_CONTEXT_VAR_INIT("user", nobody);
static eddy_context_var other = EDDY_CONTEXT_VAR_INIT("other", NULL);

static void note_user(void *unused)
{
    (void)unused;
    note("%s", (const char *)eddy_context_get(&user));
}

eddy_async(void, become, (char *, name))
{
    eddy_context_set(&user, name);
    eddy_await(eddy_sleep(0));
    note_user(NULL);
}

eddy_async(void, copies)
{
    note_user(NULL);
    eddy_await(become(ann));
    note_user(NULL);
    struct become *one = eddy_spawn(become(bob)), *two = eddy_spawn(become(eve));
    eddy_context_set(&user, nobody); /* set after the spawn: the tasks do not see it, nor does this task see theirs */
    eddy_await(one);
    eddy_await(two);
    note_user(NULL);
}

/* B73 */
static void a_task_has_a_copy_and_a_direct_await_shares(void **state)
{
    (void)state;
    RUN(copies());
    told("nobody ann ann bob eve nobody");
}

eddy_async(void, sees)
{
    note_user(NULL);
}

eddy_async(void, spawns_before_and_after)
{
    struct sees *before = eddy_spawn(sees());
    eddy_context_set(&user, ann);
    struct sees *after = eddy_spawn(sees());
    eddy_await(before);
    eddy_await(after);
}

static void the_copy_is_made_at_the_spawn(void **state)
{
    (void)state;
    RUN(spawns_before_and_after());
    told("nobody ann");
}

static void spawn_in_a_call(void *unused)
{
    (void)unused;
    eddy_context_set(&user, eve); /* for this call alone, and for the tasks that it spawns */
    eddy_detach(eddy_spawn(sees()));
}

eddy_async(void, calls)
{
    eddy_context_set(&user, ann);
    eddy_call_soon(note_user, NULL);
    eddy_call_later(0.1, note_user, NULL);
    struct sees *t = eddy_spawn(sees());
    eddy_add_done_callback(t, note_user, NULL);
    eddy_call_soon(spawn_in_a_call, NULL);
    eddy_call_soon(note_user, NULL);
    eddy_context_set(&user, bob);
    eddy_await(t);
    eddy_await(eddy_sleep(0.3));
    note_user(NULL);
}

/* B74 */
static void a_call_has_the_context_variables_of_its_caller(void **state)
{
    (void)state;
    RUN(calls());
    told("ann ann ann ann eve ann bob");
}

eddy_async_generator(int, sets_and_yields)
{
    eddy_context_set(&user, eve);
    eddy_yield(1);
}

eddy_async(void, iterates)
{
    eddy_async_for (x, sets_and_yields())
        note("%d", x);
    note_user(NULL);
}

/* B65 */
static void async_generators_have_no_separate_variables(void **state)
{
    (void)state;
    RUN(iterates());
    told("1 eve");
}

eddy_async(void, sets_many_times)
{
    long before = memory_live_blocks();
    for (int i = 0; i < 100; i++) {
        eddy_context_set(&user, i & 1 ? ann : bob);
        eddy_context_set(&other, eve);
    }
    note("%d", memory_live_blocks() - before <= 2);
    note("%s %s", (char *)eddy_context_get(&user), (char *)eddy_context_get(&other));
    memory_fail_after(1);
    note("%s", eddy_error_name(eddy_context_set(&user, bob)));
    memory_fail_after(2); /* the previous value would have to be copied */
    note("%s", eddy_error_name(eddy_context_set(&user, bob)));
    memory_fail_after(0);
    note_user(NULL);
}

static void setting_again_replaces_and_without_memory_changes_nothing(void **state)
{
    (void)state;
    RUN(sets_many_times());
    told("1 ann eve ENOMEM ENOMEM ann");
}

static void *use_variables_and_errors(void *argument)
{
    eddy_error err;
    eddy_context_set(&user, ann);
    eddy_error_set(&err, EIO, "caught by this thread");
    *(bool *)argument = eddy_context_get(&user) == ann;
    return NULL;
}

static void a_thread_without_a_loop_has_its_own_and_leaves_nothing(void **state)
{
    (void)state;
    long before = memory_live_blocks();
    bool good = false;
    pthread_t thread;
    pthread_create(&thread, NULL, use_variables_and_errors, &good);
    pthread_join(thread, NULL);
    assert_true(good);
    assert_ptr_equal(eddy_context_get(&user), nobody);
    assert_int_equal(memory_live_blocks(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_has_a_copy_and_a_direct_await_shares),
        cmocka_unit_test(the_copy_is_made_at_the_spawn),
        cmocka_unit_test(a_call_has_the_context_variables_of_its_caller),
        cmocka_unit_test(async_generators_have_no_separate_variables),
        cmocka_unit_test(setting_again_replaces_and_without_memory_changes_nothing),
        cmocka_unit_test(a_thread_without_a_loop_has_its_own_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
