// error: no member named 'future'
/* SPDX-License-Identifier: MIT */
/* The type is made by future_of(T). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f *t = eddy_future_new(struct f);
    return t != NULL;
}
