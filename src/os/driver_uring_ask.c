/* SPDX-License-Identifier: MIT */
/*
 * driver_uring_ask.c - asking after connections whose end the kernel may have lost.
 *
 * If bytes and the end of a connection (or its reset) arrive before the kernel has reported either, a multishot
 * receive brings the bytes and may never bring the end: both wake it at once, it receives once, and nothing wakes it
 * again (Linux before 7.0, "io_uring/poll: fix multishot recv missing EOF on wakeup race"; seen on 6.18 for resets).
 * So a connection is asked once after bytes arrived, when no more have arrived for a second or two: later data wakes
 * the request by itself. A busy connection costs one look at its flag a second, an idle one nothing.
 */
#define _GNU_SOURCE
#include "os/driver_uring.h"

#if defined(EDDY_WITH_URING)

#include <poll.h>

enum { BATCH = 64 };

static struct __kernel_timespec period = {.tv_sec = 1};

void uring_arm_ask(struct uring *uring)
{
    struct io_uring_sqe *sqe = ring_request(&uring->ring);
    if (!sqe)
        return;
    io_uring_prep_timeout(sqe, &period, 0, 0);
    sqe->user_data = RING_ASK;
    uring->asking = true;
}

/* Connections that have something to report get a new receive. */
static void ask(struct uring *uring, struct pollfd *entries, const struct pollfd *end)
{
    poll(entries, (nfds_t)(end - entries), 0); /* if it fails, none has anything to report */
    for (const struct pollfd *one = entries; one != end; one++)
        if (one->revents != 0)
            uring_stop_many(uring, uring_find(uring, one->fd), one->fd);
}

/* Removes the descriptor from the list, or keeps it there until the next time if bytes have arrived. */
static bool is_quiet(struct uring *uring, int fd, int *kept)
{
    struct uring_watch *watch = uring_find(uring, fd);
    bool heard = watch->heard;
    watch->heard = false;
    watch->suspect = heard;
    if (heard) {
        watch->next_suspect = *kept;
        *kept = fd;
    }
    return !heard && watch->many == MANY_STANDS && !watch->accepts;
}

void uring_ask(struct uring *uring)
{
    struct pollfd entries[BATCH], *end = entries;
    int kept = -1;
    uring->asking = false;
    for (int fd = uring->suspects, next; fd >= 0; fd = next) {
        next = uring_find(uring, fd)->next_suspect;
        if (is_quiet(uring, fd, &kept))
            *end++ = (struct pollfd){.fd = fd, .events = POLLIN | POLLRDHUP};
        if (end == entries + BATCH) {
            ask(uring, entries, end);
            end = entries;
        }
    }
    uring->suspects = kept;
    ask(uring, entries, end);
}

#endif
