/* SPDX-License-Identifier: MIT */
/*
 * check.h - the checks of the programs in this folder: no framework, so that the programs read like a user's.
 *
 * CHECK(condition) prints file, line and the condition, and ends the program with status 1.
 */
#ifndef EDDY_TESTS_LANGUAGE_CHECK_H
#define EDDY_TESTS_LANGUAGE_CHECK_H

#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../default_signals.h"

#define CHECK(...) ((__VA_ARGS__) ? (void)0 : check_failed(__FILE__, __LINE__, #__VA_ARGS__))

static inline void check_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, condition);
    fflush(NULL);
    /* A check may fail on a task's stack. If faults.py made it fail, what remains is no leak of the library:
     * leaks are judged by tests/stress/faults_*.c, which unwind. */
    if (getenv("EDDY_FAIL_ALLOC") || getenv("EDDY_FAIL_DRIVER"))
        _exit(1);
    exit(1);
}

/* The characters that a program's parts append in turn; CHECK_LOG compares them with what is expected, and clears
 * them. */
static char check_log[256];

static inline void note(const char *text)
{
    strncat(check_log, text, sizeof check_log - strlen(check_log) - 1);
}

static inline void note_number(int number)
{
    char text[16];
    snprintf(text, sizeof text, "%d ", number);
    note(text);
}

static inline bool check_log_is(const char *wanted)
{
    bool same = strcmp(check_log, wanted) == 0;
    if (!same)
        fprintf(stderr, "wanted \"%s\", got \"%s\"\n", wanted, check_log);
    check_log[0] = '\0';
    return same;
}

#define CHECK_LOG(wanted) CHECK(check_log_is(wanted))

/* Runs function in a child process, which must abort and say `text` on stderr. */
static inline bool check_aborts(void (*function)(void), const char *text)
{
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        function();
        _exit(0);
    }
    close(ends[1]);
    char said[8192];
    size_t length = 0;
    for (ssize_t n; (n = read(ends[0], said + length, sizeof said - 1 - length)) > 0;)
        length += (size_t)n;
    said[length] = '\0';
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    bool good = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(said, text);
    if (!good)
        fprintf(stderr, "wanted an abort that says \"%s\", got status %d and:\n%s\n", text, status, said);
    return good;
}

#endif
