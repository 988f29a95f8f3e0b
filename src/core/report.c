/* SPDX-License-Identifier: MIT */
/* report.c - tracebacks, where they are printed, and the treatment of errors that no code takes. */
#include "core/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/current.h"
#include "core/failure.h"
#include "core/loop.h"
#include "os/memory.h"

/* A text that grows in a buffer of fixed size and counts the bytes that did not fit. */
struct output {
    char *buffer;
    size_t size;
    size_t length; /* size of the whole text */
};

static void EDDY_PRINTF(2, 3) add(struct output *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t used = text->length < text->size ? text->length : text->size;
    int n = vsnprintf(text->size ? text->buffer + used : NULL, text->size - used, format, arguments);
    if (n > 0)
        text->length += (size_t)n;
    va_end(arguments);
}

/* "fetch__body" is the body of the function that the user calls fetch. */
static int function_length(const char *function)
{
    size_t length = strlen(function);
    if (length > 6 && strcmp(function + length - 6, "__body") == 0)
        length -= 6;
    return (int)length;
}

static void add_place(struct output *text, const struct failure_place *place, const char *indent)
{
    size_t start = text->length;
    add(text, "%s  %s:%d in %.*s", indent, place->site->file, place->site->line,
        function_length(place->site->function), place->site->function);
    if (place->task) {
        int width = (int)(text->length - start);
        add(text, "%*s task \"%s\"", width < 32 ? 32 - width : 0, "", place->task);
    }
    add(text, "\n");
}

/* Errors within errors: limited to a readable number of levels, so that no stack is too small for them. */
enum { LEVELS = 16 };
enum { ERRORS_SHOWN = 15 }; /* how many errors of a group are shown, as in CPython */

static void add_failure(struct output *text, const struct eddy_failure *failure, const char *indent, int level);

static void add_group(struct output *text, const struct eddy_failure *failure, const char *indent, int level)
{
    char deeper[64];
    snprintf(deeper, sizeof deeper, "%.56s  | ", indent);
    for (size_t i = 0; i < failure->group_count && i + 1 < ERRORS_SHOWN; i++) {
        add(text, "%s  + error %zu of %zu\n", indent, i + 2, failure->group_count + 1);
        add_failure(text, failure->group[i], deeper, level + 1);
    }
    if (failure->group_count >= ERRORS_SHOWN)
        add(text, "%s  + and %zu more error%s\n", indent, failure->group_count + 1 - ERRORS_SHOWN,
            failure->group_count == ERRORS_SHOWN ? "" : "s");
}

static void add_one(struct output *text, const struct eddy_failure *failure, const char *indent, int level)
{
    if (failure->cause) {
        add_failure(text, failure->cause, indent, level + 1);
        add(text, "%s\n%sThe above error led to this one:\n%s\n", indent, indent, indent);
    }
    if (failure->place_count)
        add(text, "%sTraceback (most recent call last):\n", indent);
    for (size_t i = failure->place_count; i-- > 0;)
        add_place(text, &failure->places[i], indent);
    add(text, "%s%s: %s", indent, eddy_error_name(failure->code), eddy_error_text(failure->code));
    if (failure->message && failure->message[0])
        add(text, ": %s", failure->message);
    add(text, "\n");
    add_group(text, failure, indent, level);
}

static void add_failure(struct output *text, const struct eddy_failure *failure, const char *indent, int level)
{
    if (level == LEVELS) {
        add(text, "%s(here are more errors, which are left out)\n", indent);
        return;
    }
    add_one(text, failure, indent, level);
    while ((failure = failure->later)) {
        add(text, "%s\n%sDuring clean-up another error occurred:\n%s\n", indent, indent, indent);
        add_one(text, failure, indent, level);
    }
}

size_t report_format(const struct eddy_failure *failure, char *buffer, size_t size)
{
    struct output text = {buffer, size, 0};
    if (size)
        buffer[0] = '\0';
    if (failure)
        add_failure(&text, failure, "", 0);
    return text.length;
}

size_t eddy_error_format(const eddy_error *err, char *buffer, size_t size)
{
    struct eddy_failure *failure = err->code ? failure_from_error(err) : NULL;
    size_t length = report_format(failure, buffer, size);
    failure_unref(failure);
    return length;
}

static void print(const char *text)
{
    struct eddy_loop *loop = current.loop;
    if (loop && loop->options.log)
        loop->options.log(text, loop->options.log_argument);
    else
        fputs(text, stderr);
}

void report_print(const struct eddy_failure *failure)
{
    char small[2048];
    size_t length = report_format(failure, small, sizeof small);
    char *whole = length < sizeof small ? NULL : memory_alloc(length + 1);
    if (whole)
        report_format(failure, whole, length + 1);
    print(whole ? whole : small); /* without memory only the beginning is printed */
    memory_free(whole);
}

void report_failure(struct eddy_failure *failure, const char *what)
{
    struct eddy_loop *loop = current.loop;
    if (loop && loop->options.exception_handler) {
        eddy_error err;
        failure_lend(failure, &err);
        loop->options.exception_handler(&err, loop->options.exception_argument);
        return;
    }
    report_line("eddy: %s:", what);
    report_print(failure);
}

void report_caller(char *text, unsigned long size)
{
    struct task *task = current.task;
    text[0] = '\0';
    if (task && task->site && task->site->file)
        snprintf(text, size, "%s:%d: task \"%.64s\", spawned here: ", task->site->file, task->site->line,
                 task_name(task));
}

void report_misuse(const struct eddy_site *site, const char *format, ...)
{
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    struct eddy_failure *failure = failure_make(EDDY_INVALID_STATE, format, arguments);
    va_end(arguments);
    if (site && site->file)
        snprintf(what, sizeof what, "%.300s:%d: ", site->file, site->line);
    else
        report_caller(what, sizeof what);
    strncat(what, "a call that does nothing", sizeof what - strlen(what) - 1);
    report_failure(failure, what);
    failure_unref(failure);
}

void report_completed_twice(const struct eddy_awaitable *a, const struct eddy_site *site)
{
    report_misuse(site, "an awaitable of type \"%s\" was completed twice, or before it was started: complete it once, "
                  "when it is awaited", a->awaitable.type->name);
}

void report_line(const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    size_t end = length < 0 ? 0 : (size_t)length < sizeof line - 1 ? (size_t)length : sizeof line - 2;
    line[end] = '\n';
    line[end + 1] = '\0';
    print(line);
}

/* ---- errors that no code takes ---- */

struct eddy_failure *eddy_failure_chain(struct eddy_failure *first, struct eddy_failure *later,
                                        const struct eddy_site *site)
{
    if (!first)
        return later && site ? eddy_failure_trace(later, site) : later;
    if (!later || first == later)
        return first;
    if (first->fixed) {
        report_failure(later, "an error in clean-up");
        failure_unref(later);
        return first;
    }
    struct eddy_failure *last = first;
    while (last->later)
        last = last->later;
    last->later = later;
    return first;
}

void eddy_failure_unseen(struct eddy_failure *failure, const struct eddy_site *site)
{
    eddy_failure_trace(failure, site);
    report_failure(failure, "an error for which there was no &err");
    failure_unref(failure);
}

void eddy_failure_unhandled(struct eddy_failure *failure, const struct eddy_site *site)
{
    eddy_failure_trace(failure, site);
    report_print(failure);
    abort();
}
