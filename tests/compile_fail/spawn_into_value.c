// error: invalid initializer|incompatible type
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f task = spawn(f(1));
    return await(task);
}
