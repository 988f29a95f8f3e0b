/* SPDX-License-Identifier: MIT */
/* signals.c - see signals.h. */
#define _GNU_SOURCE
#include "os/signals.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>

static struct {
    struct list watches;
    struct sigaction before; /* while `ours` */
    bool ours;               /* the library's handler is installed */
} table[NSIG];

static char lock;

static void take_lock(void)
{
    while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE))
        sched_yield();
}

static void give_lock(void)
{
    __atomic_clear(&lock, __ATOMIC_RELEASE);
}

/* ==== the handler ==== */

static bool tell(int number, bool fallback)
{
    bool told = false;
    LIST_EACH(struct signal_watch, watch, &table[number].watches, link)
        if (watch->fallback == fallback) {
            watch->arrived(watch);
            told = true;
        }
    return told;
}

static void handle(int number)
{
    int saved = errno;
    take_lock();
    if (!tell(number, false))
        tell(number, true);
    give_lock();
    errno = saved;
}

void signal_give_way(int number)
{
    if (table[number].ours)
        sigaction(number, &table[number].before, NULL);
    table[number].ours = false;
    raise(number); /* blocked until the handler has returned */
}

/* ==== watching ==== */

static bool is_default(const struct sigaction *action)
{
    return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == SIG_DFL;
}

static int install(int number, bool fallback)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK | SA_RESTART};
    sigfillset(&action.sa_mask);
    if (table[number].ours)
        return 0;
    if (sigaction(number, NULL, &table[number].before) != 0)
        return EINVAL;
    if (fallback && !is_default(&table[number].before))
        return EBUSY;
    if (sigaction(number, &action, NULL) != 0)
        return EINVAL;
    table[number].ours = true;
    return 0;
}

/* If the program has installed another handler meanwhile, that one remains. */
static void uninstall(int number)
{
    struct sigaction now;
    if (table[number].ours && sigaction(number, NULL, &now) == 0 && now.sa_handler == handle)
        sigaction(number, &table[number].before, NULL);
    table[number].ours = false;
}

static bool can_be_watched(int number)
{
    static const int faults[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (number == faults[i])
            return false;
    return number > 0 && number < NSIG;
}

/* ==== fork ==== */

/* A forked child's signals are not reported to the loops of its parent. */
static void forget_all(void)
{
    for (int number = 1; number < NSIG; number++) {
        if (!list_is_empty(&table[number].watches))
            uninstall(number);
        list_take_all(&table[number].watches);
    }
    give_lock();
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget_all);
}

/* ==== the lists ==== */

static void enter(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
    take_lock();
}

static void leave(const sigset_t *before)
{
    give_lock();
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

int signal_watch_add(struct signal_watch *watch)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sigset_t before;
    if (!can_be_watched(watch->number))
        return EINVAL;
    pthread_once(&once, watch_forks);
    enter(&before);
    int error = install(watch->number, watch->fallback);
    if (!error)
        list_add_first(&table[watch->number].watches, &watch->link);
    leave(&before);
    return error;
}

void signal_watch_remove(struct signal_watch *watch)
{
    sigset_t before;
    struct list *watches = &table[watch->number].watches;
    enter(&before);
    if (list_contains(watches, &watch->link)) { /* a forked child has dropped those of its parent */
        list_remove(watches, &watch->link);
        if (list_is_empty(watches))
            uninstall(watch->number);
    }
    leave(&before);
}
