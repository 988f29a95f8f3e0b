/* hold.c - in the simulation the clock is held while a thread of the program works */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <eddy/keywords.h>

static eddy_loop *loop;

static void *work(void *done)
{
    usleep(5000);
    eddy_call_soon_threadsafe(loop, eddy_event_set, (eddy_event *)done);
    eddy_sim_release(loop);
    return NULL;
}

async(void, main_task)
{
    eddy_event done = {0};
    pthread_t thread;
    double begin = eddy_time();
    loop = eddy_current_loop();
    eddy_sim_hold(loop); /* hold the clock before the thread begins */
    if (pthread_create(&thread, NULL, work, &done) != 0)
        throw(EAGAIN, "no thread");
    await_for(eddy_event_wait(&done), 3600);
    printf("%s\n", eddy_time() - begin < 3600 ? "in time" : "too late");
    pthread_join(thread, NULL);
}

int main(void)
{
    return eddy_run(main_task());
}
