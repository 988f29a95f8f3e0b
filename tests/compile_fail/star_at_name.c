// error: pasting.*ED_NAME_
// plain: 40
/* SPDX-License-Identifier: MIT */
/* The * belongs to the type. The preprocessor complains before the rule can be told; the rule follows. */
#include <eddy/keywords.h>
#include "common.h"

async(char, *name)
{
    return 0;
}
