// error: incompatible (function )?pointer type
/* SPDX-License-Identifier: MIT */
/* handler_of(f) or async_as(handler, f) converts. */
#include <eddy/keywords.h>
#include "common.h"

async_type(int, handler, (int, n));

int main(void)
{
    handler h = f;
    return h == NULL;
}
