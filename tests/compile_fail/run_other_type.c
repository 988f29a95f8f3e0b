// error: eddy_run\(coro\) is for results int and void: use eddy_run\(coro, &err\)
/* SPDX-License-Identifier: MIT */
/* Only int and void can be turned into main's exit status. */
#include <eddy/keywords.h>
#include "common.h"

async(struct point, g)
{
    return (struct point){1, 2};
}

int main(void)
{
    return (int)eddy_run(g()).x;
}
