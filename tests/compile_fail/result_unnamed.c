// error: the type of a result or parameter needs a name
/* SPDX-License-Identifier: MIT */
/* Each struct without a name is a type of its own. */
#include <eddy/keywords.h>
#include "common.h"

async(struct { int a; int b; }, pair)
{
    return (struct { int a; int b; }){1, 2};
}
