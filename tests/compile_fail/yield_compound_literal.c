// error: put a compound literal in parentheses: yield\(\(\(struct point\)\{1, 2\}\)\)
// plain: 470
/* SPDX-License-Identifier: MIT */
/* The preprocessor takes its comma for one between arguments. */
#include <eddy/keywords.h>
#include "common.h"

generator(struct point, g)
{
    yield((struct point){1, 2});
}
