/* SPDX-License-Identifier: MIT */
/*
 * driver_epoll.h - the insides of the epoll driver, for the driver that is built on it (the
 * simulation).
 *
 * Invariant: an operation that is in flight is in a queue of its descriptor's watch, and would block as far as the
 * driver knows; or in `done` with its result set; or, if it is an operation on files, with the threads. The first
 * operation of a queue may be with the threads as well: its descriptor is in blocking mode, and the rest of the
 * queue waits until the call has ended.
 */
#ifndef EDDY_OS_DRIVER_EPOLL_H
#define EDDY_OS_DRIVER_EPOLL_H

#include "os/driver.h"
#include "os/fd_table.h"
#include "os/file_threads.h"
#include "os/lent.h"
#include "os/wakeup.h"

#include <sys/epoll.h>

/* The driver's knowledge of one descriptor. */
struct epoll_watch {
    struct list readers; /* accept, recv, read: the first one is tried first */
    struct list writers; /* connect, send, write */
    struct list pollers; /* poll: they consume nothing, so their order does not matter */
    uint32_t generation;         /* incremented on close; events with an older generation are ignored */
    bool adopted;                /* registered once, edge-triggered, until driver_close_fd; non-blocking */
    bool registered;             /* epoll knows the descriptor (one that is not adopted: perhaps) */
    uint32_t kept;               /* of one that is not adopted: epoll reports these events while it has them, for polls
                                    that are submitted again and again, and nothing else is in the queues; 0: its
                                    registration is good for one event */
    bool drained;                /* no bytes are available until the next edge */
    bool never_drained;          /* after an end, an error or urgent data a short read proves nothing */
    int8_t is_tcp;               /* whether it is a TCP socket; 0: not asked yet, 1: yes, -1: no */
};

/* A call that a thread makes, since it may wait. */
struct blocking_call {
    struct file_job job;
    struct list_link link; /* in epoll.calls */
};

struct epoll {
    struct driver driver;
    int fd;                   /* of epoll */
    struct wakeup wakeup;     /* watched by epoll */
    bool coarse;              /* the kernel has no epoll_pwait2: timeouts are whole milliseconds, rounded up */
    struct fd_table watches;  /* entries are struct epoll_watch */
    struct list done; /* results to be delivered */
    struct lent_buffers lent; /* buffers for receives that bring none */
    struct file_threads files; /* for operations on files, which epoll cannot watch */
    struct list calls;        /* list of struct blocking_call: the calls that those threads make */
    struct epoll_event events[LENT_KEPT]; /* as many as the driver keeps buffers, since each event may need one */
};

int epoll_init(struct epoll *epoll, const struct driver_type *type);
void epoll_finish(struct epoll *epoll);
/* `fd` ends a wait, and no operation. Returns 0 or an errno value. */
int epoll_watch_signal(struct epoll *epoll, int fd, unsigned events);

/* The result, or a negative errno value. waited: epoll has reported its descriptor. */
int64_t epoll_call(const struct driver_op *op, bool waited);
bool epoll_is_tcp(int fd);
bool epoll_submit(struct driver *driver, struct driver_op *op);
void epoll_cancel(struct driver *driver, struct driver_op *op);
void epoll_wake(struct driver *driver);
int epoll_descriptor(struct driver *driver);
void epoll_adopt(struct driver *driver, int fd);
void epoll_release(struct driver *driver, int fd);
bool epoll_is_busy(struct driver *driver, int fd);
void epoll_close_fd(struct driver *driver, int fd);
void epoll_end_polls(struct driver *driver, int fd);
void epoll_give_back(struct driver *driver, void *data, unsigned id);

/* For a driver that has other ways to complete an operation. The operation is not in a queue any more, its result is
 * set, and the next epoll_deliver delivers it. */
void epoll_finish_op(struct epoll *epoll, struct driver_op *op);
/* The first operation that waits to read from (accept at) a descriptor, or NULL; and the number of those that wait. */
struct driver_op *epoll_first_reader(const struct epoll *epoll, int fd);
size_t epoll_waiting_readers(const struct epoll *epoll, int fd);
/* Completes that first operation. */
void epoll_complete_reader(struct epoll *epoll, struct driver_op *op, int64_t result);

/* How many events one wait takes. */
enum { EPOLL_ROOM = sizeof ((struct epoll *)0)->events / sizeof(struct epoll_event) };
/* Waits until there are events, or for `span` nanoseconds, which are neither 0 nor CLOCK_NEVER. Returns the number of
 * events, or a negative errno value. */
int epoll_sleep(struct epoll *epoll, int64_t span);

/* Sleeps for at most `span` nanoseconds (CLOCK_NEVER: no limit) and executes the operations that have become
 * possible, without calling `complete`. *woken: epoll_wake was called. Returns 0 or a negative errno value. */
int epoll_gather(struct epoll *epoll, int64_t span, bool *woken);
/* Calls `complete` for all operations that are done now. */
void epoll_deliver(struct epoll *epoll);

#endif
