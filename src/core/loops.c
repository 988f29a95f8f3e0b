/* SPDX-License-Identifier: MIT */
/*
 * loops.c - the loops that run in this process: for calls from other threads, and for debuggers.
 *
 * Invariant: gdb/eddy-gdb.py begins at eddy_loops, follows members of structs by name, and calls no function, so
 * that it works on a core file, too. All data that it needs can be reached from here.
 */
#include <errno.h>
#include <pthread.h>

#include "core/current.h"
#include "core/loop.h"
#include "core/report.h"
#include "eddy/error.h"
#include "os/stack.h"
#include "os/thread.h"

/* The loop that began last comes first. */
struct eddy_loop *eddy_loops;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* ==== fork ==== */

static void before_fork(void)
{
    pthread_mutex_lock(&mutex);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&mutex);
}

/* All running loops belong to the parent. Its other tasks must not go on in the child when that waits for something:
 * then it can only look at I/O, which reports the mistake. */
static void in_child(void)
{
    struct eddy_loop *own = current.loop;
    for (struct eddy_loop *loop = eddy_loops; loop; loop = loop->next_loop)
        loop->driver->forked = true;
    if (own) {
        sigpipe_restore(&own->sigpipe); /* the child may become another program */
        own->ready.first = own->ready.batch = NULL;
        own->ready.end = &own->ready.first;
        own->driver->in_flight++; /* so that it does look at I/O */
    }
    eddy_loops = NULL;
    pthread_mutex_unlock(&mutex);
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, in_child);
}

/* ==== the list ==== */

void loop_register(struct eddy_loop *loop)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    loop->current = &loop_at_rest;
    loop->thread = thread_number();
    pthread_mutex_lock(&mutex);
    loop->next_loop = eddy_loops;
    __atomic_store_n(&eddy_loops, loop, __ATOMIC_RELEASE); /* in one step, wherever a debugger stops this thread */
    pthread_mutex_unlock(&mutex);
}

void loop_unregister(struct eddy_loop *loop)
{
    pthread_mutex_lock(&mutex);
    struct eddy_loop **link = &eddy_loops;
    while (*link != loop)
        link = &(*link)->next_loop;
    *link = loop->next_loop;
    pthread_mutex_unlock(&mutex);
}

bool loops_run(void)
{
    return __atomic_load_n(&eddy_loops, __ATOMIC_RELAXED) != NULL;
}

int loop_resolve(eddy_loop **name, const char *call)
{
    if (*name)
        return 0;
    if (current.loop) {
        *name = current.loop->name;
        return 0;
    }
    pthread_mutex_lock(&mutex);
    struct eddy_loop *loop = eddy_loops;
    bool several = loop && loop->next_loop;
    if (loop)
        *name = loop->name;
    pthread_mutex_unlock(&mutex);
    if (several)
        report_line("eddy: %s without a loop: several loops run, so name the one that is meant", call);
    return several ? EINVAL : loop ? 0 : EDDY_NO_LOOP;
}

/* ==== names ==== */

eddy_loop *eddy_current_loop(void)
{
    return current.loop ? current.loop->name : NULL;
}

const char *eddy_loop_driver(const eddy_loop *name)
{
    struct eddy_loop *loop = loop_enter(name);
    if (!loop)
        return NULL;
    const char *driver = loop->driver->type->name;
    loop_leave(name);
    return driver;
}

eddy_loop *eddy_loop_ref(eddy_loop *name)
{
    return gate_ref((uintptr_t)name) ? name : NULL;
}

void eddy_loop_unref(eddy_loop *name)
{
    if (name && !gate_unref((uintptr_t)name))
        report_line("eddy: eddy_loop_unref without an eddy_loop_ref before it; it did nothing");
}
