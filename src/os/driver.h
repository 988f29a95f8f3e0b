/* SPDX-License-Identifier: MIT */
/*
 * driver.h - the contract between the loop and the kernel: operations are submitted, and complete.
 *
 * Completion-based, since completions can be made out of readiness (the epoll driver tries the call, and again when
 * the descriptor is ready) but readiness cannot be made out of completions. io_uring, epoll and the simulation
 * implement it.
 *
 * Preconditions of all functions but driver_wake: the caller is the thread of the loop, descriptors that are adopted do
 * not block (for others see stranger.h), and SIGPIPE is blocked (sigpipe.h).
 *
 * The rules that make cancellation safe:
 *   1. An operation and all memory that it refers to belong to the driver from driver_submit until its completion.
 *   2. driver_submit returns true when the operation completed at once (`result` is set, `complete` is not
 *      called); else `complete` is called exactly once, from inside driver_wait, never from anywhere else.
 *   3. driver_cancel is a request.  The completion still arrives through driver_wait, with -ECANCELED or with
 *      what the operation did before the request reached it.  Without the request no result is -ECANCELED.
 *   4. `complete` may submit and cancel other operations, and free or reuse the one that completed.
 * A result is >= 0, or a negative errno value, or -EDDY_GIVEN_UP.
 */
#ifndef EDDY_OS_DRIVER_H
#define EDDY_OS_DRIVER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hidden.h"
#include "base/list.h"
#include "eddy/error.h"
#include "os/clock.h"
#include "os/driver_fault.h"
#include "os/hibernate.h"
#include "os/thread_pool.h"

enum driver_op_kind {
    DRIVER_POLL,    /* u.poll: wait until the descriptor has one of `events` (POLLIN, ...), POLLERR or POLLHUP; result:
                       those that it has */
    DRIVER_ACCEPT,  /* u.address (may be NULL): result: a non-blocking, close-on-exec socket, not adopted */
    DRIVER_CONNECT, /* u.address: result: 0; -EAGAIN: the queue of a Unix socket is full, nothing was begun */
    DRIVER_RECV,    /* u.buffer: result: bytes, 0 at the end */
    DRIVER_RECV_LENT, /* u.lent: like RECV, into a buffer that the driver finds when bytes have arrived, so that
                         waiting holds none; result > 0: u.lent is set, and must be given back by driver_give_back */
    DRIVER_SEND,    /* u.buffer: result: bytes sent, perhaps fewer than asked; never raises SIGPIPE */
    DRIVER_RECVMSG, /* u.message: result: bytes; received descriptors are close-on-exec */
    DRIVER_SENDMSG, /* u.message: result: bytes; never raises SIGPIPE */
    DRIVER_READ,    /* u.buffer at the descriptor's position: result: bytes, 0 at the end */
    DRIVER_WRITE,   /* u.buffer at the descriptor's position: result: bytes */
    /* Operations on files, u.file. A ring executes them; without a ring a thread does, and the simulation executes
     * them at once. */
    DRIVER_PREAD,   /* data, size, offset: result: bytes, 0 at the end of the file */
    DRIVER_PWRITE,  /* data, size, offset: result: bytes */
    DRIVER_OPEN,    /* path, flags, mode: result: a close-on-exec descriptor; fd: the start folder, or AT_FDCWD */
    DRIVER_FSYNC,   /* flags: 1 for the data only: result: 0 */
    DRIVER_STAT,    /* path ("" for fd itself), flags (AT_...), data: a struct file_status (see file_op.h): result: 0 */
    DRIVER_RENAME,  /* path, other: result: 0 */
    DRIVER_UNLINK,  /* path, flags (AT_REMOVEDIR): result: 0 */
    DRIVER_MKDIR,   /* path, mode: result: 0 */
    /* Rings do not support these (TRUNCATE: not before Linux 6.9). */
    DRIVER_TRUNCATE, /* offset: the new size: result: 0 */
    DRIVER_LIST,    /* data, size: entries of the folder fd, as getdents64 writes them: result: bytes, 0 at the end */
    DRIVER_COPY,    /* from fd to the file `flags`, size, offset (in both): result: bytes, 0 at the end */
    DRIVER_KINDS
};

/* A file operation that a thread executes. */
struct file_job {
    struct thread_job job;
    struct driver_op *op;         /* whose it is */
    struct file_threads *threads; /* the list that receives its completion */
};

static inline bool driver_kind_is_of_files(unsigned kind)
{
    return kind >= DRIVER_PREAD && kind <= DRIVER_COPY;
}

/* The arguments of an operation on files. They belong to the driver until the completion, and so do the strings. */
struct driver_file {
    const char *path, *other;
    void *data;
    size_t size;
    int64_t offset;
    int flags;
    unsigned mode;
    bool positioned;      /* pread, pwrite: the descriptor is known to have positions, so no driver asks */
    struct file_job job;  /* for the driver: see file_threads.h */
};

struct driver_op {
    struct list_link link; /* in a list of the driver, while it is in flight */
    uint8_t kind;         /* a value of enum driver_op_kind */
    uint8_t state;        /* for the driver: its state; 0 before driver_submit and after completion */
    bool cancelled;       /* driver_cancel has been called */
    bool lends;           /* some of its memory is on stacks that must not sleep until it ends: see driver_lend.c */
    int fd;               /* the descriptor, open until completion */
    union {
        struct { void *data; size_t size; int flags; } buffer;  /* flags: MSG_ values of recv and send */
        struct { struct sockaddr *data; socklen_t *size; socklen_t length; } address; /* accept fills *size,
                                                                                        connect reads length */
        struct { unsigned events; bool watches, is_new, again; } poll; /* watches: one of many of this descriptor, so
                                                                          the first look is the next wait's.  is_new:
                                                                          the first of them: a bad descriptor is
                                                                          reported at once.  again: it has just
                                                                          completed, and the descriptor was not closed
                                                                          since; driver_end_polls must follow */
        struct { struct msghdr *data; int flags; } message;     /* flags: MSG_ values */
        struct { void *data; unsigned id; bool single; } lent;  /* set by the driver; id: the number of its buffer.
                                                                   single: set by the caller: nothing is received
                                                                   ahead of need */
        struct driver_file *file;
    } u;
    int64_t result;       /* valid at completion */
    void (*complete)(struct driver_op *op); /* called at the completion */
};

/* For drivers: how many of size bytes one call is asked for. The kernel moves no more than this at once; read(2) fails
 * with EFAULT if the memory would end beyond the address space, and the lengths of a ring have 32 bits. */
static inline size_t driver_length(size_t size)
{
    return size < 0x7ffff000 ? size : 0x7ffff000;
}

/* For drivers: the first operation of a list, or NULL. */
static inline struct driver_op *first_op(const struct list *list)
{
    return LIST_FIRST(list, struct driver_op, link);
}

struct driver;
struct driver_net;

struct driver_options {
    uint64_t seed;        /* simulation: decides every choice; 0: first come, first served */
    bool moves;           /* its thread may be replaced by another one */
};

struct driver_type {
    const char *name;
    /* returns NULL and *error, an errno value, if it is not available */
    struct driver *(*open)(const struct driver_options *options, int *error);
    void (*close)(struct driver *driver);
    bool (*submit)(struct driver *driver, struct driver_op *op);
    void (*cancel)(struct driver *driver, struct driver_op *op);
    /* delivers completions; sleeps until `deadline` (CLOCK_NEVER: no limit, 0: not at all) while there is none and
     * it is not woken. Returns 0, or a negative errno value when the driver itself is broken */
    int (*wait)(struct driver *driver, int64_t deadline);
    /* any thread, any signal handler: makes the current or next wait return */
    void (*wake)(struct driver *driver);
    /* a clock of its own; NULL: the machine's */
    int64_t (*now)(struct driver *driver);
    /* the library owns `fd` from now on and closes it by `close_fd` only: it may be watched once for good */
    void (*adopt)(struct driver *driver, int fd);
    /* reverses driver_adopt: `fd` remains open and belongs to other code. No operation on it is in flight */
    void (*release)(struct driver *driver, int fd);
    /* operations on it are in flight */
    bool (*is_busy)(struct driver *driver, int fd);
    /* no operation on it is in flight */
    void (*close_fd)(struct driver *driver, int fd);
    /* a DRIVER_POLL that was submitted `again` is not submitted any more; NULL: nothing is to be done */
    void (*end_polls)(struct driver *driver, int fd);
    /* a buffer that a DRIVER_RECV_LENT has lent: its memory belongs to the driver again */
    void (*give_back)(struct driver *driver, void *data, unsigned id);
    /* like DRIVER_SEND without an operation; -EAGAIN: the bytes must wait, submit an operation. NULL: they may
     * always have to */
    int64_t (*send_now)(struct driver *driver, int fd, const void *data, size_t size);
    /* readable while a wait would deliver something, or was woken; -errno: there is none */
    int (*descriptor)(struct driver *driver);
    /* other code waits for that descriptor and `deadline`: queued requests are passed to the kernel. True: a wait
     * would not sleep */
    bool (*host_waits)(struct driver *driver, int64_t deadline);
    bool host_waits_writes; /* it makes calls that may raise SIGPIPE */
    /* this thread becomes its thread. Returns 0, or an errno value: EBUSY if one of its operations is in the kernel */
    int (*move)(struct driver *driver);
    const struct driver_net *net; /* how it makes sockets: see net.h */
};

/* The head of every driver's own struct. */
struct driver {
    const struct driver_type *type;
    size_t in_flight;     /* operations submitted and not completed; the loop polls for I/O only if there are any */
    size_t lent;          /* buffers lent and not given back */
    size_t real_time;     /* number of running processes: a virtual clock is no faster than the real one then */
    size_t working;       /* calls of the loop on other threads: a virtual clock stops. Atomic */
    size_t ended;         /* those of `working` whose call to the loop has been posted. Atomic */
    size_t posted;        /* number of calls that other threads have posted, without those of a pool. Atomic */
    size_t held;          /* number of holds of the program on a virtual clock. Atomic */
    bool failed;          /* a wait has failed: operations in flight never complete */
    bool forked;          /* this process is a forked child: the driver belongs to its parent; do not touch it */
    bool virtual_time;    /* the clock jumps when no task is ready */
    bool second_choice;   /* the program named no driver, and io_uring was refused: driver_refusal says why */
    uint64_t seed;        /* simulation: the seed of its choices and of the order of ready tasks; 0: first come first */
};

extern const struct driver_type driver_uring, driver_epoll, driver_sim;

/* By name ("uring", "epoll", "sim"), NULL or "": the environment's EDDY_DRIVER, else the best available one. Returns
 * NULL and *error (EINVAL: no such name) if it is not available. */
struct driver *driver_open(const char *name, const struct driver_options *options, int *error);
bool driver_is_known(const char *name);
void driver_close(struct driver *driver);
/* Why io_uring was refused when it was last asked for: "io_uring_setup: Operation not permitted"; *error: 0 if it was
 * not. */
const char *driver_refusal(char *buffer, size_t size, int *error);

/* Logs this once a process; returns true. */
bool driver_is_the_parents(void) __attribute__((cold));
/* Epoll instances and rings are shared across fork: what a child does to them affects its parent. So in a child
 * calls do nothing, and those that can fail fail with EDDY_NO_LOOP. */
static inline bool driver_is_foreign(const struct driver *driver)
{
    return __builtin_expect(driver->forked, 0) && driver_is_the_parents();
}

/* The state of an operation, reported to a test. */
enum driver_point {
    DRIVER_AT_SUBMITTED, /* it is in flight, and no call of the kernel has been made since */
    DRIVER_AT_RUNNING,   /* operations on files: about to be executed. On a thread of the driver */
    DRIVER_AT_WAIT,      /* op: NULL.  A wait begins */
    DRIVER_AT_WAITED,    /* op: NULL.  A wait ends */
    DRIVER_AT_DONE,      /* its result is set, `complete` is the next call */
    DRIVER_AT_DELIVERED  /* `complete` has been called: only the address of the operation is valid */
};
/* Set only by tests, which may cancel operations from inside. */
extern HIDDEN_VARIABLE void (*driver_hook)(enum driver_point point, struct driver *driver, struct driver_op *op);
static inline void driver_tell(enum driver_point point, struct driver *driver, struct driver_op *op)
{
    if (__builtin_expect(driver_hook != NULL, 0))
        driver_hook(point, driver, op);
}

/* Called before it begins: its memory is awake until driver_take_back. See driver_lend.c. */
void driver_lend(struct driver_op *op);
/* Called when it has ended, if it lends: see driver_lend.c. */
void driver_take_back(struct driver_op *op);
/* Most sends of a server end at once, and an operation costs three times as much. -EAGAIN: submit an operation.
 * Faults that a test asks for are counted by operations. */
static inline int64_t driver_send_now(struct driver *driver, int fd, const void *data, size_t size)
{
    if (!driver->type->send_now || driver->forked || driver_faults_are_asked())
        return -EAGAIN;
    hibernate_touch(data);
    return driver->type->send_now(driver, fd, data, size);
}
/* Inline in the operations of streams. */
static inline bool driver_submit_here(struct driver *driver, struct driver_op *op);
bool driver_submit(struct driver *driver, struct driver_op *op);
static inline void driver_cancel(struct driver *driver, struct driver_op *op)
{
    if (driver_is_foreign(driver))
        return;
    driver->type->cancel(driver, op); /* completes no operation: this one still exists */
    op->cancelled = true;
}
static inline int driver_wait(struct driver *driver, int64_t deadline)
{
    if (driver_is_foreign(driver))
        return -EDDY_NO_LOOP;
    driver_tell(DRIVER_AT_WAIT, driver, NULL);
    int error = driver->type->wait(driver, deadline);
    if (__builtin_expect(error, 0))
        driver->failed = true;
    driver_tell(DRIVER_AT_WAITED, driver, NULL);
    return error;
}
/* ECANCELED is for operations that were cancelled. If the kernel returns it on its own (no thread was available,
 * a clock was set), it is a failure like any other, and must not be taken for the answer to a request. */
static inline void driver_check_result(struct driver_op *op)
{
    if (__builtin_expect(op->result == -ECANCELED, 0) && !op->cancelled)
        op->result = -EDDY_GIVEN_UP;
}
static inline bool driver_submit_here(struct driver *driver, struct driver_op *op)
{
    EDDY_INVARIANT(op->state == 0);
    op->cancelled = false;
    op->result = 0;
    if (driver_is_foreign(driver)) {
        op->result = -EDDY_NO_LOOP;
        return true;
    }
    if (driver_fault_of_submission()) {
        op->result = -ECONNABORTED;
        return true;
    }
    op->lends = false;
    if (hibernate_is_on())
        driver_lend(op);
    if (driver->type->submit(driver, op)) {
        driver_check_result(op);
        if (op->lends)
            driver_take_back(op);
        return true;
    }
    driver->in_flight++;
    driver_tell(DRIVER_AT_SUBMITTED, driver, op);
    return false;
}
/* For drivers: `op` is not in a list any more, and its result is set. */
static inline void driver_deliver(struct driver *driver, struct driver_op *op)
{
    driver_tell(DRIVER_AT_DONE, driver, op);
    driver_check_result(op);
    op->state = 0;
    EDDY_INVARIANT(driver->in_flight > 0);
    driver->in_flight--;
    if (__builtin_expect(op->lends, 0))
        driver_take_back(op);
    op->complete(op);
    driver_tell(DRIVER_AT_DELIVERED, driver, op);
}
/* Completes all operations in `done`, which is empty then: operations that complete meanwhile are delivered by the
 * next wait. */
static inline void driver_deliver_all(struct driver *driver, struct list *done)
{
    struct list batch = list_take_all(done);
    EDDY_EXPENSIVE_INVARIANT(list_is_whole(&batch));
    for (struct list_link *link; (link = list_take_first(&batch));)
        driver_deliver(driver, container_of(link, struct driver_op, link));
}
static inline int driver_descriptor(struct driver *driver) { return driver->type->descriptor(driver); }
static inline bool driver_host_waits(struct driver *driver, int64_t deadline)
{
    return driver_is_foreign(driver) || driver->type->host_waits(driver, deadline);
}
static inline int driver_move(struct driver *driver) { return driver->type->move ? driver->type->move(driver) : 0; }
static inline void driver_wake(struct driver *driver)
{
    if (!driver_is_foreign(driver))
        driver->type->wake(driver);
}
static inline int64_t driver_now(struct driver *driver)
{
    return driver->type->now ? driver->type->now(driver) : clock_monotonic();
}
/* Any thread: counts one more, or one less, of driver->working, ended, posted or held. A caller on another thread
 * wakes the driver after driver_count_down, since the driver may wait for that. */
static inline void driver_count_up(size_t *count)
{
    __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
}
static inline void driver_count_down(size_t *count)
{
    __atomic_sub_fetch(count, 1, __ATOMIC_SEQ_CST);
}
static inline void driver_adopt(struct driver *driver, int fd)
{
    if (!driver_is_foreign(driver))
        driver->type->adopt(driver, fd);
}
static inline void driver_release(struct driver *driver, int fd)
{
    if (!driver_is_foreign(driver))
        driver->type->release(driver, fd);
}
static inline bool driver_is_busy(struct driver *driver, int fd)
{
    return driver->type->is_busy(driver, fd);
}
/* Called when the last one has completed, or was cancelled: the descriptor may be closed next. */
static inline void driver_end_polls(struct driver *driver, int fd)
{
    if (driver->type->end_polls && !driver_is_foreign(driver))
        driver->type->end_polls(driver, fd);
}
static inline void driver_close_fd(struct driver *driver, int fd)
{
    if (driver_is_foreign(driver))
        close(fd);
    else
        driver->type->close_fd(driver, fd);
}
static inline void driver_give_back(struct driver *driver, void *data, unsigned id)
{
    if (!driver_is_foreign(driver))
        driver->type->give_back(driver, data, id);
}

#endif
