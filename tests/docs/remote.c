/* SPDX-License-Identifier: MIT */
/* remote.c - two loops on two threads */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <eddy/keywords.h>

static eddy_loop *loop;

async(int, square, (int, n))
{
    await(eddy_sleep(0.01));
    return n * n;
}

static void stop(eddy_event *done) /* runs on the loop's thread */
{
    eddy_event_set(done);
}

static void *other_thread(void *done)
{
    int result = 0;
    eddy_error err = {0};
    eddy_remote *remote = eddy_run_coroutine_threadsafe(loop, square(7));
    if (eddy_remote_wait(remote, -1, &result, &err) && !err.code)
        printf("%d\n", result);
    eddy_error_free(&err);
    eddy_remote_free(remote);
    eddy_call_soon_threadsafe(loop, stop, (eddy_event *)done);
    return NULL;
}

async(void, main_task)
{
    eddy_event done = {0};
    pthread_t thread;
    loop = eddy_current_loop();
    if (pthread_create(&thread, NULL, other_thread, &done) != 0)
        throw(EAGAIN, "no thread");
    await(eddy_event_wait(&done));
    pthread_join(thread, NULL);
}

int main(void)
{
    return eddy_run(main_task());
}
