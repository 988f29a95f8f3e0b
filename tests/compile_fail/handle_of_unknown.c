// error: incompatible pointer type
/* SPDX-License-Identifier: MIT */
/* The handle of f is a struct f *. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct unknown *t = spawn(f(1));
    return await(t);
}
