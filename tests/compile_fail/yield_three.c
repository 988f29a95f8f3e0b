// error: put a compound literal in parentheses: yield\(\(\(struct point\)\{1, 2\}\)\)
/* SPDX-License-Identifier: MIT */
/* The preprocessor takes the commas of the literal as separators of arguments. */
#include <eddy/keywords.h>
#include "common.h"

struct triple {
    int a, b, c;
};

generator(struct triple, g)
{
    yield((struct triple){1, 2, 3});
}
