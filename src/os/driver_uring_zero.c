/* SPDX-License-Identifier: MIT */
/*
 * driver_uring_zero.c - sending without a copy: the kernel reads the sender's memory until the peer has it.
 *
 * Such a request completes twice: with the bytes sent, and when the memory belongs to the sender again. The
 * operation completes with the second, since until then its memory is lent.
 *
 * Disabled, unless EDDY_ZERO_COPY=BYTES gives the smallest size. CPU of both sides for 256 MiB over loopback (Linux
 * 6.18, one send after the other), relative to a send that copies: 6.3 times at 4 KiB, 2.8 at 16 KiB, 1.2 to 1.7 at
 * 64 KiB, 0.8 at 256 KiB, 1.0 to 1.7 at 1 MiB. There the kernel copies after all, and reports it: a connection
 * learns that by its first large send, and copies from then on. Over a network card the copy is saved, but each send
 * lasts a round trip, where a copy would fill the socket's buffer, so it is not used for distant peers. And a
 * cancelled send lasts until the peer has taken the bytes, or the connection ends. For these reasons it must be
 * asked for.
 */
#define _GNU_SOURCE
#include "os/driver_uring.h"

#if defined(EDDY_WITH_URING)

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#if !defined(IORING_SEND_ZC_REPORT_USAGE)
#define IORING_SEND_ZC_REPORT_USAGE (1U << 3) /* Linux 6.2; older ones answer EINVAL */
#define IORING_NOTIF_USAGE_ZC_COPIED (1U << 31)
#endif

enum { FAR = 1000 }; /* round-trip time in microseconds */

/* True as well if it is not TCP. */
static bool is_far(int fd)
{
    struct tcp_info facts = {0};
    socklen_t size = sizeof facts;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &facts, &size) != 0 || facts.tcpi_rtt > FAR;
}

bool uring_is_zero_copy(const struct uring *uring, struct uring_watch *watch, const struct driver_op *op)
{
    if (ring_limits.zero_copy == 0 || op->u.buffer.size < ring_limits.zero_copy || !watch->adopted)
        return false;
    if (watch->zero_copy == ZERO_COPY_NOT_TRIED)
        watch->zero_copy = ring_knows(&uring->ring, IORING_OP_SEND_ZC) && !is_far(op->fd) ? ZERO_COPY_TRIED
                                                                                          : ZERO_COPY_NEVER;
    return watch->zero_copy == ZERO_COPY_TRIED;
}

void uring_prepare_zero_copy(struct io_uring_sqe *sqe)
{
    sqe->opcode = IORING_OP_SEND_ZC;
    sqe->ioprio |= IORING_SEND_ZC_REPORT_USAGE;
}

bool uring_zero_copy_goes_on(struct uring_watch *watch, struct driver_op *op, struct ring_completion *completion)
{
    if ((completion->flags & IORING_CQE_F_MORE) != 0) {
        op->result = completion->result;
        return true;
    }
    if ((completion->flags & IORING_CQE_F_NOTIF) != 0) {
        if (((uint32_t)completion->result & IORING_NOTIF_USAGE_ZC_COPIED) != 0)
            watch->zero_copy = ZERO_COPY_NEVER;
        completion->result = (int32_t)op->result;
    } else if (completion->result == -EINVAL || completion->result == -EOPNOTSUPP) {
        watch->zero_copy = ZERO_COPY_NEVER;
        completion->result = -EINTR; /* the send begins again, with a copy */
    }
    return false;
}

#endif
