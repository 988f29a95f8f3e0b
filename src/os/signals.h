/* SPDX-License-Identifier: MIT */
/*
 * signals.h - watchers of signals: any number of them, of any loops and threads.
 *
 * The library's handler stands while somebody watches, and gives way to what was there before afterwards; numbers that
 * have no watcher are not touched.  A handler, not a signalfd: that would need the signal to be blocked in every thread
 * of the program, and in none of its children.  Invariant: the lists change only under a lock that is held with all
 * signals blocked, so that a handler never waits for the thread that it interrupted.
 */
#ifndef EDDY_OS_SIGNALS_H
#define EDDY_OS_SIGNALS_H

#include <stdbool.h>

#include "base/list.h"

struct signal_watch {
    struct list_link link; /* among those of its number */
    int number;
    bool fallback;  /* told only while no other watches that number; never takes the place of a program's own handler */
    /* In the handler, on any thread: only what a signal handler may do. */
    void (*arrived)(struct signal_watch *watch);
};

/* 0; EINVAL: no such signal, or none that can be handled (SIGKILL, SIGSTOP; SIGSEGV and the like, which are faults);
 * EBUSY: a fallback, and the program has its own handler. */
int signal_watch_add(struct signal_watch *watch);
/* It is told nothing more once this has returned. */
void signal_watch_remove(struct signal_watch *watch);
/* From `arrived`: what would have happened without the library happens. */
void signal_give_way(int number);

#endif
