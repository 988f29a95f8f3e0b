// warning: unused-value
// only: gcc
/* SPDX-License-Identifier: MIT */
/*
 * clang is silent. Use await(eddy_queue_put(&q, v)), or eddy_queue_try_put, which does not wait.
 */
#include <eddy/keywords.h>
#include "common.h"

typedef queue_of(int) int_queue;

async(int, g)
{
    int_queue queue;
    eddy_queue_init(&queue, 0);
    eddy_queue_put(&queue, 5);
    return 0;
}

int main(void)
{
    return eddy_run(g());
}
