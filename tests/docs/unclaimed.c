/* SPDX-License-Identifier: MIT */
/* unclaimed.c - results that are never taken */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <eddy/keywords.h>

// [free]
async(char *, read_title, (const char *, name))
{
    await(eddy_sleep(1));
    char *title = strdup(name);
    if (!title)
        throw(ENOMEM, "no memory for a title");
    return title;
}

async_free(read_title, free); /* counts the results that are never taken */
// [free]

async(int, main_task)
{
    eddy_detach(spawn(read_title("detached")));
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, read_title("without a slot"));
    }
    await(eddy_sleep(1));
    char *title = await(read_title("taken"));
    puts(title);
    free(title);
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
