/* SPDX-License-Identifier: MIT */
/* run_rules.c - eddy_run is for the outermost caller; when main has ended, the remaining tasks are cancelled. */
#include <eddy/keywords.h>
#include <stdio.h>

static void say(const char *text)
{
    puts(text);
}

async(int, inner)
{
    return 1;
}

async(void, background)
{
    defer(say, "background: stopped");
    await(eddy_sleep(3600));
}

async(void, main_task)
{
    eddy_error err;
    eddy_run(inner(), &err);
    if (err.code == EDDY_LOOP_RUNNING)
        puts("no second run inside the first");
    struct background *task = spawn(background());
    await(eddy_sleep(1));
    printf("main: %s\n", eddy_done(task) ? "never" : "done");
}

int main(void)
{
    return eddy_run(main_task());
}
