/* SPDX-License-Identifier: MIT */
/*
 * messages.h - what the compiler said, without its notes about how Eddy's macros are made.
 *
 * Errors, warnings and the user's own lines are never left out.
 */
#ifndef EDDY_CLI_MESSAGES_H
#define EDDY_CLI_MESSAGES_H

#include <stdbool.h>

/* Writes text to standard error; with `all`, nothing is left out. */
void messages_show(const char *text, bool all);

/*
 * The line where `source` should include <eddy/keywords.h>, if a keyword did not compile for want of it; else 0.
 * text: what the compiler said about this source.
 */
int messages_line_without_keywords(const char *text, const char *source);

#endif
