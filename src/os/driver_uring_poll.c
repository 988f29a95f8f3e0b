/* SPDX-License-Identifier: MIT */
/*
 * driver_uring_poll.c - waiting until a descriptor is ready: for a poll, and in place of a call that would not wait.
 *
 * A ring's poll reports POLLRDHUP even if it was not asked for, and does so at once: a writer whose peer has ended
 * its own side would get such reports over and over while there is no room. So a request that has reported only
 * other events is followed by a multishot request, which reports changes. It is cancelled once it has reported an
 * event that was asked for.
 */
#define _GNU_SOURCE
#include "os/driver_uring.h"
#include "os/driver_fault.h"

#if defined(EDDY_WITH_URING)

#include <poll.h>

static unsigned events_of(const struct driver_op *op)
{
    if (op->kind == DRIVER_POLL)
        return op->u.poll.events;
    return (URING_READS >> op->kind & 1) != 0 ? POLLIN : POLLOUT;
}

/* Of the reported events: those that were asked for, and those that are always reported. */
static int32_t news_in(const struct driver_op *op, int32_t events)
{
    return (int32_t)((unsigned)events & (events_of(op) | POLLERR | POLLHUP | POLLNVAL));
}

static bool begin(struct uring *uring, struct driver_op *op, bool patient)
{
    struct io_uring_sqe *sqe = ring_request(&uring->ring);
    if (!sqe)
        return false;
    if (patient)
        io_uring_prep_poll_multishot(sqe, op->fd, events_of(op));
    else
        io_uring_prep_poll_add(sqe, op->fd, events_of(op));
    int fault = driver_fault();
    if (fault < 0)
        ring_spoil(sqe, op, fault);
    sqe->user_data = (uintptr_t)op;
    op->state = patient ? URING_PATIENT : URING_POLLING;
    return true;
}

bool uring_begin_poll(struct uring *uring, struct driver_op *op)
{
    return begin(uring, op, false);
}

/* The multishot has reported an event that was asked for. */
static void end_patience(struct uring *uring, struct driver_op *op, int32_t events)
{
    op->result = events;
    op->state = URING_TOLD;
    if (!uring_send_cancel(uring, (uintptr_t)op))
        uring->lost_cancel = true;
}

bool uring_poll_completed(struct uring *uring, struct driver_op *op, struct ring_completion *completion)
{
    bool more = (completion->flags & IORING_CQE_F_MORE) != 0;
    if (op->state == URING_TOLD) {
        completion->result = (int32_t)op->result;
        return !more;
    }
    if (completion->result > 0)
        completion->result = news_in(op, completion->result);
    bool news = completion->result != 0;
    if (!news && !more && op->cancelled) { /* the cancel was made after this completion, and found no request */
        completion->result = -ECANCELED;
        return true;
    }
    if (news && more)
        end_patience(uring, op, completion->result);
    else if (!news && !more && !begin(uring, op, true))
        uring_begin_later(uring, op);
    return news && !more;
}

#endif
