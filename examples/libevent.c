/* SPDX-License-Identifier: MIT */
/*
 * libevent.c - an event_base runs Eddy's tasks, so that a daemon can move one handler at a time.
 *
 * cc libevent.c $(pkg-config --cflags --libs eddy libevent_core) -lm
 */
#include <event2/event.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <eddy/keywords.h>

/* ---- Eddy under libevent: a step when the descriptor is readable or the deadline has come ---- */

struct guest {
    eddy_loop *loop;
    struct event *step; /* persistent; its timeout is the loop's deadline */
};

/* Called after each step, and after the program has called the loop outside a step. */
static void guest_wait(struct guest *guest)
{
    double seconds = eddy_loop_deadline(guest->loop);
    struct timeval time = {0};
    if (!isinf(seconds))
        time = (struct timeval){(time_t)seconds, (suseconds_t)((seconds - floor(seconds)) * 1e6)};
    event_add(guest->step, isinf(seconds) ? NULL : &time);
}

static void take_step(evutil_socket_t fd, short events, void *guest)
{
    (void)fd, (void)events;
    eddy_loop_step(((struct guest *)guest)->loop, 0);
    guest_wait(guest);
}

/* ---- the daemon: one handler has moved to Eddy, one has not ---- */

static int moved_handled, old_handled;

/* Moved: reads as if it blocked. */
async(void, moved_handler, (int, fd), (struct event_base *, base))
{
    char line[64];
    eddy_stream *s = await(eddy_open_descriptors(fd, -1));
    while (await(eddy_stream_read(s, line, sizeof line))) {
        await(eddy_sleep(0.01)); /* for example a query to a database */
        moved_handled++;
    }
    await(eddy_stream_close(s));
    event_base_loopexit(base, NULL);
}

struct start {
    int fd;
    struct event_base *base;
};

static void start_moved(void *argument)
{
    struct start *start = argument;
    eddy_detach(spawn(moved_handler(start->fd, start->base)));
}

/* Not moved yet: a callback. */
static void old_handler(evutil_socket_t fd, short events, void *to_moved)
{
    char line[64];
    (void)events;
    ssize_t size = read(fd, line, sizeof line);
    old_handled += size > 0;
    if (size <= 0 || write(*(int *)to_moved, line, (size_t)size) < 0)
        event_base_loopbreak(NULL);
    if (old_handled == 3)
        close(*(int *)to_moved);
}

static void client(evutil_socket_t fd, short events, void *to_old)
{
    (void)fd, (void)events;
    if (write(*(int *)to_old, "hello\n", 6) < 0)
        abort();
}

int main(void)
{
    eddy_error err;
    int old[2], moved[2];
    struct event_base *base = event_base_new();
    struct guest guest = {.loop = eddy_loop_open(NULL, &err)};
    if (!guest.loop || pipe(old) != 0 || pipe(moved) != 0)
        return 1;
    guest.step = event_new(base, eddy_loop_descriptor(guest.loop), EV_READ | EV_PERSIST, take_step, &guest);
    struct start start = {moved[0], base};
    eddy_call_soon_threadsafe(guest.loop, start_moved, &start);
    guest_wait(&guest);
    struct event *reader = event_new(base, old[0], EV_READ | EV_PERSIST, old_handler, &moved[1]);
    struct event *writer = event_new(base, -1, EV_PERSIST, client, &old[1]);
    event_add(reader, NULL);
    event_add(writer, &(struct timeval){.tv_usec = 20000});
    event_base_dispatch(base);
    printf("old: %d, moved: %d\n", old_handled >= 3 ? 3 : old_handled, moved_handled);
    event_free(reader);
    event_free(writer);
    event_free(guest.step);
    event_base_free(base);
    return eddy_loop_close(guest.loop);
}
