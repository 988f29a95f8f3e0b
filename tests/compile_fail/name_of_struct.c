// error: redefinition of '(struct )?thing'
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

struct thing {
    int x;
};

async(int, thing, (int, n))
{
    return n;
}
