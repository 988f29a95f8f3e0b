// error: async_as: the result of the function differs from that of the type
/* SPDX-License-Identifier: MIT */
/* Checked exactly, at every level of optimisation. */
#include <eddy/keywords.h>
#include "common.h"

async_type(long, handler, (int, n));

int main(void)
{
    handler h = async_as(handler, f);
    return h == NULL;
}
