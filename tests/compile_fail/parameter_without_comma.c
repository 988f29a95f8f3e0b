// error: a parameter is a type and a name in parentheses
/* SPDX-License-Identifier: MIT */
/* The type and the name are two arguments. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g, (int, a), (int n))
{
    yield(a);
}
