/* SPDX-License-Identifier: MIT */
/* circle.c - which task waits for which, and which waits are refused. The invariant is in circle.h. */
#include "core/circle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/failure.h"
#include "core/loop.h"

enum { NAMED = 8, TEXT = 1024 };

/* ---- which tasks are stuck ---- */

static struct task *waiter_by(struct watch *watch)
{
    return watch->kind ? watch->kind->waiter(watch) : NULL;
}

/* The task that `task` waits for; NULL: it waits for no task. The path ends at a task that waits for several. */
static struct task *ahead_of(struct task *task)
{
    return task->joins ? task->joins : task->joins_many ? task : NULL;
}

/*
 * Marks the tasks that cannot end before self, in the order in which they are found, until `task` or self is among
 * them. Returns the one that self's wait is for; NULL: there is no circle. At the same time it follows the tasks
 * that `task` waits for, so that the cost is that of the shorter path: long chains are built in reasonable time from
 * either end.
 */
static struct task *find(struct task *self, struct task *task)
{
    struct task *last = self, *ahead = task;
    self->behind = self;
    self->next_asked = NULL;
    for (struct task *stuck = self; stuck; stuck = stuck->next_asked)
        for (struct watch *watch = stuck->watches.first; watch; watch = watch->next) {
            struct task *waiter = waiter_by(watch);
            if (waiter == self)
                return stuck;
            if (ahead && !(ahead = ahead_of(ahead)))
                return NULL;
            if (!waiter || circle_is_stuck(waiter))
                continue;
            waiter->behind = stuck;
            waiter->next_asked = NULL;
            last = last->next_asked = waiter;
            if (waiter == task)
                return task;
        }
    return NULL;
}

static void unmark(struct task *self)
{
    for (struct task *task = self, *next; task; task = next) {
        next = task->next_asked;
        task->behind = task->next_asked = NULL;
    }
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

/* Writes the circle in which self waits for `task`, beginning with `first`. */
static struct eddy_failure *in_words(struct task *first, struct task *self, struct task *task)
{
    char text[TEXT] = "";
    size_t others = 0;
    add_member(text, first);
    for (struct task *next = first; (next = next == self ? task : next->behind) != first;)
        if (++others < NAMED) {
            add(text, others == 1 ? " waits for " : ", which waits for ");
            add_member(text, next);
        }
    if (others >= NAMED)
        add(text, ", which waits for %zu more", others - NAMED + 1);
    add(text, others ? ", which waits for task \"%s\"" : " waits for task \"%s\", itself", task_name(first));
    return failure_of(EDDY_WAITS_FOR_ITSELF, "%s", text);
}

/* ---- refusing ---- */

/* The list in which `find` chains tasks is in use while a request is passed on: waits that begin at that time, in a
 * program's own `cancel`, are not checked. */
static bool can_look(const struct task *self)
{
    return !self->loop->ask_next;
}

struct eddy_failure *circle_search(struct task *self, struct task *task)
{
    if (!can_look(self))
        return NULL;
    struct task *closes = find(self, task);
    struct eddy_failure *failure = closes ? in_words(self, self, closes) : NULL;
    unmark(self);
    return failure;
}

/* The watch by which it waits for the previous task on the way to self. */
static struct watch *watch_of(struct task *stuck)
{
    struct watch *watch = stuck->behind->watches.first;
    while (waiter_by(watch) != stuck)
        watch = watch->next;
    return watch;
}

/* Ends the last await on the path from task to self; false: there is none. */
static bool end_await(struct task *self, struct task *task)
{
    struct task *last = NULL;
    struct watch *by = NULL;
    for (struct task *stuck = task; stuck != self; stuck = stuck->behind) {
        struct watch *watch = watch_of(stuck);
        if (watch->kind->refuse) {
            last = stuck;
            by = watch;
        }
    }
    if (last)
        by->kind->refuse(by, in_words(last, self, task));
    return last != NULL;
}

void circle_break(struct task *self, struct task *task)
{
    bool again = self->watches.first && (!task || circle_has_link(task)) && can_look(self);
    while (again) {
        struct task *closes = find(self, task);
        again = closes && end_await(self, closes);
        unmark(self);
    }
}
