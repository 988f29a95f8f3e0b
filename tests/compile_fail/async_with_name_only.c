// error: this needs a type, a name that is no keyword, then the parameters
/* SPDX-License-Identifier: MIT */
/* The result is never left out: async(void, g). */
#include <eddy/keywords.h>
#include "common.h"

async(g)
{
}
