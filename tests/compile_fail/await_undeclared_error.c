// error: 'err' undeclared|undeclared identifier 'err'
/* SPDX-License-Identifier: MIT */
/* The variable for the error is not declared. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    return await(f(1), &err);
}
