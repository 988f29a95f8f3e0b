// error: for_each takes a name and a generator
/* SPDX-License-Identifier: MIT */
/* Python: for x in range(3). */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    for_each (x in range(3))
        return 1;
    return 0;
}
