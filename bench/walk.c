/* SPDX-License-Identifier: MIT */
/* walk.c - prints the functions of the library that one path through it calls and returns to: see walk.py. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <eddy/keywords.h>

#define QUIET __attribute__((no_instrument_function))

static bool on;
static pthread_t traced;

QUIET void __cyg_profile_func_enter(void *function, void *place);
QUIET void __cyg_profile_func_exit(void *function, void *place);

void __cyg_profile_func_enter(void *function, void *place)
{
    (void)place;
    if (on && pthread_equal(traced, pthread_self()))
        printf("> %p\n", function);
}

void __cyg_profile_func_exit(void *function, void *place)
{
    (void)function;
    if (on && pthread_equal(traced, pthread_self()))
        printf("< %p\n", place);
}

QUIET static void begin(const char *name)
{
    printf("= %s\n", name);
    on = true;
}

async(int, child)
{
    return 1;
}

async(int, failing)
{
    throw(EIO, "broken");
}

async(int, waiting, (eddy_event *, event))
{
    await(eddy_event_wait(event));
    return 1;
}

QUIET static void write_byte(int fd)
{
    if (write(fd, "x", 1) != 1)
        perror("write");
}

static void *write_later(void *fd)
{
    usleep(100000);
    write_byte(*(int *)fd);
    return NULL;
}

/* ends[1] is non-blocking, the other is the thread's. */
QUIET static void connect_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&address, &size);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    connect(ends[0], (struct sockaddr *)&address, size);
    ends[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    close(listener);
}

async(void, receive)
{
    int ends[2];
    char byte;
    pthread_t thread;
    connect_pair(ends);
    eddy_stream *s = await(eddy_open_descriptors(ends[1], ends[1]));
    write_byte(ends[0]); /* the first read makes what later ones find */
    await(eddy_stream_read(s, &byte, 1));
    pthread_create(&thread, NULL, write_later, &ends[0]);
    begin("a received byte");
    await(eddy_stream_read(s, &byte, 1));
    on = false;
    pthread_join(thread, NULL);
    close(ends[0]);
    await(eddy_stream_close(s));
}

async(void, main_task)
{
    eddy_error err;
    eddy_event never = {0};
    traced = pthread_self();
    await(spawn(child())); /* the first one makes what later ones find */
    begin("a coroutine value");
    await(child());
    on = false;
    begin("a task: spawn, run, join");
    await(spawn(child()));
    on = false;
    struct child *one = spawn(child());
    begin("its join, with all that runs until it returns");
    await(one);
    on = false;
    struct waiting *t = spawn(waiting(&never));
    await(eddy_sleep(0));
    begin("a cancellation: eddy_cancel, then the await of the task");
    eddy_cancel(t);
    await(t, &err);
    on = false;
    await_for(eddy_sleep(1000), 0.001, &err); /* the first one makes what later ones find */
    begin("a timeout: await_for of a sleep");
    await_for(eddy_sleep(1000), 0.01, &err);
    on = false;
    begin("a failure: thrown, caught by the caller");
    await(failing(), &err);
    on = false;
    await(receive());
}

QUIET int main(void)
{
    return eddy_run(main_task());
}
