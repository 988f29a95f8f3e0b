// error: async_as: the parameters of the function differ
/* SPDX-License-Identifier: MIT */
/* A constant is checked as well. */
#include <eddy/keywords.h>
#include "common.h"

async_type(int, operation, (long, n));
static const operation table[] = {async_as(operation, f)};
operation first(void);
operation first(void)
{
    return table[0];
}
