// error: eddy_next takes a generator, perhaps a variable and &err
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    struct range r = range(3);
    eddy_error err;
    int n;
    eddy_next(&r, &n, &err, 1);
    return 0;
}
