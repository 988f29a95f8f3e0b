/* SPDX-License-Identifier: MIT */
/* sigpipe.c - see sigpipe.h. */
#define _GNU_SOURCE /* sigtimedwait */
#include "os/sigpipe.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

static sigset_t only_sigpipe(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
}

static bool is_pending(void)
{
    sigset_t set;
    return sigpending(&set) == 0 && sigismember(&set, SIGPIPE) == 1;
}

struct sigpipe sigpipe_block(void)
{
    sigset_t set = only_sigpipe(), mask;
    sigemptyset(&mask);
    pthread_sigmask(SIG_BLOCK, &set, &mask);
    bool blocked = sigismember(&mask, SIGPIPE) == 1;
    return (struct sigpipe){.blocked = blocked, .pending = blocked && is_pending()}; /* else it would be delivered */
}

/* One for the thread and one for the process may be pending. */
static void take_pending(const sigset_t *set)
{
    const struct timespec at_once = {0, 0};
    int number;
    do
        number = sigtimedwait(set, NULL, &at_once);
    while (number > 0 || errno == EINTR);
}

void sigpipe_restore(const struct sigpipe *before)
{
    int saved = errno;
    sigset_t set = only_sigpipe();
    if (!before->pending)
        take_pending(&set);
    if (!before->blocked)
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    errno = saved;
}
