// error: eddy_next needs the address of a generator
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: 'coroutine' object is not an iterator. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    struct f coroutine = f(1);
    return eddy_next(&coroutine);
}
