// error: rethrow needs the address of an eddy_error
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_error err;
    await(eddy_sleep(1), &err);
    rethrow(err);
}
