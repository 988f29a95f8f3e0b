// warning: function .g__body. has internal linkage but is not defined
// only: clang
/* SPDX-License-Identifier: MIT */
/* A prototype as in C; async_declare is one. gcc leaves it to the linker: undefined reference to g__body. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g);

async(int, h)
{
    return await(g());
}
