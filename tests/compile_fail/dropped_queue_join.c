// warning: ignoring return value of.*unused-result
/* SPDX-License-Identifier: MIT */
/* A join that is not awaited does nothing. */
#include <eddy/keywords.h>
#include "common.h"

typedef queue_of(int) int_queue;

async(int, g)
{
    int_queue queue;
    eddy_queue_init(&queue, 0);
    eddy_queue_join(&queue);
    return 0;
}

int main(void)
{
    return eddy_run(g());
}
