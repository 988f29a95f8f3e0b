// error: put a compound literal in parentheses: yield\(\(\(struct point\)\{1, 2\}\)\)
// plain: 80
/* SPDX-License-Identifier: MIT */
/* The preprocessor takes the commas of the literal as separators of arguments. */
#include <eddy/keywords.h>
#include "common.h"

generator(struct point, g)
{
    yield((struct point){1, 2});
}
