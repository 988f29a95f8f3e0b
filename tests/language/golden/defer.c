/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <eddy/keywords.h>
#include "fold.h"

int main(void)
{
// expanded:
    char *text = malloc(10);
    defer(free, text);
    return 0;
// end
}
