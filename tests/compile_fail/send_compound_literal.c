// error: put a compound literal in parentheses
// plain: 47
/* SPDX-License-Identifier: MIT */
/* The preprocessor takes the commas of the literal as separators of arguments. */
#include <eddy/keywords.h>
#include "common.h"

generator_full(int, struct point, void, g)
{
    yield(1);
}

int main(void)
{
    struct g generator = g();
    int v;
    return eddy_send(&generator, (struct point){1, 2}, &v);
}
