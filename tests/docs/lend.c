/* SPDX-License-Identifier: MIT */
/* lend.c - a buffer lent to tasks of a group */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <eddy/keywords.h>

async(void, fill, (char *, text), (size_t, size))
{
    await(eddy_sleep(1));
    memset(text, '*', size - 1);
}

async(void, main_task)
{
    char *text = calloc(1, 10);
    if (!text)
        throw(ENOMEM);
    defer(free, text);
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, fill(text, 10));
    puts(text); /* the group has ended; the defer has not run yet */
}

int main(void)
{
    return eddy_run(main_task());
}
