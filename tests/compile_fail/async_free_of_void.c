// error: async_free: the function has no result
/* SPDX-License-Identifier: MIT */
/* Without a result there is nothing to free. */
#include <eddy/keywords.h>
#include "common.h"

async_free(nothing, free);
