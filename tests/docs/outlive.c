/* SPDX-License-Identifier: MIT */
/* outlive.c - a thread that goes on after the loop has ended */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <eddy/keywords.h>

static void take(int *values) /* runs on the loop's thread */
{
    ++*values;
}

struct sensor {
    eddy_loop *loop;
    int *values;
};

static void *measure(void *argument)
{
    struct sensor *sensor = argument;
    int error;
    while ((error = eddy_call_soon_threadsafe(sensor->loop, take, sensor->values)) == 0)
        usleep(1000); /* waits for the next value */
    printf("%s\n", eddy_error_name(error));
    eddy_loop_unref(sensor->loop);
    return NULL;
}

async(void, main_task, (struct sensor *, sensor), (pthread_t *, thread))
{
    sensor->loop = eddy_loop_ref(eddy_current_loop());
    if (pthread_create(thread, NULL, measure, sensor) != 0)
        throw(EAGAIN, "no thread");
    while (*sensor->values < 3)
        await(eddy_sleep(0.001));
    printf("enough\n");
}

int main(void)
{
    int values = 0;
    struct sensor sensor = {.values = &values};
    pthread_t thread;
    int status = eddy_run(main_task(&sensor, &thread));
    if (status == 0)
        pthread_join(thread, NULL);
    return status;
}
