// error: return type defaults to|type specifier missing|expected declaration specifiers|unknown type name
// flags: -fsyntax-only
/* SPDX-License-Identifier: MIT */
/* A wrong letter. */
#include <eddy/keywords.h>
#include "common.h"

asinc(int, g, (int, n))
{
    return n;
}
