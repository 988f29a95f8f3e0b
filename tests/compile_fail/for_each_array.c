// error: for_each needs a generator
/* SPDX-License-Identifier: MIT */
/* An array is walked through by for. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    int numbers[3] = {1, 2, 3};
    for_each (n, numbers)
        printf("%d\n", n);
    return 0;
}
