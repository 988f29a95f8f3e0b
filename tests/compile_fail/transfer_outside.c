// error: yield_outside_generator
/* SPDX-License-Identifier: MIT */
/* Only a generator can hand its consumer over to another one. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    struct range to = range(1);
    eddy_transfer(&to);
    return 0;
}
