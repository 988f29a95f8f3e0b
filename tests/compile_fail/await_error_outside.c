// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
/* The catching form obeys the same rule; eddy_await(x, &err) is the one for plain functions. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    eddy_error err;
    return await(f(1), &err);
}
