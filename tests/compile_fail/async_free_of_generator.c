// error: async_free: the function has no result
/* SPDX-License-Identifier: MIT */
/* A generator hands its result to the caller that asks for it. */
#include <eddy/keywords.h>
#include "common.h"

static void close_number(int n)
{
    (void)n;
}
async_free(range, close_number);
