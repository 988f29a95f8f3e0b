// warning: ignoring return value of.*unused-result
/* SPDX-License-Identifier: MIT */
/* The generator has not begun, and never will. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    range(1);
    return 0;
}
