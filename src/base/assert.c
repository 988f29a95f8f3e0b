/* SPDX-License-Identifier: MIT */
/* assert.c - see assert.h. */
#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void (*assert_caller)(char *text, unsigned long size);

static _Noreturn void stop(const char *file, int line, const char *who, const char *format, va_list arguments)
{
    const char *debug = getenv("EDDY_DEBUG");
    fprintf(stderr, "eddy: %s", who);
    vfprintf(stderr, format, arguments);
    if (debug && strcmp(debug, "1") == 0)
        fprintf(stderr, " (%s:%d)", file, line);
    fputc('\n', stderr);
    abort();
}

void assert_fail(const char *file, int line, const char *format, ...)
{
    char who[300] = "";
    va_list arguments;
    void (*caller)(char *, unsigned long) = __atomic_load_n(&assert_caller, __ATOMIC_RELAXED);
    if (caller)
        caller(who, sizeof who);
    va_start(arguments, format);
    stop(file, line, who, format, arguments);
}

void assert_fail_at(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    stop(file, line, "", format, arguments);
}

void assert_bug(const char *file, int line, const char *condition)
{
    fprintf(stderr, "eddy: %s:%d: a bug in Eddy: not true: %s\n", file, line, condition);
    abort();
}
