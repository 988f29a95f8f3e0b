// error: yield_outside_generator
/* SPDX-License-Identifier: MIT */
/* Python: SyntaxError: 'yield' outside function. */
#include "common.h"

int main(void)
{
    yield(1);
    return 0;
}
