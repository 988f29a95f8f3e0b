/* SPDX-License-Identifier: MIT */
/* faults_scopes.c - groups, timeouts, gathers, waits and managers, when an allocation or an operation fails. */
#include "faults.h"

async(int, twice, (int, n))
{
    await(eddy_sleep(0.001 * n));
    return 2 * n;
}

async(void, fails, (int, code))
{
    await(eddy_sleep(0.001));
    throw(code, "with code %d", code);
}

async(void, fails_in_clean_up, (int, code))
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    throw(code, "in clean-up");
}

async(void, group_of_three)
{
    int a = 0, b = 0, c = 0;
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, twice(1), &a);
        eddy_group_spawn(group, twice(2), &b);
        async_with (inner, eddy_task_group())
            eddy_group_spawn(inner, twice(3), &c);
    }
    EXPECT(a + b + c == 12);
}

async(void, group_that_fails)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, fails(EIO));
        eddy_group_spawn(group, fails_in_clean_up(EDOM));
        eddy_group_spawn(group, twice(1000));
        await(eddy_sleep(1000));
    }
}

async(void, group_is_cancelled)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, twice(1000));
        await(eddy_sleep(0));
        eddy_group_cancel(group);
    }
}

async(void, times_out)
{
    async_with (scope, eddy_timeout(0.005)) {
        eddy_reschedule(scope, eddy_time() + 0.001);
        async_with (group, eddy_task_group()) {
            eddy_group_spawn(group, twice(1000));
            await(eddy_sleep(1000));
        }
    }
}

async(void, fails_as_it_should)
{
    eddy_error err;
    await(group_that_fails(), &err);
    EXPECT(err.code == EIO || err.code == EDOM || err.code == ENOMEM);
    await(times_out(), &err);
    EXPECT(err.code == ETIMEDOUT || err.code == ENOMEM);
}

async(void, gathers)
{
    eddy_error err;
    struct twice *a = spawn(twice(1)), *b = spawn(twice(2));
    await(eddy_gather(a, b, twice(3), eddy_sleep(0.001)));
    int sum = await(a) + await(b);
    EXPECT(sum == 6);
    await(eddy_gather(fails(EIO), twice(50)), &err); /* the other runs on, and is joined at the end */
    EXPECT(err.code == EIO || err.code == ENOMEM);
    await(eddy_gather_settled(fails(EIO), twice(1)));
    struct eddy_gather dropped = eddy_gather_settled(twice(1000), twice(1000)); /* cancelled together with the task */
    (void)dropped;
}

async(void, waits)
{
    struct twice *tasks[4];
    int sum = 0;
    for (int i = 0; i < 4; i++)
        tasks[i] = spawn(twice(i + 1));
    size_t done = await(eddy_wait(tasks, 4, EDDY_FIRST_COMPLETED));
    EXPECT(done >= 1);
    async_for (t, eddy_as_completed(tasks, 4))
        sum += eddy_done(t);
    for (int i = 0; i < 4; i++)
        sum += await(tasks[i]);
    EXPECT(sum == 24);
}

generator(const char *, room, (const char *, name))
{
    yield(name);
}

async_generator(const char *, slow_room, (const char *, name))
{
    await(eddy_sleep(0.001));
    yield(name);
    await(eddy_sleep(0.001));
}

async(void, managers)
{
    size_t length = 0;
    async_with (a, eddy_manager_from_generator(room("one")))
        async_with (b, eddy_manager_from_generator(slow_room("two")))
            length = strlen(a) + strlen(b);
    EXPECT(length == 6);
}

async(void, main_task)
{
    PART(group_of_three());
    PART(fails_as_it_should());
    PART(group_is_cancelled());
    PART(gathers());
    PART(waits());
    PART(managers());
}

int main(void)
{
    return RUN_EXACTLY(main_task());
}
