// error: result or parameters of the async function differ from those of the async_type
// plain: 40
// flags: -O1 -c
/* SPDX-License-Identifier: MIT */
/* Known to an optimising compiler; without one handler_of stops the program. */
#include <eddy/keywords.h>
#include "common.h"

async_type(struct point, handler, (int, n));

int main(void)
{
    handler h = handler_of(f);
    return h == NULL;
}
