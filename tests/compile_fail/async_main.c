// error: main is a plain function: name this main_task; int main calls eddy_run\(main_task\(\)\)
/* SPDX-License-Identifier: MIT */
/* As in other languages, whose main may be async. */
#include <eddy/keywords.h>
#include <stdio.h>

async(int, main, (int, argc), (char **, argv))
{
    await(eddy_sleep(1));
    printf("%d %s\n", argc, argv[0]);
    return 0;
}
