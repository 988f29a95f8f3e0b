// error: a parameter is a type and a name in parentheses
/* SPDX-License-Identifier: MIT */
/* The compiler reports it once, and not again at each use of a parameter or each call. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, int n, char *text)
{
    await(eddy_sleep(n));
    return n + (int)text[0];
}

async(int, main_task)
{
    int first = await(g(1, "a"));
    return first + await(g(2, "b"));
}
