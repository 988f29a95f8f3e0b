// error: eddy_close needs the address of a generator
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    struct range r = range(3);
    eddy_close(r);
    return 0;
}
