// error: async_as: the parameters of the function differ from those of the type
/* SPDX-License-Identifier: MIT */
/* Checked exactly, at every level of optimisation. */
#include <eddy/keywords.h>
#include "common.h"

async_type(int, handler, (const char *, path));

int main(void)
{
    handler h = async_as(handler, f);
    return h == NULL;
}
