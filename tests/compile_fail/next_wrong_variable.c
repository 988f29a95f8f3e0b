// error: the variable must have the type that the generator yields
/* SPDX-License-Identifier: MIT */
/* The address of an int cannot stand for that of a long. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    struct range r = range(1);
    long v;
    return eddy_next(&r, &v);
}
