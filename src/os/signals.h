/* SPDX-License-Identifier: MIT */
/*
 * signals.h - watchers of signals: any number of them, of any loops and threads.
 *
 * The library's handler is installed while there is a watcher, and the previous disposition is restored afterwards;
 * numbers without a watcher are not touched. It is a handler and not a signalfd, which would need the signal to be
 * blocked in every thread of the program, and in none of its children. Invariant: the lists change only under a lock
 * that is held with all signals blocked, so that a handler never waits for the thread that it interrupted.
 */
#ifndef EDDY_OS_SIGNALS_H
#define EDDY_OS_SIGNALS_H

#include <stdbool.h>

#include "base/list.h"

struct signal_watch {
    struct list_link link; /* in the list of its number */
    int number;
    bool fallback;  /* called only if the number has no other watcher; never replaces the program's own handler */
    /* Called in the handler, on any thread: may do only what a signal handler may do. */
    void (*arrived)(struct signal_watch *watch);
};

/* Returns 0; EINVAL: no such signal, or one that cannot be handled (SIGKILL, SIGSTOP; SIGSEGV and the like, which
 * are faults); EBUSY: a fallback, and the program has its own handler. */
int signal_watch_add(struct signal_watch *watch);
/* It is not called any more once this has returned. */
void signal_watch_remove(struct signal_watch *watch);
/* Called from `arrived`: has the effect that the signal would have without the library. */
void signal_give_way(int number);

#endif
