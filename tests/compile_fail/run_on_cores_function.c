// error: eddy_run_on_cores needs a number and a coroutine value: eddy_run_on_cores\(0, main_task\(\)\)
/* SPDX-License-Identifier: MIT */
/* The function itself instead of a call of it. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    return eddy_run_on_cores(0, f);
}
