// error: the variable must have the type that the generator yields
/* SPDX-License-Identifier: MIT */
/* The same of an async generator. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct ticker t = ticker(1);
    long v;
    return await(eddy_anext(&t, &v));
}
