/* SPDX-License-Identifier: MIT */
/* ready_order.c - one pass of the loop runs the tasks that were ready when it began; tasks that become
 * ready meanwhile wait. */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>

static void say(const char *text)
{
    puts(text);
}

static void say_2_then_5(const char *text)
{
    puts(text);
    if (!eddy_call_soon(say, "5"))
        puts("no memory to say 5");
}

async(void, main_task)
{
    if (!eddy_call_soon(say, "1") || !eddy_call_soon(say_2_then_5, "2") ||
        !eddy_call_soon(say, "3") || !eddy_call_soon(say, "4"))
        throw(ENOMEM);
    await(eddy_sleep(0));
    puts("m");
    await(eddy_sleep(0));
    puts("m2");
}

int main(void)
{
    return eddy_run(main_task());
}
