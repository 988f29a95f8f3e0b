/* runner.c - a loop that is opened, runs several coroutines, and is closed */
#include <stdio.h>
#include <eddy/keywords.h>

static int ticks;

async(void, ticker)
{
    for (;;) {
        await(eddy_sleep(1));
        ticks++;
    }
}

async(void, start)
{
    eddy_detach(spawn(ticker())); /* goes on in the next run */
}

async(int, wait_for_ticks, (int, count))
{
    while (ticks < count)
        await(eddy_sleep(0.5));
    return ticks;
}

int main(void)
{
    eddy_error err;
    eddy_loop *loop = eddy_loop_open(NULL, &err);
    if (!loop) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    eddy_loop_run(loop, start(), &err);
    printf("%d ticks\n", eddy_loop_run(loop, wait_for_ticks(2), &err));
    printf("%d ticks\n", eddy_loop_run(loop, wait_for_ticks(4), &err));
    return eddy_loop_close(loop);
}
