// error: result or parameters of the async function differ from those of the async_type
// plain: 40
// flags: -O1 -c
// only: gcc
/* SPDX-License-Identifier: MIT */
/* gcc detects it when it optimises; otherwise handler_of ends the program when it is called. */
#include <eddy/keywords.h>
#include "common.h"

async_type(int, handler, (const char *, path), (int, n));

int main(void)
{
    handler h = handler_of(f);
    return h == NULL;
}
