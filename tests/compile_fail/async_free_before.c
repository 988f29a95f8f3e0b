// error: later
/* SPDX-License-Identifier: MIT */
/* async_free stands after the function whose result it frees. */
#include <eddy/keywords.h>
#include "common.h"

static void close_number(int n)
{
    (void)n;
}
async_free(later, close_number);
async(int, later)
{
    return 1;
}
