/* SPDX-License-Identifier: MIT */
/* current.c - what runs on this thread, and what code outside of tasks leaves behind when the thread ends. */
#include "core/current.h"

#include <pthread.h>

#include "core/context_var.h"
#include "core/failure.h"

__thread struct current current;

static pthread_key_t exit_key;
static bool exit_key_made;

static void leave_thread(void *unused)
{
    (void)unused;
    failure_unref(current.caught);
    current.caught = NULL;
    context_unref(context_enter(NULL));
}

static void make_exit_key(void)
{
    exit_key_made = pthread_key_create(&exit_key, leave_thread) == 0;
}

void current_attach(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_exit_key);
    if (exit_key_made)
        pthread_setspecific(exit_key, &current);
}
