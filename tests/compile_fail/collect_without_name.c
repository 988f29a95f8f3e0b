// error: collect takes a list, an expression, a name, a generator
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    list_of(int) l = {0};
    collect(&l, x, range(3));
    return 0;
}
