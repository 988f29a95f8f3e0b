// error: takes at most 8 parameters: pass a struct
/* SPDX-License-Identifier: MIT */
/* The limit of the preprocessor's loops is reported in words. */
#include <eddy/keywords.h>
#include "common.h"

blocking(int, g, (int, a), (int, b), (int, c), (int, d), (int, e), (int, i), (int, j), (int, k), (int, l))
{
    return a;
}
