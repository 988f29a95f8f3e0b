/* SPDX-License-Identifier: MIT */
/* driver_epoll_sleep.c - a wait of the epoll driver that ends at a given time: never early. */
#define _GNU_SOURCE
#include "os/driver_epoll.h"

#include "os/clock.h"

#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(SYS_epoll_pwait2)
#define SYS_epoll_pwait2 441
#endif

static int64_t answer(int64_t got)
{
    return got < 0 ? -errno : got;
}

/* Whole milliseconds, rounded up: never early. */
static int milliseconds(int64_t span)
{
    if (span > (int64_t)(INT_MAX - 1) * 1000000)
        return INT_MAX;
    return (int)((span + 999999) / 1000000);
}

/* False: the kernel has no such call. */
static bool sleep_finely(struct epoll *epoll, int64_t span, int *count)
{
    struct {
        int64_t seconds, nanoseconds;
    } limit = {span / CLOCK_SECOND, span % CLOCK_SECOND};
    *count = (int)answer(syscall(SYS_epoll_pwait2, epoll->fd, epoll->events, EPOLL_ROOM, &limit, NULL, 0));
    epoll->coarse = *count == -ENOSYS || *count == -EPERM || *count == -EINVAL;
    return !epoll->coarse;
}

int epoll_sleep(struct epoll *epoll, int64_t span)
{
    int count;
    if (!epoll->coarse && sleep_finely(epoll, span, &count))
        return count;
    return (int)answer(epoll_wait(epoll->fd, epoll->events, EPOLL_ROOM, milliseconds(span)));
}
