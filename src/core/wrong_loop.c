/* SPDX-License-Identifier: MIT */
/* wrong_loop.c - see wrong_loop.h. */
#include "core/wrong_loop.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/failure.h"
#include "core/future.h"
#include "core/loop.h"
#include "core/report.h"

enum { SENTENCES = 100 };

/* ==== reporting it ==== */

void wrong_loop_say(const char *format, ...)
{
    static int said; /* atomic */
    char text[400], who[300];
    va_list arguments;
    if (__atomic_fetch_add(&said, 1, __ATOMIC_RELAXED) >= SENTENCES) {
        __atomic_store_n(&said, SENTENCES, __ATOMIC_RELAXED);
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    report_caller(who, sizeof who);
    report_line("eddy: %s%s", who, text);
}

struct eddy_failure *wrong_loop_failure(const char *what)
{
    return failure_of(EDDY_WRONG_LOOP,
                      "%s belongs to the loop of another thread: use it there, by eddy_call_soon_threadsafe or "
                      "eddy_run_coroutine_threadsafe",
                      what);
}

/* ==== which loop owns it ==== */

bool future_is_ours_or_nobodys(const struct future *future)
{
    if (!future->loop || !loop_enter(future->loop))
        return true;
    loop_leave(future->loop);
    return false;
}

bool awaitable_is_ours(const struct eddy_awaitable *a)
{
    if (!handle_is_task(a))
        return future_is_ours(a);
    const struct task *task = task_of_handle(a);
    return task->loop == current.loop || task->state == TASK_DONE;
}

bool awaitables_are_ours(const void *array, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct eddy_awaitable *a;
        memcpy(&a, (const char *)array + i * sizeof a, sizeof a);
        if (!awaitable_is_done(a) && !awaitable_is_ours(a))
            return false;
    }
    return true;
}

static bool did_nothing(const struct eddy_site *site, const char *call, const char *what)
{
    char place[200] = "";
    if (site && site->file)
        snprintf(place, sizeof place, "%s:%d: ", site->file, site->line);
    wrong_loop_say("%s%s of a %s of another thread's loop did nothing: call it there, by "
                   "eddy_call_soon_threadsafe(loop, function, argument)",
                   place, call, what);
    return false;
}

bool awaitable_check_ours(const struct eddy_awaitable *a, const char *call)
{
    return __builtin_expect(awaitable_is_ours(a), 1) ||
           did_nothing(NULL, call, handle_is_task(a) ? "task" : "future");
}

bool loop_check_ours(const struct eddy_loop *loop, const char *call, const char *what)
{
    return loop_check_ours_at(NULL, loop, call, what);
}

bool loop_check_ours_at(const struct eddy_site *site, const struct eddy_loop *loop, const char *call, const char *what)
{
    return __builtin_expect(loop == current.loop, 1) || did_nothing(site, call, what);
}
