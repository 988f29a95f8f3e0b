// error: numbres
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    for_each (x, numbres)
        (void)x;
    return 0;
}
