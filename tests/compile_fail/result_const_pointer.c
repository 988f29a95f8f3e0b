// error: leave its const out
/* SPDX-License-Identifier: MIT */
/* The pointer itself is const, not what it points to. */
#include <eddy/keywords.h>
#include "common.h"

async(char *const, name, (char *const, given))
{
    return given;
}
