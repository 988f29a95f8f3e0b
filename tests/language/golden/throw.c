/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

async(int, fails)
// expanded:
{
    throw(5, "no %s", "luck");
}
// end
