/* SPDX-License-Identifier: MIT */
/* thread.c - see thread.h. */
#define _GNU_SOURCE
#include "os/thread.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_key_t exit_key;
static bool exit_key_made;
static __thread struct thread_exit *first; /* list of the calls that this thread asked for */

long thread_number(void)
{
    return syscall(SYS_gettid);
}

void thread_leave(void)
{
    for (struct thread_exit *exit; (exit = first);) {
        first = exit->next;
        exit->asked = false;
        exit->leave();
    }
}

static void leave_thread(void *unused)
{
    (void)unused;
    thread_leave();
}

static void make_exit_key(void)
{
    exit_key_made = pthread_key_create(&exit_key, leave_thread) == 0;
}

void thread_at_exit(struct thread_exit *exit)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (exit->asked)
        return;
    pthread_once(&once, make_exit_key);
    exit->asked = true;
    exit->next = first;
    first = exit;
    if (exit_key_made)
        pthread_setspecific(exit_key, &first); /* any value but NULL */
}
