// error: it takes its operand in parentheses: await\(f\(x\)\)
/* SPDX-License-Identifier: MIT */
/* As in Python, where await is a word before its operand. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    await f(1);
    return 0;
}
