// error: throw needs a code first
/* SPDX-License-Identifier: MIT */
/* An error that was caught is thrown again by rethrow(&err). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_error err;
    await(eddy_sleep(1), &err);
    throw(err);
}
