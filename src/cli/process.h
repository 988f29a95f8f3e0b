/* SPDX-License-Identifier: MIT */
/*
 * process.h - run another program and wait for it.
 *
 * Invariant: while it runs, it handles Ctrl-C: `eddy` ignores SIGINT and SIGQUIT as a shell does, so that it can
 * clean up after a compiler that was interrupted.
 */
#ifndef EDDY_CLI_PROCESS_H
#define EDDY_CLI_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/text.h"

struct process {
    char *const *argv; /* the words; argv[0] is searched for in PATH unless `path` is given */
    const char *path;  /* the file to execute, NULL: argv[0] */
    const char *input; /* file for standard input, NULL: that of `eddy` */
    const char *log; /* file that standard output and standard error are appended to, NULL: those of `eddy` */
};

/* The status that a shell would show: 0 to 255, 128 + N for death by signal N.  -1: errno says
 * why it did not start. */
int process_run(const struct process *process);

/* Everything that `argv` prints, on either channel; false if it does not start or fails. */
bool process_output(char *const *argv, struct text *output);

/* The first line that `argv` prints; false if it does not start or fails. */
bool process_first_line(char *const *argv, char *line, size_t size);

/* The file that PATH finds for `name`; a name with a slash is itself.  NULL: none. */
char *process_find(const char *name);

#endif
