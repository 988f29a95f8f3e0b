// error: Eddy needs GNU C: compile with -std=gnu11 or later \(not -std=c11\)
// flags: -std=c11 -fsyntax-only
/* SPDX-License-Identifier: MIT */
/* Statement expressions are a GNU extension. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    return 0;
}
