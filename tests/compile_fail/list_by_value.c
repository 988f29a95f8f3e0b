// error: this needs the address of a list: &l
/* SPDX-License-Identifier: MIT */
/* The list itself in place of its address. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    list_of(int) l = {0};
    list_push(l, 3);
    return 0;
}
