// error: unknown type name 'main_task'|type specifier missing|return type defaults
/* SPDX-License-Identifier: MIT */
/* <eddy.h> has no words without a prefix: include <eddy/keywords.h>. */
#include <eddy.h>

async(int, main_task)
{
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
