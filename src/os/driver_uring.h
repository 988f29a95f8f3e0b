/* SPDX-License-Identifier: MIT */
/*
 * driver_uring.h - the insides of the io_uring driver, for its own files and for its tests.
 *
 * Invariant: an operation that is in flight is in exactly one list (a queue of the watch of its descriptor, `loose`,
 * `waiting`, or `done`) or with a thread. Of the readers and of the writers only the first is in the kernel, so that
 * each direction is served in order.
 */
#ifndef EDDY_OS_DRIVER_URING_H
#define EDDY_OS_DRIVER_URING_H

#include "os/driver.h"
#include "os/fd_table.h"
#include "os/file_threads.h"
#include "os/lent.h"
#include "os/ring.h"
#include "os/ring_buffers.h"
#include "os/wakeup.h"

#if defined(EDDY_WITH_URING)

/* The values of driver_op.state. */
enum uring_state {
    URING_IDLE,
    URING_WAITING, /* not in the kernel: it waits for its turn, or for data that a multishot brings */
    URING_KERNEL,  /* its request is in the ring or in the kernel */
    URING_THREAD,  /* a thread executes it: it is an operation on files that this kernel's ring does not support */
    URING_POLLING, /* a poll request represents it: the call itself would not wait */
    URING_PATIENT, /* the same, or it is a poll: the request lasts, since it has reported another event */
    URING_TOLD,    /* the request has reported `result`, which was asked for: its end is still to come */
    URING_ZERO_COPY, /* like URING_KERNEL; after a first completion the kernel still reads its memory */
    URING_DONE     /* `result` is set, `complete` is still to be called */
};

/* The state of a multishot request: see driver_uring_many.c. */
enum uring_many { MANY_NONE, MANY_STANDS, MANY_ENDS };

/* Whether large sends avoid the copy: see driver_uring_zero.c. */
enum uring_zero_copy { ZERO_COPY_NOT_TRIED, ZERO_COPY_TRIED, ZERO_COPY_NEVER };

/* The driver's knowledge of one descriptor. */
struct uring_watch {
    struct list readers; /* accept, recv, read */
    struct list writers; /* connect, send, write */
    struct list pollers; /* poll, in the kernel: they consume nothing, so their order does not matter */
    uint32_t generation;         /* incremented on close; results of a multishot of an older generation are ignored */
    int next_unsettled;          /* next in the list of watches that need a request made; see uring.unsettled */
    bool unsettled;              /* it is in that list */
    bool adopted;                /* the library owns it until driver_close_fd */
    uint8_t many;                /* a value of enum uring_many: the multishot request that reads from it, or accepts */
    bool accepts;                /* it accepts */
    bool one_by_one;             /* the kernel has refused such a request */
    bool starved;                /* the kernel found no shared buffer: the next receive brings its own */
    bool suspect;                /* it is in the list of connections that are asked: see driver_uring_ask.c */
    bool heard;                  /* bytes arrived since that list was last gone through */
    int next_suspect;            /* in that list */
    bool over;                   /* `error` is the result of the first read after the stock: 0 is the end */
    uint8_t zero_copy;           /* a value of enum uring_zero_copy */
    uint16_t stocked;            /* length of `stock` */
    int32_t error;
    struct stock *stock, *stock_end; /* data that arrived before it was asked for, oldest first */
};

struct uring {
    struct driver driver;
    struct ring ring;
    struct wakeup wakeup;        /* polled by a multishot request */
    bool wake_armed;             /* that poll is in the kernel */
    enum ring_use use;
    bool asking;                 /* the request that tells when to ask is in the kernel */
    int suspects;                /* first watch of the connections that are asked; -1: none */
    bool lost_cancel;            /* there was no room for a cancel: look for it among all operations */
    int unsettled;               /* first watch whose queues have an operation to begin; -1: none */
    struct fd_table watches;     /* entries are struct uring_watch */
    struct list loose;   /* operations in the kernel that are in no queue of a watch: files */
    struct list waiting; /* polls and files for which there was no room in the ring */
    struct list done;    /* results to be delivered */
    struct file_threads files;   /* for operations on files that the ring does not support */
    struct lent_buffers lent;    /* buffers for receives when the kernel has no shared buffer */
    struct ring_buffers buffers; /* shared by all multishot receives: the kernel chooses one of them */
    size_t many;                 /* multishot requests in the kernel, also those of closed descriptors */
};

/* The kinds of completions: the lowest bits of user_data. An operation's user_data is its address. */
enum { RING_OPERATION, RING_WAKE, RING_NOBODY, RING_ACCEPTED, RING_RECEIVED, RING_ASK, RING_TAGS = 7 };

static inline struct uring_watch *uring_find(const struct uring *uring, int fd)
{
    return fd_table_find(&uring->watches, fd, sizeof(struct uring_watch));
}

/* Polls consume nothing, and operations on files have positions: their order does not matter. */
static inline bool uring_is_loose(const struct driver_op *op)
{
    return op->kind < DRIVER_ACCEPT || op->kind > DRIVER_WRITE;
}

/* Of the operations on a descriptor, those that read from it, or accept; the others write. */
enum {
    URING_READS = 1 << DRIVER_ACCEPT | 1 << DRIVER_RECV | 1 << DRIVER_RECV_LENT | 1 << DRIVER_RECVMSG | 1 << DRIVER_READ
};

static inline struct list *uring_queue_of(struct uring_watch *watch, const struct driver_op *op)
{
    return (URING_READS >> op->kind & 1) != 0 ? &watch->readers : &watch->writers;
}

/* ---- driver_uring_op.c ---- */
/* The list that the operation is in. */
struct list *uring_list_of(struct uring *uring, const struct driver_op *op);
/* The operation has its result, and is in no list any more: the next delivery calls `complete`. */
void uring_op_is_done(struct uring *uring, struct driver_op *op);
void uring_finish_op(struct uring *uring, struct driver_op *op, int64_t result);
/* There was no room: the operation is begun from the start when there is room. */
void uring_begin_later(struct uring *uring, struct driver_op *op);
/* The watch's queues have an operation to begin. */
void uring_unsettle(struct uring *uring, int fd);
/* False: there is no room in the ring. */
bool uring_send_cancel(struct uring *uring, uint64_t user_data);
/* A multishot has brought bytes: it may have lost the end that came with them; see driver_uring_ask.c. Not called for a
 * connection that is suspected already. */
void uring_suspect(struct uring *uring, struct uring_watch *watch, int fd);

/* ---- driver_uring_many.c ---- */
/* True: there is data, or an end, for the next operation that reads from the descriptor. */
bool uring_has_stock(const struct uring_watch *watch);
/* The operation's result, taken out of the stock. */
int64_t uring_take_stock(struct uring *uring, struct uring_watch *watch, struct driver_op *op);
/* True: a multishot should bring the data that `op` waits for. */
bool uring_is_many(struct uring *uring, const struct uring_watch *watch, const struct driver_op *op);
/* Makes the request, which is not in the kernel. False: no room. */
bool uring_begin_many(struct uring *uring, struct uring_watch *watch, const struct driver_op *op);
/* The same. */
bool uring_stop_many(struct uring *uring, struct uring_watch *watch, int fd);
/* Closes or recycles the results of a multishot that has been stopped. */
void uring_drop_stock(struct uring *uring, struct uring_watch *watch);
void uring_many_completed(struct uring *uring, const struct ring_completion *completion);

/* ---- driver_uring_ask.c ---- */
/* Makes the request that tells when to ask. */
void uring_arm_ask(struct uring *uring);
/* It has told. */
void uring_ask(struct uring *uring);

/* ---- driver_uring_poll.c ---- */
/* Polls, because `op` is a poll, or in place of its call. False: no room. */
bool uring_begin_poll(struct uring *uring, struct driver_op *op);
static inline bool uring_is_polled(const struct driver_op *op)
{
    return op->state == URING_POLLING || op->state == URING_PATIENT || op->state == URING_TOLD;
}
/* A completion of a request that polls. True: the poll is over, with `completion`. */
bool uring_poll_completed(struct uring *uring, struct driver_op *op, struct ring_completion *completion);

/* ---- driver_uring_zero.c ---- */
bool uring_is_zero_copy(const struct uring *uring, struct uring_watch *watch, const struct driver_op *op);
/* Turns a prepared send into a send without a copy. */
void uring_prepare_zero_copy(struct io_uring_sqe *sqe);
/* False: `completion` is the last one, with the result of the operation. */
bool uring_zero_copy_goes_on(struct uring_watch *watch, struct driver_op *op, struct ring_completion *completion);

/* ---- ring_prepare.c ---- */
/* The ring's request for `op`; -1: there is none, a thread executes it. */
int ring_opcode(const struct driver_op *op);
/* Fills in a request for `op`, which is not a poll, except its user_data. */
void ring_prepare(struct io_uring_sqe *sqe, const struct driver_op *op);
/* Applies the answer of driver_fault. op NULL: a multishot. */
void ring_spoil(struct io_uring_sqe *sqe, const struct driver_op *op, int fault);

#endif

/* Why the ring was refused last: an errno value, and the step (never NULL). 0: it was not refused. */
int driver_uring_refusal(const char **step);

#endif
