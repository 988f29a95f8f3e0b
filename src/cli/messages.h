/* SPDX-License-Identifier: MIT */
/*
 * messages.h - what the compiler said, without its notes about how Eddy's macros are made.
 *
 * Errors, warnings and the user's own lines are never left out.
 */
#ifndef EDDY_CLI_MESSAGES_H
#define EDDY_CLI_MESSAGES_H

#include <stdbool.h>

/* Writes text to standard error; `all`: as it is. */
void messages_show(const char *text, bool all);

/* The line where the source of a program that uses keywords includes <eddy.h> in place of them; 0: it does not. */
int messages_line_without_keywords(const char *source);

#endif
