/* SPDX-License-Identifier: MIT */
/*
 * fd_watch.c - calls while a descriptor is ready: eddy_add_reader, eddy_add_writer.
 *
 * Each is a poll operation that is submitted again after each call.  Invariant: a watch is freed when its operation
 * has completed, never before.
 */
#include <errno.h>
#include <poll.h>

#include "core/current.h"
#include "core/loop.h"
#include "os/memory.h"

struct fd_watch {
    struct driver_op op;
    struct loop_call call;        /* of make_call; queued: the descriptor was ready */
    struct eddy_loop *loop;
    void (*function)(void *);
    void *argument;
    unsigned events;                /* POLLIN or POLLOUT */
    bool removed, in_flight, calling;
    bool over;                      /* its descriptor was closed: it is called no more, until it is added again */
};

/* Those of a descriptor, in the loop's table; NULL: none. */
struct fd_watches {
    struct fd_watch *reader, *writer;
};

static struct fd_watch **place_in(struct fd_watches *of_fd, unsigned events)
{
    return events == POLLIN ? &of_fd->reader : &of_fd->writer;
}

static void submit(struct fd_watch *watch);

static void free_watch(struct fd_watch *watch)
{
    call_free(&watch->call);
    memory_free(watch);
}

static void make_call(void *argument)
{
    struct fd_watch *watch = argument;
    if (watch->removed) {
        free_watch(watch);
        return;
    }
    watch->calling = true;
    watch->function(watch->argument);
    watch->calling = false;
    if (watch->removed)
        free_watch(watch);
    else if (!watch->over)
        submit(watch); /* not before: it would still be ready for what the call has taken */
}

/* What its call finds out by itself is told once: a descriptor that is none is not watched on. */
static void became_ready(struct fd_watch *watch)
{
    watch->in_flight = false;
    watch->over = watch->op.result == -EBADF;
    if (watch->removed)
        free_watch(watch);
    else
        ready_add(&watch->loop->ready, &watch->call.ready);
}

static void completed(struct driver_op *op)
{
    became_ready(container_of(op, struct fd_watch, op));
}

static void submit(struct fd_watch *watch)
{
    watch->op.kind = DRIVER_POLL;
    watch->op.u.poll.events = watch->events;
    watch->op.complete = completed;
    watch->op.cancelled = false;
    watch->in_flight = true;
    if (driver_submit(watch->loop->driver, &watch->op))
        became_ready(watch);
}

static struct fd_watch *find(struct eddy_loop *loop, int fd, unsigned events)
{
    struct fd_watches *of_fd = fd_table_find(&loop->fd_watches, fd, sizeof *of_fd);
    return of_fd ? *place_in(of_fd, events) : NULL;
}

static int add(int fd, unsigned events, void (*function)(void *), void *argument)
{
    struct eddy_loop *loop = current.loop;
    if (!loop)
        return EDDY_NO_LOOP;
    struct pollfd probe = {.fd = fd};
    if (fd < 0 || poll(&probe, 1, 0) < 0 || (probe.revents & POLLNVAL))
        return EBADF;
    struct fd_watch *watch = find(loop, fd, events);
    if (watch) {
        watch->function = function;
        watch->argument = argument;
        if (watch->over && !watch->calling && !watch->call.ready.queued)
            submit(watch);
        watch->over = false;
        return 0;
    }
    struct fd_watches *of_fd = fd_table_make(&loop->fd_watches, fd, sizeof *of_fd);
    watch = of_fd ? memory_alloc_zeroed(sizeof *watch) : NULL;
    if (!watch)
        return ENOMEM;
    call_init(&watch->call, loop, make_call, watch);
    watch->call.embedded = true;
    watch->op.fd = fd;
    watch->loop = loop;
    watch->events = events;
    watch->function = function;
    watch->argument = argument;
    *place_in(of_fd, events) = watch;
    submit(watch);
    return 0;
}

/* Gives it up: freed now, or when its operation or call is over. */
static void drop(struct fd_watch *watch)
{
    struct fd_watches *of_fd = fd_table_find(&watch->loop->fd_watches, watch->op.fd, sizeof *of_fd);
    *place_in(of_fd, watch->events) = NULL;
    watch->removed = true;
    if (watch->in_flight)
        driver_cancel(watch->loop->driver, &watch->op);
    else if (!watch->call.ready.queued && !watch->calling)
        free_watch(watch);
}

static bool drop_if_there(int fd, unsigned events)
{
    struct fd_watch *watch = current.loop ? find(current.loop, fd, events) : NULL;
    if (watch)
        drop(watch);
    return watch != NULL;
}

int(eddy_add_reader)(int fd, void (*function)(void *), void *argument)
{
    return add(fd, POLLIN, function, argument);
}

int(eddy_add_writer)(int fd, void (*function)(void *), void *argument)
{
    return add(fd, POLLOUT, function, argument);
}

bool eddy_remove_reader(int fd)
{
    return drop_if_there(fd, POLLIN);
}

bool eddy_remove_writer(int fd)
{
    return drop_if_there(fd, POLLOUT);
}

/* At the loop's end: what is in flight is waited for. */
void fd_watches_free(struct eddy_loop *loop)
{
    for (int fd = 0; (size_t)fd < loop->fd_watches.count; fd++) {
        struct fd_watches *of_fd = fd_table_find(&loop->fd_watches, fd, sizeof *of_fd);
        if (of_fd->reader)
            drop(of_fd->reader);
        if (of_fd->writer)
            drop(of_fd->writer);
    }
    fd_table_free(&loop->fd_watches);
    while (loop->driver->in_flight && !loop->broken)
        driver_wait(loop->driver, 0);
}
