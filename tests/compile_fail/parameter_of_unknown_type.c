// error: unknown type name 'string'
/* SPDX-License-Identifier: MIT */
/* Python would take it. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (string, text))
{
    return text[0];
}
