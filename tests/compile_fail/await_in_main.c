// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    return await(f(1));
}
