// error: await takes the handle itself
/* SPDX-License-Identifier: MIT */
/* Parentheses around *t do not make a coroutine value of it. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f *t = spawn(f(1));
    return await((*t));
}
