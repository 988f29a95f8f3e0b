// error: incompatible types when assigning|assigning to 'int' from incompatible type
/* SPDX-License-Identifier: MIT */
/* The sent value must have the generator's type for sent values. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    struct range r = range(1);
    struct point p = {1, 2};
    int v;
    return eddy_send(&r, p, &v);
}
