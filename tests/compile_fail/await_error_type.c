// error: the last argument must be the address of an eddy_error: &err
/* SPDX-License-Identifier: MIT */
/* An int * cannot receive an error. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int err;
    return await(f(1), &err);
}
