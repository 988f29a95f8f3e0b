/* SPDX-License-Identifier: MIT */
/*
 * transcript.h - records what the tasks of a test did, in words, for comparison after the loop has ended.
 *
 * Tasks record what they do by note(); the test compares by told(). Tasks make no assertions: a failed assertion
 * would jump off a task's stack, and the objects left there would fail the following tests.
 */
#ifndef TESTS_UNIT_TRANSCRIPT_H
#define TESTS_UNIT_TRANSCRIPT_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../default_signals.h"
#include "os/memory.h"
#include "os/stack.h"

static char transcript[4096]; /* what was noted, each followed by a blank */

__attribute__((format(printf, 1, 2))) static inline void note(const char *format, ...)
{
    size_t used = strlen(transcript);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(transcript + used, sizeof transcript - used, format, arguments);
    va_end(arguments);
    used = strlen(transcript);
    if (used + 1 < sizeof transcript)
        memcpy(transcript + used, " ", 2);
}

/* Compares, and begins again. expected: the notes with a blank between them. */
static inline void told(const char *expected)
{
    char all[sizeof transcript];
    size_t used = strlen(transcript);
    memcpy(all, transcript, sizeof all);
    transcript[0] = 0;
    if (used > 0)
        all[used - 1] = 0;
    assert_string_equal(all, expected);
}

/* The main coroutine succeeds, and leaves no block of memory and no stack. */
#define RUN(coroutine) \
    do { \
        long blocks_before_ = memory_live_blocks(), stacks_before_ = stack_live(); \
        assert_int_equal(eddy_run(coroutine), 0); \
        assert_int_equal(memory_live_blocks(), blocks_before_); \
        assert_int_equal(stack_live(), stacks_before_); \
    } while (0)

/* The same in the simulation, in the order that the seed gives; 0: first come, first served. */
#define RUN_SEEDED(coroutine, seed_value) \
    do { \
        eddy_loop_options options_ = {.size = sizeof options_, .driver = "sim", .seed = (seed_value)}; \
        assert_int_equal(eddy_run_with(&options_, coroutine), 0); \
    } while (0)

/* The function ends the program with a sentence that contains `text`. */
static inline void stops_with(void (*function)(void), const char *text)
{
    int ends[2];
    char said[1024] = "";
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        function();
        _exit(0);
    }
    close(ends[1]);
    size_t used = 0;
    for (ssize_t got; used + 1 < sizeof said &&
                      (got = read(ends[0], said + used, sizeof said - 1 - used)) > 0;)
        used += (size_t)got;
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    if (!strstr(said, text))
        fail_msg("it said: %s", said);
}

#endif
