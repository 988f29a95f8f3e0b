// error: incompatible types when assigning|assigning to 'int' from incompatible type
/* SPDX-License-Identifier: MIT */
/* A list has an item type. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    list_of(int) all = {0};
    struct point p = {1, 2};
    collect(&all, p, x, range(3));
    return 0;
}
