// error: result or parameters of the async function differ from those of the async_type
// plain: 40
// flags: -O1 -c
/* SPDX-License-Identifier: MIT */
/* An optimising compiler detects it; without optimisation handler_of ends the program. */
#include <eddy/keywords.h>
#include "common.h"

async_type(struct point, handler, (int, n));

int main(void)
{
    handler h = handler_of(f);
    return h == NULL;
}
