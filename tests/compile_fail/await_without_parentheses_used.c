// error: it takes its operand in parentheses: await\(f\(x\)\)
/* SPDX-License-Identifier: MIT */
/* The same where the value is used. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    int n = await f(1);
    printf("%d\n", n);
    return 0;
}
