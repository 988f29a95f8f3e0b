/* SPDX-License-Identifier: MIT */
/* future.c - results that are set by other code; join.c implements waiting for them. */
#include "core/future.h"

#include <stdarg.h>
#include <string.h>

#include "base/assert.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/report.h"
#include "core/pass_on.h"
#include "core/wrong_loop.h"
#include "os/memory.h"

static const struct eddy_awaitable_type future_type = {.name = "future", .kind = EDDY_FUTURE};

/* The future for when there is no memory: it has failed, is shared, and is never freed. */
static _Alignas(16) char no_memory_block[sizeof(struct future) + 65536];

static struct future *no_memory_one(void)
{
    return (struct future *)(void *)no_memory_block;
}

static struct future *no_memory_future(size_t size)
{
    EDDY_ASSERT(size <= 65536, "no memory for a future of %zu bytes", size);
    struct future *future = no_memory_one();
    struct eddy_awaitable *a = (void *)future->user;
    a->awaitable = (struct eddy_core){.type = &future_type,
                                      .failure = &failure_no_memory,
                                      .state = EDDY_FINISHED,
                                      .flags = ED_FLAG_FUTURE};
    future->cancelled = true; /* so that setting a result does nothing */
    return future;
}

void *eddy_future_alloc(size_t size)
{
    struct future *future = memory_alloc_zeroed(sizeof *future + size);
    if (!future)
        return no_memory_future(size)->user;
    future->loop = eddy_current_loop();
    future->watches.end = &future->watches.first;
    struct eddy_awaitable *a = (void *)future->user;
    a->awaitable = (struct eddy_core){.type = &future_type, .state = EDDY_RUNNING, .flags = ED_FLAG_FUTURE};
    return future->user;
}

void(eddy_future_free)(void *f)
{
    if (!f)
        return;
    struct future *future = future_of_handle(f);
    struct eddy_awaitable *a = f;
    EDDY_ASSERT(!future->waiting, "a future was freed while a task waited for it");
    if (future == no_memory_one())
        return;
    if (a->awaitable.failure && !future->seen)
        report_failure(a->awaitable.failure, "a future was freed before its error was read");
    failure_unref(a->awaitable.failure);
    memory_free(future);
}

bool eddy_future_pending(const void *f)
{
    const struct eddy_awaitable *a = f;
    return a->awaitable.state == EDDY_RUNNING;
}

static void complete(struct eddy_awaitable *a, struct eddy_failure *failure)
{
    struct future *future = future_of_handle(a);
    a->awaitable.failure = failure;
    a->awaitable.state = EDDY_FINISHED;
    watches_fire(&future->watches);
}

/* True: go on. A cancelled future ignores a result silently: the code that sets it cannot have known. site: of the
 * call, or NULL. An awaitable that is no future comes here only to be refused. */
static bool may_set(struct eddy_awaitable *a, const struct eddy_site *site)
{
    if (!(a->awaitable.flags & ED_FLAG_FUTURE)) {
        report_completed_twice(a, site);
        return false;
    }
    if (a->awaitable.state == EDDY_RUNNING)
        return true;
    if (!future_of_handle(a)->cancelled)
        report_misuse(site, "a future was set twice: it keeps what it has; ask eddy_future_pending first");
    return false;
}

static void complete_where_it_belongs(struct eddy_awaitable *a, struct eddy_failure *failure,
                                      const struct eddy_site *site)
{
    if (__builtin_expect(future_is_ours(a), 1))
        complete(a, failure);
    else
        pass_on_end_of_future(a, failure, complete, site);
}

void eddy_future_complete(void *f)
{
    eddy_future_complete_at(f, NULL);
}

void eddy_future_complete_at(void *f, const struct eddy_site *site)
{
    if (may_set(f, site))
        complete_where_it_belongs(f, NULL, site);
}

bool(eddy_set_error)(void *f, int code, const char *format, ...)
{
    if (!may_set(f, NULL))
        return false;
    va_list arguments;
    va_start(arguments, format);
    complete_where_it_belongs(f, failure_make(code ? code : EINVAL, format, arguments), NULL);
    va_end(arguments);
    return true;
}

static void cancel_here(struct eddy_awaitable *a, struct eddy_failure *failure)
{
    struct future *future = future_of_handle(a);
    future->cancelled = future->seen = true;
    complete(a, failure);
}

/* eddy_cancel of a future. */
bool future_cancel(struct eddy_awaitable *a, const char *reason)
{
    struct future *future = future_of_handle(a);
    if (a->awaitable.state != EDDY_RUNNING) {
        future->seen = true;
        return false;
    }
    struct eddy_failure *failure = failure_of_cancel(reason, false);
    if (future_is_ours(a))
        cancel_here(a, failure);
    else
        pass_on_end_of_future(a, failure, cancel_here, NULL);
    return true;
}
