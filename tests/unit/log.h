/* SPDX-License-Identifier: MIT */
/* log.h - loop options whose log hook keeps the text, for tests of what is logged. */
#ifndef TESTS_UNIT_LOG_H
#define TESTS_UNIT_LOG_H

#include <eddy.h>
#include <string.h>

static char logged[8192]; /* the text that the hook received since LOGGING */

static inline void log_keep(const char *text, void *argument)
{
    (void)argument;
    strncat(logged, text, sizeof logged - strlen(logged) - 1);
}

static inline size_t log_count(const char *text)
{
    size_t count = 0;
    for (const char *at = logged; (at = strstr(at, text)); at += strlen(text))
        count++;
    return count;
}

/* Options with the log hook, and the further members that are named. */
#define LOGGING(...) \
    (logged[0] = '\0', &(eddy_loop_options){.size = sizeof(eddy_loop_options), .log = log_keep, __VA_ARGS__})

#endif
