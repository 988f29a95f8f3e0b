/* guest.c - a program with an event loop of its own, here poll(2), that runs Eddy's tasks as well */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <eddy/keywords.h>

static int left = 2;

async(void, count_down, (const char *, name), (int, from))
{
    for (int i = from; i > 0; i--) {
        printf("%s %d\n", name, i);
        await(eddy_sleep(1));
    }
    left--;
}

static void begin(void *name) /* runs on the loop: inside of eddy_loop_step */
{
    eddy_detach(spawn(count_down(name, 2)));
}

int main(void)
{
    eddy_error err;
    eddy_loop *loop = eddy_loop_open(NULL, &err);
    if (!loop)
        return 1;
    struct pollfd watched = {.fd = eddy_loop_descriptor(loop), .events = POLLIN};
    eddy_call_soon_threadsafe(loop, begin, "one");
    eddy_call_soon_threadsafe(loop, begin, "two");
    while (left > 0) {
        double seconds = eddy_loop_deadline(loop);
        /* The program's own descriptors would be added here. */
        poll(&watched, 1, isinf(seconds) ? -1 : (int)(seconds * 1000) + (seconds > 0));
        eddy_loop_step(loop, 0);
    }
    // [stats]
    struct eddy_loop_stats stats = {.size = sizeof stats};
    eddy_loop_stats(loop, &stats);
    printf("%zu tasks are left\n", stats.tasks);
    // [stats]
    return eddy_loop_close(loop);
}
