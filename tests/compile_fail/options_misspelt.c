// error: sed
// plain: 42
/* SPDX-License-Identifier: MIT */
/* A field of an options struct that does not exist. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    return eddy_run_with(&(eddy_loop_options){.sed = 3}, f(1));
    return 0;
}
