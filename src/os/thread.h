/* SPDX-License-Identifier: MIT */
/*
 * thread.h - the calling thread: its number, and functions that are called when it ends.
 *
 * Invariant: a registered function is called once, on the thread that asked, after the thread's own code has ended.
 * Destructors of other libraries may register it again then; so it is called again.
 */
#ifndef EDDY_OS_THREAD_H
#define EDDY_OS_THREAD_H

#include <stdbool.h>

/* The kernel's number of the calling thread, as debuggers show it. */
long thread_number(void);

/* One call at the end of a thread.  The caller keeps it in thread-local memory. */
struct thread_exit {
    void (*leave)(void);      /* the function */
    struct thread_exit *next; /* the list of those that this thread has registered */
    bool asked;               /* it is in that list */
};

/* Registering twice has the same effect as once. Without memory for the library's key no function is called, and the
 * thread's memory leaks. */
void thread_at_exit(struct thread_exit *exit);
/* Makes now the calls that the end of the calling thread would make. exit does not end the first thread; tests count
 * what is left after this. */
void thread_leave(void);

#endif
