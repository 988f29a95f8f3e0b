// error: expected expression
/* SPDX-License-Identifier: MIT */
/* A declaration cannot be the body of an if without braces. */
#include <eddy/keywords.h>
#include "common.h"

static void done(void *p)
{
    (void)p;
}

int main(int argc, char **argv)
{
    if (argc)
        defer(done, argv);
    return 0;
}
