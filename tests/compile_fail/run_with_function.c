// error: eddy_run_with needs options and a coroutine value
/* SPDX-License-Identifier: MIT */
/* The parentheses of the call were forgotten. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    return eddy_run_with(&(eddy_loop_options){.seed = 1, .debug = true}, f);
}
