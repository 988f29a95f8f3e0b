// error: it takes code and text in parentheses: throw\(EINVAL,
/* SPDX-License-Identifier: MIT */
/* As in C++. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    throw EINVAL;
    return 0;
}
