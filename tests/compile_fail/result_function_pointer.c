// error: a pointer to a function needs a name: typedef int
/* SPDX-License-Identifier: MIT */
/* Such a type is written around its name. */
#include <eddy/keywords.h>
#include "common.h"

async(int (*)(int), g)
{
    return NULL;
}
