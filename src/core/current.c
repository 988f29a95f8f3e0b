/* SPDX-License-Identifier: MIT */
/* current.c - what runs on this thread, and what code outside of tasks leaves behind when the thread ends. */
#include "core/current.h"

#include "core/context_var.h"
#include "core/failure.h"
#include "os/thread.h"

__thread struct current current;

static void leave_thread(void)
{
    failure_unref(current.caught);
    current.caught = NULL;
    context_unref(context_enter(NULL));
}

static __thread struct thread_exit exit_of_current = {.leave = leave_thread};

void current_attach(void)
{
    thread_at_exit(&exit_of_current);
}
