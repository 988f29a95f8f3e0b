/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

// expanded:
async_type(int, operation, (int, n));
// end
