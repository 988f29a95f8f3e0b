// error: defer takes a function and its argument: defer\(free, text\)
/* SPDX-License-Identifier: MIT */
/* Go's defer takes a call. */
#include <eddy/keywords.h>
#include "common.h"

async(void, g)
{
    char *text = malloc(3);
    defer(free(text));
}
