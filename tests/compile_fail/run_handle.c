// error: eddy_run needs a coroutine value: eddy_run\(main_task\(\)\)
/* SPDX-License-Identifier: MIT */
/* A handle comes from a running loop, and no loop runs yet. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    struct f *t = NULL;
    return eddy_run(t);
}
