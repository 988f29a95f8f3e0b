/* SPDX-License-Identifier: MIT */
/* complaint.c - prints an error as one line on standard error; see cli.h. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

static void complain(const char *format, va_list arguments)
{
    fflush(stdout);
    fputs("eddy: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int cli_trouble(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    return CLI_TROUBLE;
}

int cli_misuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    return CLI_MISUSE;
}
