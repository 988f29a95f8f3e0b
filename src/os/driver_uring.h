/* SPDX-License-Identifier: MIT */
/*
 * driver_uring.h - the insides of the io_uring driver, for its own files and for its tests.
 *
 * Invariant: an operation that is in flight is in exactly one list (a queue of the watch of its descriptor, `loose`,
 * `waiting`, or `done`) or with a thread.  Of readers and writers only the first is in the kernel, so that each
 * direction is served in order.
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
    URING_WAITING, /* not in the kernel: it waits for its turn, or for what a multishot brings */
    URING_KERNEL,  /* its request is in the ring or in the kernel */
    URING_THREAD,  /* a thread carries it out: it is of files, and no request of this kernel's ring */
    URING_POLLING, /* a poll request stands for it: the call itself would not wait */
    URING_PATIENT, /* the same, or it is a poll: the request lasts, for it has told of what was not asked for */
    URING_TOLD,    /* it has told `result`, which was: its end is to come */
    URING_ZERO_COPY, /* as URING_KERNEL; after a first completion the kernel still reads its memory */
    URING_DONE     /* `result` is set, `complete` is to come */
};

/* Of a multishot request: see driver_uring_many.c. */
enum uring_many { MANY_NONE, MANY_STANDS, MANY_ENDS };

/* Whether large sends go without a copy: see driver_uring_zero.c. */
enum uring_zero_copy { ZERO_COPY_NOT_TRIED, ZERO_COPY_TRIED, ZERO_COPY_NEVER };

/* What is known of one descriptor. */
struct uring_watch {
    struct list readers; /* accept, recv, read */
    struct list writers; /* connect, send, write */
    struct list pollers; /* poll, in the kernel: they consume nothing, so their order does not matter */
    uint32_t generation;         /* incremented on close; what a multishot of an older generation brings is ignored */
    int next_unsettled;          /* in the list of those that need a request made; see uring.unsettled */
    bool unsettled;              /* it is in that list */
    bool adopted;                /* the library owns it until driver_close_fd */
    uint8_t many;                /* an enum uring_many: the multishot request that reads from it, or accepts */
    bool accepts;                /* it accepts */
    bool one_by_one;             /* the kernel has refused such a request */
    bool starved;                /* the kernel found no shared buffer: the next receive brings its own */
    bool suspect;                /* it is in the list of those that are asked: see driver_uring_ask.c */
    bool heard;                  /* bytes came since that list was last gone through */
    int next_suspect;            /* in that list */
    bool over;                   /* `error` is the result of the first read after the stock: 0 is the end */
    uint8_t zero_copy;           /* an enum uring_zero_copy */
    uint16_t stocked;            /* length of `stock` */
    int32_t error;
    struct stock *stock, *stock_end; /* what came and was not asked for, oldest first */
};

struct uring {
    struct driver driver;
    struct ring ring;
    struct wakeup wakeup;        /* polled by a multishot */
    bool wake_armed;             /* that poll stands */
    enum ring_use use;
    bool asking;                 /* the request that tells when to ask stands */
    int suspects;                /* first watch of those that are asked; -1: none */
    bool lost_cancel;            /* a cancel found no room: look for it among all operations */
    int unsettled;               /* first watch whose queues have one to begin; -1: none */
    struct fd_table watches;     /* of struct uring_watch */
    struct list loose;   /* in the kernel, and in no queue of a watch: files */
    struct list waiting; /* polls and files for which there was no room in the ring */
    struct list done;    /* results that wait for their delivery */
    struct file_threads files;   /* for operations on files that the ring does not know */
    struct lent_buffers lent;    /* for what is received when the kernel has no buffer of ours */
    struct ring_buffers buffers; /* shared by all multishot receives: the kernel chooses one */
    size_t many;                 /* multishots in the kernel, of closed descriptors too */
};

/* What a completion is of: the lowest bits of its user_data.  An operation is its address. */
enum { RING_OPERATION, RING_WAKE, RING_NOBODY, RING_ACCEPTED, RING_RECEIVED, RING_ASK, RING_TAGS = 7 };

static inline struct uring_watch *uring_find(const struct uring *uring, int fd)
{
    return fd_table_find(&uring->watches, fd, sizeof(struct uring_watch));
}

/* Polls consume nothing, and files have positions of their own: their order does not matter. */
static inline bool uring_is_loose(const struct driver_op *op)
{
    return op->kind == DRIVER_POLL || driver_kind_is_of_files(op->kind);
}

/* True: it reads from its descriptor, or accepts; else it writes. */
static inline bool uring_reads(const struct driver_op *op)
{
    switch (op->kind) {
    case DRIVER_ACCEPT:
    case DRIVER_RECV:
    case DRIVER_RECV_LENT:
    case DRIVER_RECVMSG:
    case DRIVER_READ: return true;
    default: return false;
    }
}

static inline struct list *uring_queue_of(struct uring_watch *watch, const struct driver_op *op)
{
    return uring_reads(op) ? &watch->readers : &watch->writers;
}

/* ---- driver_uring_op.c ---- */
/* The list that it is in. */
struct list *uring_list_of(struct uring *uring, const struct driver_op *op);
/* It has its result, and is in no list any more: the next delivery calls `complete`. */
void uring_op_is_done(struct uring *uring, struct driver_op *op);
void uring_finish_op(struct uring *uring, struct driver_op *op, int64_t result);
/* There was no room: it is begun from the start when there is. */
void uring_begin_later(struct uring *uring, struct driver_op *op);
/* Its queues have something to begin. */
void uring_unsettle(struct uring *uring, int fd);
/* False: no room in the ring. */
bool uring_send_cancel(struct uring *uring, uint64_t user_data);
/* A multishot has brought bytes: it may have lost the end that came with them, see driver_uring_ask.c. */
void uring_suspect(struct uring *uring, struct uring_watch *watch, int fd);

/* ---- driver_uring_many.c ---- */
/* Something is there, or an end, that whoever reads from the descriptor gets first. */
bool uring_has_stock(const struct uring_watch *watch);
/* Its result, out of the stock. */
int64_t uring_take_stock(struct uring *uring, struct uring_watch *watch, struct driver_op *op);
/* A multishot is to bring what `op` waits for. */
bool uring_is_many(struct uring *uring, const struct uring_watch *watch, const struct driver_op *op);
/* Unless it stands.  False: no room. */
bool uring_begin_many(struct uring *uring, struct uring_watch *watch, const struct driver_op *op);
/* The same. */
bool uring_stop_many(struct uring *uring, struct uring_watch *watch, int fd);
/* Closes or recycles what a multishot has brought, which has been stopped. */
void uring_drop_stock(struct uring *uring, struct uring_watch *watch);
void uring_many_completed(struct uring *uring, const struct ring_completion *completion);

/* ---- driver_uring_ask.c ---- */
/* Unless it stands: the request that tells when to ask. */
void uring_arm_ask(struct uring *uring);
/* It has told. */
void uring_ask(struct uring *uring);

/* ---- driver_uring_poll.c ---- */
/* Polls, because `op` does, or in its stead.  False: no room. */
bool uring_begin_poll(struct uring *uring, struct driver_op *op);
static inline bool uring_is_polled(const struct driver_op *op)
{
    return op->state == URING_POLLING || op->state == URING_PATIENT || op->state == URING_TOLD;
}
/* Of a request that polls.  True: it is over, with `completion`. */
bool uring_poll_completed(struct uring *uring, struct driver_op *op, struct ring_completion *completion);

/* ---- driver_uring_zero.c ---- */
bool uring_is_zero_copy(const struct uring *uring, struct uring_watch *watch, const struct driver_op *op);
/* Makes one of a prepared send. */
void uring_prepare_zero_copy(struct io_uring_sqe *sqe);
/* False: `completion` is the last, with the result of the operation. */
bool uring_zero_copy_goes_on(struct uring_watch *watch, struct driver_op *op, struct ring_completion *completion);

/* ---- ring_prepare.c ---- */
/* The request that `op` becomes; -1: none, a thread carries it out. */
int ring_opcode(const struct driver_op *op);
/* A request for `op`, which is no poll, but for its user_data. */
void ring_prepare(struct io_uring_sqe *sqe, const struct driver_op *op);
/* What driver_fault said of it comes true.  op NULL: a multishot. */
void ring_spoil(struct io_uring_sqe *sqe, const struct driver_op *op, int fault);

#endif

/* Why the ring was refused last: an errno value, and which step (never NULL).  0: it was not. */
int driver_uring_refusal(const char **step);

#endif
