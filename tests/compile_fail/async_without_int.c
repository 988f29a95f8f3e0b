// error: type defaults to|type specifier missing
/* SPDX-License-Identifier: MIT */
/* `auto` is not a type in C. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    auto t = spawn(f(1));
    return await(t);
}
