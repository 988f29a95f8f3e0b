/* SPDX-License-Identifier: MIT */
/* ring.c - see ring.h. */
#define _GNU_SOURCE
#include "os/ring.h"

#if defined(EDDY_WITH_URING)

#include "os/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ring_limits ring_limits = {.entries = 256, .completions = 4096, .buffers = 1024};

/* EDDY_RING=ENTRIES,COMPLETIONS,BUFFERS: small numbers, so that any test meets full queues and empty stores. */
__attribute__((constructor)) static void read_environment(void)
{
    const char *text = getenv("EDDY_RING"), *bytes = getenv("EDDY_ZERO_COPY");
    if (bytes)
        ring_limits.zero_copy = (unsigned)strtoul(bytes, NULL, 10);
    struct ring_limits read = ring_limits;
    if (text && sscanf(text, "%u,%u,%u", &read.entries, &read.completions, &read.buffers) == 3)
        ring_limits = read;
}

/* Features that the driver relies upon: no completion is dropped, waits have a limit, the kernel polls sockets
 * itself. */
#define NEEDED_FEATURES (IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_FAST_POLL | IORING_FEAT_RW_CUR_POS | \
                         IORING_FEAT_SUBMIT_STABLE)

static const int needed_opcodes[] = {
    IORING_OP_NOP,     IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL, IORING_OP_ACCEPT, IORING_OP_CONNECT, IORING_OP_SEND,
    IORING_OP_SENDMSG, IORING_OP_RECV,     IORING_OP_RECVMSG,      IORING_OP_READ,   IORING_OP_WRITE,
};

/* Options that a kernel may not know, the newest first: they are left out in this order. */
#define WAIT_FOR_CALL (IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG)
static const unsigned wishes[] = {
    IORING_SETUP_DEFER_TASKRUN,                        /* 6.1: completions only when asked for */
    IORING_SETUP_SINGLE_ISSUER,                        /* 6.0 */
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, /* 5.19: no interrupt of the running program */
    IORING_SETUP_SUBMIT_ALL,                           /* 5.18: the requests after an invalid one are submitted, too */
    0,
};

static int set_up(struct ring *ring, bool polled)
{
    struct io_uring_params params;
    unsigned flags = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
    int error = -EINVAL;
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        flags |= wishes[i];
    if (polled)
        flags &= ~(unsigned)WAIT_FOR_CALL;
    for (size_t i = 0; error == -EINVAL && i < sizeof wishes / sizeof wishes[0]; i++) {
        memset(&params, 0, sizeof params);
        params.flags = flags;
        params.cq_entries = ring_limits.completions;
        error = flags & ring_limits.without ? -EINVAL
                                            : io_uring_queue_init_params(ring_limits.entries, &ring->io, &params);
        flags &= ~wishes[i];
    }
    ring->announces_tasks = (params.flags & IORING_SETUP_TASKRUN_FLAG) != 0;
    return error;
}

/* The opcodes that the kernel knows, as bits; 0: it cannot list them. */
static uint64_t opcodes_of(struct ring *ring)
{
    uint64_t known = 0;
    struct io_uring_probe *probe = io_uring_get_probe_ring(&ring->io);
    for (int opcode = 0; probe && opcode < 64; opcode++)
        known |= (uint64_t)io_uring_opcode_supported(probe, opcode) << opcode;
    io_uring_free_probe(probe);
    return known;
}

static bool has_what_it_takes(const struct ring *ring)
{
    bool has = (ring->io.features & NEEDED_FEATURES) == NEEDED_FEATURES;
    for (size_t i = 0; has && i < sizeof needed_opcodes / sizeof needed_opcodes[0]; i++)
        has = ring_knows(ring, needed_opcodes[i]);
    return has;
}

/* A sandbox may allow io_uring_setup and forbid io_uring_enter: one request is sent to find out. */
static int prove(struct ring *ring)
{
    struct ring_completion completion;
    struct io_uring_sqe *sqe = ring_request(ring);
    io_uring_prep_nop(sqe);
    sqe->user_data = 42;
    int error = ring_enter(ring, 1, CLOCK_SECOND);
    if (error < 0)
        return -error;
    return ring_next(ring, &completion) && completion.data == 42 && completion.result == 0 ? 0 : EIO;
}

int ring_open(struct ring *ring, const char **step, enum ring_use use)
{
    *step = "io_uring_setup";
    int error = -set_up(ring, use == RING_POLLED);
    if (error)
        return error;
    ring->enter_flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
    *step = "the features of io_uring";
    ring->opcodes = opcodes_of(ring);
    if (!has_what_it_takes(ring))
        error = ENOSYS;
    if (!error) {
        io_uring_ring_dontfork(&ring->io);
        if (use == RING_OWN && io_uring_register_ring_fd(&ring->io) == 1)
            ring->enter_flags |= IORING_ENTER_REGISTERED_RING;
        *step = "io_uring_enter";
        error = prove(ring);
    }
    if (error)
        ring_close(ring);
    return error;
}

void ring_close(struct ring *ring)
{
    io_uring_queue_exit(&ring->io);
}

/* Makes the requests since the last call visible to the kernel; returns how many it has not taken. */
static unsigned publish(struct io_uring_sq *queue)
{
    unsigned tail = *queue->ktail;
    while (queue->sqe_head != queue->sqe_tail)
        queue->array[tail++ & queue->ring_mask] = queue->sqe_head++ & queue->ring_mask;
    io_uring_smp_store_release(queue->ktail, tail);
    return tail - *queue->khead;
}

struct io_uring_sqe *ring_request(struct ring *ring)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->io);
    if (__builtin_expect(sqe != NULL, 1))
        return sqe;
    unsigned flags = ring->enter_flags & IORING_ENTER_REGISTERED_RING;
    io_uring_enter2((unsigned)ring->io.enter_ring_fd, publish(&ring->io.sq), 0, flags, NULL, 0);
    return io_uring_get_sqe(&ring->io);
}

/* The kernel has work that it finishes only in a call of this thread, or completions that had no room in the ring. */
static bool kernel_waits(const struct ring *ring)
{
    unsigned flags = IO_URING_READ_ONCE(*ring->io.sq.kflags);
    return (flags & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN)) != 0;
}

bool ring_has_news(const struct ring *ring)
{
    return io_uring_cq_ready(&ring->io) != 0 || kernel_waits(ring);
}

int ring_enter(struct ring *ring, unsigned count, int64_t span)
{
    struct {
        uint64_t signals;
        uint32_t signals_size, min_wait; /* not used: see decision 060 */
        uint64_t limit;
    } argument = {0};
    struct __kernel_timespec limit = {span / CLOCK_SECOND, span % CLOCK_SECOND};
    unsigned requests = publish(&ring->io.sq);
    if (span == 0)
        count = 0;
    else if (span != CLOCK_NEVER)
        argument.limit = (uintptr_t)&limit;
    if (count == 0 && requests == 0 && !kernel_waits(ring))
        return 0;
    int answer = io_uring_enter2((unsigned)ring->io.enter_ring_fd, requests, count, ring->enter_flags,
                                 (sigset_t *)(void *)&argument, sizeof argument);
    return answer < 0 ? answer : 0;
}

#endif
