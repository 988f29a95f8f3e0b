/* SPDX-License-Identifier: MIT */
/* routine.c - a coroutine can be looked at before it runs; eddy_run does the rest. */
#include <eddy/keywords.h>
#include <stdio.h>
#include <string.h>

async(void, hello)
{
    puts("Hello ...");
    await(eddy_sleep(1));
    puts("World!");
}

int main(void)
{
    struct hello routine = hello();
    char text[120];
    eddy_describe(&routine, text, sizeof text);
    *strstr(text, " at ") = '\0'; /* the address differs from run to run */
    puts(text);
    return eddy_run(routine);
}
