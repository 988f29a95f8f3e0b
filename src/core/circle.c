/* SPDX-License-Identifier: MIT */
/* circle.c - who waits for whom, and who must not.  The invariant stands in circle.h. */
#include "core/circle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/failure.h"

enum { NAMED = 8, TEXT = 1024 };

struct task *circle_search(struct task *task, const struct task *self)
{
    for (const struct task *back = self->joined_by; task && back; back = back->joined_by) {
        if (task->joins == self)
            return task;
        task = task->joins;
    }
    return NULL;
}

void circle_break(struct task *task, const struct task *self)
{
    struct task *last = NULL; /* the last that waits by an await: frames have to wait for what they spawned */
    if (!circle_last(task, self))
        return;
    for (; task != self; task = task->joins)
        if (task->passes_on)
            last = task;
    if (!last)
        return;
    circle_unlink(last);
    last->circular = true;
    task_wake(last);
}

/* ---- in words ---- */

static void add(char *text, const char *format, ...) EDDY_PRINTF(2, 3);

static void add(char *text, const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, TEXT - length, format, arguments);
    va_end(arguments);
}

static void add_member(char *text, struct task *task)
{
    const struct eddy_site *site = task->site;
    add(text, "task \"%s\"", task_name(task));
    if (site && site->file)
        add(text, " (spawned at %s:%d)", site->file, site->line);
}

struct eddy_failure *circle_failure(struct task *self, struct task *task)
{
    char text[TEXT] = "";
    size_t others = 0;
    add_member(text, self);
    for (; task && task != self; task = task->joins)
        if (++others < NAMED) {
            add(text, others == 1 ? " waits for " : ", which waits for ");
            add_member(text, task);
        }
    if (others >= NAMED)
        add(text, ", which waits for %zu more", others - NAMED + 1);
    add(text, ", which waits for task \"%s\"", task_name(self));
    return failure_of(EDDY_WAITS_FOR_ITSELF, "%s", text);
}
