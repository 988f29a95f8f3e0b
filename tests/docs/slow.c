/* SPDX-License-Identifier: MIT */
/* slow.c - a step that takes too long, which debug mode reports */
#include <time.h>
#include <eddy/keywords.h>

async(void, greedy)
{
    struct timespec half = {.tv_nsec = 500 * 1000 * 1000};
    nanosleep(&half, NULL); /* blocks the whole loop */
    await(eddy_sleep(100));
}

async(void, main_task)
{
    eddy_set_debug(true);
    eddy_detach(spawn(greedy()));
    await(eddy_sleep(1));
}

int main(void)
{
    return eddy_run(main_task());
}
