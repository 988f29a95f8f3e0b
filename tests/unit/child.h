/* SPDX-License-Identifier: MIT */
/* child.h - how a program ends, by itself or by a signal: observed by a test in a forked child. */
#ifndef TESTS_UNIT_CHILD_H
#define TESTS_UNIT_CHILD_H

#include "transcript.h"

/* The status of waitpid and what the child wrote to standard error. */
struct child {
    int status;
    char said[4096];
};

static inline void child_read(struct child *child, int fd)
{
    size_t used = 0;
    for (ssize_t got; used + 1 < sizeof child->said &&
                      (got = read(fd, child->said + used, sizeof child->said - 1 - used)) > 0;)
        used += (size_t)got;
    child->said[used] = 0;
    close(fd);
}

/* Runs body in a child, whose exit status is the value that body returns. */
static inline struct child child_run(int (*body)(void))
{
    static const int signals[] = {SIGINT, SIGSEGV, SIGBUS, SIGABRT};
    struct child child;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
            signal(signals[i], SIG_DFL); /* cmocka installs its own handlers */
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        _exit(body());
    }
    close(ends[1]);
    child_read(&child, ends[0]);
    assert_int_equal(waitpid(pid, &child.status, 0), pid);
    return child;
}

static inline bool child_exited(const struct child *child, int status)
{
    return WIFEXITED(child->status) && WEXITSTATUS(child->status) == status;
}

static inline bool child_was_killed(const struct child *child, int signal_number)
{
    return WIFSIGNALED(child->status) && WTERMSIG(child->status) == signal_number;
}

#endif
