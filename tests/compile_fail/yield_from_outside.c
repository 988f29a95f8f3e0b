// error: yield_outside_generator
/* SPDX-License-Identifier: MIT */
/* Python: SyntaxError: 'yield' outside function. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    yield_from(range(1));
    return 0;
}
