/* SPDX-License-Identifier: MIT */
/*
 * ring.h - one io_uring: opened with the options that the kernel allows, tested, and entered; it does not know what
 * its requests mean.
 *
 * Only the thread that opened it may use it.
 */
#ifndef EDDY_OS_RING_H
#define EDDY_OS_RING_H

#if defined(EDDY_WITH_URING)

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

struct ring {
    struct io_uring io;
    unsigned enter_flags; /* flags of each io_uring_enter */
    bool announces_tasks; /* the kernel sets a flag in the ring when it has work to finish in the next call */
    uint64_t opcodes;     /* bits: the first 64 opcodes that it knows */
};

/* Limits that tests make small before they open a ring. */
struct ring_limits {
    unsigned entries;     /* size of the submission queue */
    unsigned completions; /* size of the completion queue */
    unsigned buffers;     /* size of the store of buffers that all receives share: a power of two; 0: none */
    unsigned zero_copy;   /* bytes from which on a send avoids the copy; 0: never. See driver_uring_zero.c */
    unsigned without;     /* IORING_SETUP_ flags that are treated as unknown to this kernel */
};
extern struct ring_limits ring_limits;

/*
 * How it is used. A ring for one thread is registered there, under a faster number that another thread cannot give
 * back. In a ring that other code polls, the kernel finishes its work on its own: otherwise that waits for a call of
 * the thread, and pollers of the descriptor are not woken. (An eventfd of the ring does not help: Linux 6.18 signals
 * it once for work that another eventfd's write causes, and never again.)
 */
enum ring_use { RING_OWN, RING_MOVES, RING_POLLED };

/* Returns 0, or an errno value and *step, the call that was refused. */
int ring_open(struct ring *ring, const char **step, enum ring_use use);
void ring_close(struct ring *ring);
static inline bool ring_knows(const struct ring *ring, int opcode)
{
    return ring->opcodes >> opcode & 1;
}

/* A request to be filled in. NULL: the queue is full, and the kernel takes no requests now. */
struct io_uring_sqe *ring_request(struct ring *ring);
/* Submits all requests; sleeps for at most `span` nanoseconds (CLOCK_NEVER: no limit, 0: not at all) until there are
 * `count` completions. Makes no call if there is nothing to submit, to finish or to wait for. Returns 0 or a
 * negative errno value: -ETIME, -EINTR, -EBUSY and -EAGAIN (take completions first) are no errors. */
int ring_enter(struct ring *ring, unsigned count, int64_t span);

struct ring_completion {
    uint64_t data;        /* the request's user_data */
    int32_t result;
    uint32_t flags;       /* IORING_CQE_F_ bits */
};
/* True: there are completions, or the kernel has work that it finishes in a call of this thread. */
bool ring_has_news(const struct ring *ring);
/* Takes the oldest completion out; false: there is none. */
static inline bool ring_next(struct ring *ring, struct ring_completion *completion)
{
    struct io_uring_cq *queue = &ring->io.cq;
    unsigned head = *queue->khead;
    if (head == io_uring_smp_load_acquire(queue->ktail))
        return false;
    const struct io_uring_cqe *entry = &queue->cqes[head & queue->ring_mask];
    *completion = (struct ring_completion){entry->user_data, entry->res, entry->flags};
    io_uring_smp_store_release(queue->khead, head + 1);
    return true;
}

#endif
#endif
