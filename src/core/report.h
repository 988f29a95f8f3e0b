/* SPDX-License-Identifier: MIT */
/* report.h - failures as text, and the outputs for text: the log hook, the exception handler, stderr. */
#ifndef EDDY_CORE_REPORT_H
#define EDDY_CORE_REPORT_H

#include "eddy/error.h"

struct eddy_awaitable;
struct eddy_failure;
struct eddy_site;

/* The traceback and the error as eddy_run prints them; returns the length as snprintf does. NULL: an empty text. */
size_t report_format(const struct eddy_failure *failure, char *buffer, size_t size);
/* Prints it to the log hook of the running loop, else to stderr. */
void report_print(const struct eddy_failure *failure);
/* For a failure that no await can report: goes to the exception handler of the running loop, else is printed after
 * `what`. */
void report_failure(struct eddy_failure *failure, const char *what);
/* For a call that is misuse and does nothing: reported as EDDY_INVALID_STATE, as by report_failure. site: the place of
 * the call; NULL: the place where the running task was spawned is shown. */
void report_misuse(const struct eddy_site *site, const char *format, ...) EDDY_PRINTF(2, 3);
/* The same about a native awaitable that may not be completed now. */
void report_completed_twice(const struct eddy_awaitable *a, const struct eddy_site *site);
/* Describes the caller: "main.c:12: task "f", spawned here: ", or nothing on a thread that runs no task. */
void report_caller(char *text, unsigned long size);
/* Writes a line of text to the log hook, else to stderr. */
void report_line(const char *format, ...) EDDY_PRINTF(1, 2);

#endif
