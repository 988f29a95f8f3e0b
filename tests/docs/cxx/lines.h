/* SPDX-License-Identifier: MIT */
/* lines.h - the interface of the part in C: plain functions, callable from C++. */
#ifndef LINES_H
#define LINES_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*line_function)(void *who, const char *text, size_t size);

/* Runs a loop that reads fd and calls f(who, ...) for each line, on a task. Returns 0, or 1 after an error, which
 * was printed. */
int read_lines(int fd, line_function f, void *who);

#ifdef __cplusplus
}
#endif
#endif
