// error: throw_needs_async_function_or_generator
/* SPDX-License-Identifier: MIT */
/* A plain function that returns nothing: its return is not reported as a second mistake. */
#include <eddy/keywords.h>
#include "common.h"

void helper(void)
{
    throw(EINVAL, "bad");
}
