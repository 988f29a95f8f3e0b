// error: must be the address of an eddy_error
/* SPDX-License-Identifier: MIT */
/* An int * cannot receive an error. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    int err;
    yield(1, &err);
}
