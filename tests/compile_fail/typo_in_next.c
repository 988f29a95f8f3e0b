// error: numbres
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    struct range numbers = range(3);
    int v;
    return eddy_next(&numbres, &v);
}
