// error: for_each needs a generator: for_each \(x, g\(\)\)
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: 'async_generator' object is not iterable. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    for_each (x, ticker(1))
        (void)x;
    return 0;
}
