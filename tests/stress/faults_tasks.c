/* SPDX-License-Identifier: MIT */
/* faults_tasks.c - tasks, futures, callbacks, context variables and errors, when an allocation or an operation
 * fails. */
#include "faults.h"

typedef future_of(int) int_future;

static eddy_context_var user = EDDY_CONTEXT_VAR_INIT("user", NULL);

async(int, twice, (int, n))
{
    await(eddy_sleep(0.001));
    return 2 * n;
}

async(int, deep, (int, n))
{
    if (n == 0)
        throw(EIO, "at the bottom");
    return await(deep(n - 1)) + 1;
}

async(void, sleeper)
{
    await(eddy_sleep(1000));
}

static void clean_slowly(int *count)
{
    eddy_error err;
    eddy_await(eddy_sleep(0.001), &err);
    ++*count;
}

async(void, cleans_up, (int *, count))
{
    defer(clean_slowly, count);
    await(eddy_sleep(1000));
}

static void count_up(int *count)
{
    ++*count;
}

async(void, results)
{
    struct twice *a = spawn(twice(1)), *b = spawn_eager(twice(2));
    struct twice *c = spawn_with(twice(3), &(eddy_spawn_options){.size = sizeof(eddy_spawn_options),
                                                                  .name = "named", .stack_size = 200 * 1024});
    int sum = await(a) + await(b) + await(c);
    EXPECT(sum == 12);
}

/* Tasks that are not awaited: joined by the frame, or detached. */
async(void, abandoned)
{
    int cleaned = 0;
    for (int i = 0; i < 3; i++) {
        struct cleans_up *t = spawn(cleans_up(&cleaned));
        eddy_task_set_name(t, "a cleaner");
    }
    eddy_detach(spawn(twice(4)));
    eddy_detach(spawn(sleeper())); /* eddy_run cancels it */
    await(eddy_sleep(0));
}

async(void, cancelled)
{
    eddy_error err;
    int cleaned = 0;
    struct cleans_up *t = spawn(cleans_up(&cleaned));
    await(eddy_sleep(0));
    eddy_cancel(t, "for a reason");
    await(t, &err);
    EXPECT(err.code == ECANCELED || err.code == ENOMEM);
    struct sleeper *s = spawn(sleeper());
    await_for(s, 0.001, &err);
    EXPECT(err.code == ETIMEDOUT || err.code == ENOMEM);
    await_shielded(twice(1));
}

async(void, callbacks)
{
    int count = 0;
    struct twice *t = spawn(twice(5));
    if (eddy_add_done_callback(t, count_up, &count) || eddy_add_done_callback(t, count_up, &count))
        eddy_remove_done_callback(t, count_up, &count);
    int value = await(t);
    if (!eddy_call_soon(count_up, &count) || !eddy_call_later(0.002, count_up, &count))
        fprintf(stderr, "no memory for a call\n");
    eddy_handle_cancel(eddy_call_later(0.003, count_up, &count));
    await(eddy_sleep(0.01));
    EXPECT(value == 10);
}

static void set_it(int_future *f)
{
    eddy_set_result(f, 7);
}

async(int, wait_for_it, (int_future *, f))
{
    return await(f);
}

async(void, futures)
{
    int_future *f = eddy_future_new(int_future), *bad = eddy_future_new(int_future);
    defer(eddy_future_free, bad);
    defer(eddy_future_free, f);
    struct wait_for_it *a = spawn(wait_for_it(f)), *b = spawn(wait_for_it(bad));
    if (!eddy_call_later(0.001, set_it, f))
        eddy_set_error(f, ENOMEM, "no memory for a call");
    eddy_set_error(bad, EBADF, "bad %s", "future");
    eddy_error err;
    await(b, &err);
    EXPECT(err.code);
    int value = await(a);
    EXPECT(value == 7);
}

async(void, errors)
{
    eddy_error err, kept;
    await(deep(20), &err); /* more places than an error record has room for */
    kept = err;
    eddy_error_keep(&kept);
    defer(eddy_error_free, &kept);
    struct deep *t = spawn(deep(3));
    await(t, &err);
    EXPECT(kept.code);
    await(deep(1), &err);
    rethrow(&err);
}

async(void, catches_errors)
{
    eddy_error err;
    await(errors(), &err);
    if (err.code != EIO && err.code != ENOMEM)
        rethrow(&err);
}

async(void, sets_user, (char *, name))
{
    if (eddy_context_set(&user, name))
        throw(ENOMEM, "no memory for a variable");
    await(eddy_sleep(0));
    EXPECT(eddy_context_get(&user) == name);
}

async(void, variables)
{
    char a[] = "a", b[] = "b";
    await(sets_user(a));
    struct sets_user *t = spawn(sets_user(b));
    await(t);
    EXPECT(eddy_context_get(&user) == a);
}

async(void, main_task)
{
    PART(results());
    PART(abandoned());
    PART(cancelled());
    PART(callbacks());
    PART(futures());
    PART(catches_errors());
    PART(variables());
}

int main(void)
{
    return RUN_EXACTLY(main_task());
}
