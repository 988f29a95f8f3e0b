/* SPDX-License-Identifier: MIT */
/*
 * messages.h - prints the compiler's messages without its notes about Eddy's macros. Errors, warnings
 * and the user's own lines are always printed.
 */
#ifndef EDDY_CLI_MESSAGES_H
#define EDDY_CLI_MESSAGES_H

#include <stdbool.h>

/* Writes text to standard error; with `all`, nothing is left out. */
void messages_show(const char *text, bool all);

/*
 * The line where `source` should include <eddy/keywords.h>, if a keyword did not compile without it; else 0. text:
 * the compiler's messages about this source.
 */
int messages_line_without_keywords(const char *text, const char *source);

#endif
