/* SPDX-License-Identifier: MIT */
/* wakeup.c - see wakeup.h. */
#define _GNU_SOURCE
#include "os/wakeup.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int wakeup_open(struct wakeup *wakeup)
{
    wakeup->rung = false;
    wakeup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wakeup->fd < 0 ? errno : 0;
}

void wakeup_close(struct wakeup *wakeup)
{
    close(wakeup->fd);
}

/* A direct system call: write() is a cancellation point, where a thread under pthread_cancel would end, and the loop
 * would go on sleeping. */
static void add_one(int fd)
{
    int saved = errno;
    uint64_t one = 1;
    while (syscall(SYS_write, fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    errno = saved;
}

void wakeup_ring(struct wakeup *wakeup)
{
    if (!__atomic_exchange_n(&wakeup->rung, true, __ATOMIC_SEQ_CST))
        add_one(wakeup->fd);
}
