/* SPDX-License-Identifier: MIT */
/* post.c - eddy_call_soon_threadsafe. */
#include <errno.h>

#include "core/current.h"
#include "core/loop.h"
#include "os/memory.h"

/* A call with memory of its own. */
struct posted {
    struct remote_call call;
    void (*function)(void *);
    void *argument;
};

/* Called in a pass; or at once if the main task has ended, since there may be no further pass. */
static void make_posted_call(void *argument)
{
    struct posted posted = *(struct posted *)argument;
    memory_free(argument);
    if (current.loop->closing || !(eddy_call_soon)(posted.function, posted.argument))
        posted.function(posted.argument);
}

int(eddy_call_soon_threadsafe)(eddy_loop *name, void (*function)(void *), void *argument)
{
    int error = loop_resolve(&name, "eddy_call_soon_threadsafe(loop, function, argument)");
    if (error)
        return error;
    struct posted *posted = memory_alloc(sizeof *posted);
    if (!posted)
        return ENOMEM;
    *posted = (struct posted){{.function = make_posted_call, .argument = posted}, function, argument};
    struct eddy_loop *loop = loop_enter(name);
    if (!loop) {
        memory_free(posted);
        return EDDY_NO_LOOP;
    }
    loop_post(loop, &posted->call);
    loop_leave(name);
    return 0;
}
