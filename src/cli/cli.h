/* SPDX-License-Identifier: MIT */
/*
 * cli.h - shared by all subcommands of `eddy`: their entry in the table, and errors of one line.
 *
 * Invariant: an error of `eddy` itself is one line on standard error that begins with "eddy: ", names
 * the thing and the remedy, and comes with a non-zero status.
 */
#ifndef EDDY_CLI_CLI_H
#define EDDY_CLI_CLI_H

#define CLI_TROUBLE 1 /* something outside failed: a file, the compiler, the cache */
#define CLI_MISUSE  2 /* the command line itself is wrong */

struct command {
    const char *name;                  /* the word after `eddy` */
    const char *summary;               /* one line for the list of commands */
    const char *help;                  /* the whole page of `eddy help NAME` */
    int (*run)(int argc, char **argv); /* argv[0] is the name; the result is the exit status */
};

extern const struct command command_run, command_new, command_tour, command_doctor;

/* eddy NAME ...: executes eddy-NAME with these words, of which the first is replaced. Returns the exit status if
 * there is no such program, or it cannot be executed. */
int external_run(const char *name, char **argv);

/* Writes "eddy: ", this and a newline to standard error; the result is CLI_TROUBLE. */
int cli_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with CLI_MISUSE. */
int cli_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
