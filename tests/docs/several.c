/* SPDX-License-Identifier: MIT */
/* several.c - several tasks at once, awaited in three ways */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

async(int, work, (double, seconds), (int, value))
{
    await(eddy_sleep(seconds));
    if (value < 0)
        throw(EDOM, "%d is negative", value);
    return value;
}

async(void, main_task)
{
    struct work *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = spawn(work(3.0 - i, i));

    async_for (t, eddy_as_completed(tasks, 3)) /* t has the type of tasks[0] */
        printf("%s is done\n", eddy_task_name(t));
    for (int i = 0; i < 3; i++)
        printf("%d\n", await(tasks[i])); /* has ended already: the await does not wait, and frees the handle */

    struct work *slow = spawn(work(60, 1));
    eddy_error err;
    int n = await_for(slow, 1.5, &err); /* slow is cancelled, waited for, and freed */
    printf("%d %s\n", n, eddy_error_name(err.code));

    int sizes[2];
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, work(1, 10), &sizes[0]);
        eddy_group_spawn(group, work(1, 20), &sizes[1]);
    } /* both have ended here */
    printf("%d\n", sizes[0] + sizes[1]);
}

int main(void)
{
    return eddy_run(main_task());
}
