/* SPDX-License-Identifier: MIT */
/* post.c - eddy_call_soon_threadsafe. */
#include <errno.h>

#include "core/call.h"
#include "core/context_var.h"
#include "core/current.h"
#include "core/loop.h"
#include "core/sched.h"
#include "os/memory.h"

/* A call with memory of its own, which lies in the inbox first, and then in the ready queue. It has one cache line
 * together with the header of its block. */
struct posted {
    union {
        struct ready ready;      /* first: see posted_begin */
        struct remote_call call;
    };
    void (*function)(void *);
    void *argument;
};

static struct posted take_out(struct posted *posted)
{
    struct posted copy = *posted;
    memory_free(posted);
    return copy;
}

/* Like call_begin. The context variables are those of code outside tasks; values that the call sets end with it. */
struct task *posted_begin(struct ready *ready)
{
    struct posted posted = take_out(container_of(ready, struct posted, ready));
    struct context_value *before = context_enter(context_current());
    posted.function(posted.argument);
    context_unref(context_enter(before));
    return NULL;
}

/* It is called in the next pass; or at once if the main task has ended, since there may be no further pass. */
static void arrive(void *argument)
{
    struct posted *posted = argument;
    if (current.loop->closing) {
        struct posted last = take_out(posted);
        last.function(last.argument);
        return;
    }
    posted->ready = (struct ready){.begin = posted_begin, .on_loop = true};
    sched_add(&current.loop->ready, &posted->ready);
}

int(eddy_call_soon_threadsafe)(eddy_loop *name, void (*function)(void *), void *argument)
{
    int error = loop_resolve(&name, "eddy_call_soon_threadsafe(loop, function, argument)");
    if (error)
        return error;
    struct posted *posted = memory_alloc(sizeof *posted);
    if (!posted)
        return ENOMEM;
    *posted = (struct posted){
        .call = {.function = arrive, .argument = posted}, .function = function, .argument = argument};
    struct eddy_loop *loop = loop_enter(name);
    if (!loop) {
        memory_free(posted);
        return EDDY_NO_LOOP;
    }
    loop_post(loop, &posted->call);
    loop_leave(name);
    return 0;
}
