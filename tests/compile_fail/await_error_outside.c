// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
/* The catching form obeys the same rule; plain functions use eddy_await(x, &err). */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    eddy_error err;
    return await(f(1), &err);
}
