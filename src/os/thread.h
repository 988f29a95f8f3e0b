/* SPDX-License-Identifier: MIT */
/*
 * thread.h - the calling thread: its number, and what is called when it ends.
 *
 * Invariant: a function that was asked for is called once, on the thread that asked, after the thread's own code has
 * ended.  Destructors of other libraries may ask again from there; then it is called again.
 */
#ifndef EDDY_OS_THREAD_H
#define EDDY_OS_THREAD_H

#include <stdbool.h>

/* The kernel's number of the calling thread, as debuggers show it. */
long thread_number(void);

/* One call at the end of a thread.  The caller keeps it in thread-local memory. */
struct thread_exit {
    void (*leave)(void);      /* what is called */
    struct thread_exit *next; /* of those that this thread has asked for */
    bool asked;               /* it is in that list */
};

/* Asking twice is the same as asking once.  Without memory for the library's key nothing is called, and what the thread
 * holds leaks. */
void thread_at_exit(struct thread_exit *exit);
/* Calls now what the end of the calling thread would call.  exit does not end the first thread; tests look at what is
 * left after this. */
void thread_leave(void);

#endif
