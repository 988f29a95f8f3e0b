// error: throw_needs_async_function_or_generator
/* SPDX-License-Identifier: MIT */
/* A plain function raises for its caller by eddy_error_set(&err, ...). */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    throw(EIO, "nobody hears it");
    return 0;
}
