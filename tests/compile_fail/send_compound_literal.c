// error: put a compound literal in parentheses
/* SPDX-License-Identifier: MIT */
/* The preprocessor takes its comma for one between arguments. */
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
