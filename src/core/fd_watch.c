/* SPDX-License-Identifier: MIT */
/*
 * fd_watch.c - calls while a descriptor is ready: eddy_add_reader, eddy_add_writer.
 *
 * Each is a poll operation that is submitted again after each call.  Invariant: a watch is freed when its operation
 * has completed, never before.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "base/assert.h"
#include "core/current.h"
#include "core/loop.h"
#include "core/sched.h"
#include "os/memory.h"

struct fd_watch {
    struct driver_op op;
    struct loop_call call;        /* the call of make_call; queued: the descriptor was ready */
    struct eddy_loop *loop;
    void (*function)(void *);
    void *argument;
    unsigned events;                /* POLLIN or POLLOUT */
    bool removed, in_flight, calling;
    bool replaced;                  /* eddy_add_reader was called again: perhaps for another file of the same number */
    bool stale;                     /* the same, while its operation was in flight, which may wait for the old file: it
                                       was cancelled, and its end calls nobody */
    bool over;                      /* its descriptor was closed: it is not called any more, until it is added again */
};

/* The watches of a descriptor, in the loop's table; NULL: none. */
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
    EDDY_INVARIANT(!watch->in_flight && !watch->calling);
    call_free(&watch->call);
    memory_free(watch);
}

static void make_call(void *argument)
{
    struct fd_watch *watch = argument;
    EDDY_INVARIANT(!watch->in_flight && !watch->calling);
    if (watch->removed) {
        free_watch(watch);
        return;
    }
    if (!watch->stale) {
        watch->calling = true;
        watch->function(watch->argument);
        watch->calling = false;
    }
    watch->stale = false;
    if (watch->removed)
        free_watch(watch);
    else if (!watch->over)
        submit(watch); /* not before: the descriptor would still be ready for data that the call has taken */
}

/* An error that the call can find out itself is reported once: an invalid descriptor is not watched any longer. */
static void became_ready(struct fd_watch *watch)
{
    watch->in_flight = false;
    watch->over = watch->op.result == -EBADF;
    if (watch->removed)
        free_watch(watch);
    else
        sched_add(&watch->loop->ready, &watch->call.ready);
}

static void completed(struct driver_op *op)
{
    became_ready(container_of(op, struct fd_watch, op));
}

/* True: the operation is in flight. */
static bool try_to_submit(struct fd_watch *watch, bool is_new, bool again)
{
    watch->op.kind = DRIVER_POLL;
    watch->op.u.poll.events = watch->events;
    watch->op.u.poll.watches = true;
    watch->op.u.poll.is_new = is_new;
    watch->op.u.poll.again = again;
    watch->op.complete = completed;
    watch->in_flight = !driver_submit(watch->loop->driver, &watch->op);
    return watch->in_flight;
}

static void submit(struct fd_watch *watch)
{
    bool again = !watch->replaced;
    watch->replaced = false;
    if (!try_to_submit(watch, false, again))
        became_ready(watch);
}

/* 0, or EBADF. */
static int submit_first(struct fd_watch *watch)
{
    if (try_to_submit(watch, true, false))
        return 0;
    if (watch->op.result == -EBADF)
        return EBADF;
    became_ready(watch);
    return 0;
}

static struct fd_watch *find(struct eddy_loop *loop, int fd, unsigned events)
{
    struct fd_watches *of_fd = fd_table_find(&loop->fd_watches, fd, sizeof *of_fd);
    return of_fd ? *place_in(of_fd, events) : NULL;
}

/* The descriptor may have been closed, and its number may be another file's: neither epoll nor a ring tells. Asking
 * whether it is open would cost a system call for each change; the operation's end tells. */
static void wait_anew(struct fd_watch *watch)
{
    if (!watch->stale)
        driver_cancel(watch->loop->driver, &watch->op);
    watch->stale = true;
}

/* The watch has another call from now on. */
static int replace(struct fd_watch *watch, void (*function)(void *), void *argument)
{
    watch->function = function;
    watch->argument = argument;
    if (watch->over && !watch->calling && !watch->call.ready.queued) {
        int error = submit_first(watch);
        if (error)
            return error;
    }
    watch->over = false;
    watch->replaced = true;
    if (watch->in_flight)
        wait_anew(watch);
    return 0;
}

static struct fd_watch *new_watch(struct eddy_loop *loop, int fd, unsigned events)
{
    struct fd_watch *watch = memory_alloc_zeroed(sizeof *watch);
    if (!watch)
        return NULL;
    call_init(&watch->call, make_call, watch);
    watch->op.fd = fd;
    watch->loop = loop;
    watch->events = events;
    return watch;
}

/* The table does not grow for an invalid descriptor. */
static int add_to_table(struct fd_watch *watch)
{
    int fd = watch->op.fd;
    struct fd_watches *of_fd = fd_table_find(&watch->loop->fd_watches, fd, sizeof *of_fd);
    if (!of_fd && fcntl(fd, F_GETFD) < 0)
        return EBADF;
    if (!of_fd)
        of_fd = fd_table_grow(&watch->loop->fd_watches, fd, sizeof *of_fd);
    int error = of_fd ? submit_first(watch) : ENOMEM;
    if (!error)
        *place_in(of_fd, watch->events) = watch;
    return error;
}

static int add(int fd, unsigned events, void (*function)(void *), void *argument)
{
    struct eddy_loop *loop = current.loop;
    if (!loop)
        return EDDY_NO_LOOP;
    if (fd < 0)
        return EBADF;
    struct fd_watch *watch = find(loop, fd, events);
    if (watch)
        return replace(watch, function, argument);
    watch = new_watch(loop, fd, events);
    if (!watch)
        return ENOMEM;
    watch->function = function;
    watch->argument = argument;
    int error = add_to_table(watch);
    if (error)
        free_watch(watch);
    return error;
}

/* Gives the watch up: it is freed now, or when its operation or call is over. */
static void drop(struct fd_watch *watch)
{
    struct fd_watches *of_fd = fd_table_find(&watch->loop->fd_watches, watch->op.fd, sizeof *of_fd);
    *place_in(of_fd, watch->events) = NULL;
    watch->removed = true;
    struct driver *driver = watch->loop->driver;
    int fd = watch->op.fd;
    if (watch->in_flight)
        driver_cancel(driver, &watch->op);
    else if (!watch->call.ready.queued && !watch->calling)
        free_watch(watch);
    driver_end_polls(driver, fd);
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

/* Called at the loop's end: operations in flight are waited for. */
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
