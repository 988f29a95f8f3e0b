// error: redefinition
// plain: 43
/* SPDX-License-Identifier: MIT */
/* A function has one way to free its result. */
#include <eddy/keywords.h>
#include "common.h"

static void close_number(int n)
{
    (void)n;
}
async_free(f, close_number);
async_free(f, close_number);
