/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

async(bool, limited)
{
// expanded:
    async_with (scope, eddy_timeout(1.0))
        return eddy_expired(scope);
    return false;
// end
}
