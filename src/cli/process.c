/* SPDX-License-Identifier: MIT */
/* process.c - see process.h. */
#define _GNU_SOURCE
#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/text.h"

extern char **environ;

struct quiet {
    struct sigaction interrupt; /* the previous action of SIGINT */
    struct sigaction quit;      /* the previous action of SIGQUIT */
};

static void ignore_keys(struct quiet *quiet)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &ignore, &quiet->interrupt);
    sigaction(SIGQUIT, &ignore, &quiet->quit);
}

static void heed_keys(const struct quiet *quiet)
{
    sigaction(SIGINT, &quiet->interrupt, NULL);
    sigaction(SIGQUIT, &quiet->quit, NULL);
}

/* The child gets the default actions back, but keeps signals that were ignored before `eddy` began
 * (nohup, a background job). */
static void set_defaults(posix_spawnattr_t *attributes, const struct quiet *quiet)
{
    sigset_t set;
    sigemptyset(&set);
    if (quiet->interrupt.sa_handler != SIG_IGN)
        sigaddset(&set, SIGINT);
    if (quiet->quit.sa_handler != SIG_IGN)
        sigaddset(&set, SIGQUIT);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setsigdefault(attributes, &set);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
}

static void set_files(posix_spawn_file_actions_t *actions, const struct process *process)
{
    posix_spawn_file_actions_init(actions);
    if (process->input)
        posix_spawn_file_actions_addopen(actions, 0, process->input, O_RDONLY, 0);
    if (process->log) {
        posix_spawn_file_actions_addopen(actions, 2, process->log, O_WRONLY | O_CREAT | O_APPEND,
                                         0600);
        posix_spawn_file_actions_adddup2(actions, 2, 1);
    }
}

static int wait_for(pid_t pid)
{
    int status; /* `eddy` has no handlers, so no signal interrupts the call */
    if (waitpid(pid, &status, 0) < 0)
        return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int process_run(const struct process *process)
{
    struct quiet quiet;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    pid_t pid;
    fflush(NULL);
    ignore_keys(&quiet);
    set_defaults(&attributes, &quiet);
    set_files(&actions, process);
    int error =
        process->path
            ? posix_spawn(&pid, process->path, &actions, &attributes, process->argv, environ)
            : posix_spawnp(&pid, process->argv[0], &actions, &attributes, process->argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    int status = error ? -1 : wait_for(pid);
    heed_keys(&quiet);
    if (error)
        errno = error;
    return status;
}

/* Collects standard output and, if asked for, standard error. */
static bool read_output(char *const *argv, bool errors, struct text *output)
{
    int ends[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    if (errors)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    else
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    int error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    bool read = error == 0 && text_read(output, ends[0]);
    close(ends[0]);
    return error == 0 && wait_for(pid) == 0 && read;
}

bool process_output(char *const *argv, struct text *output)
{
    return read_output(argv, true, output);
}

bool process_first_line(char *const *argv, char *line, size_t size)
{
    struct text output = {0};
    bool good = read_output(argv, false, &output);
    snprintf(line, size, "%.*s", (int)strcspn(good ? output.data : "", "\n"),
             good ? output.data : "");
    return good;
}

static bool executable(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode) && access(path, X_OK) == 0;
}

char *process_find(const char *name)
{
    if (strchr(name, '/'))
        return executable(name) ? text_format("%s", name) : NULL;
    const char *path = getenv("PATH");
    for (path = path ? path : "/usr/local/bin:/usr/bin:/bin"; *name;) {
        size_t size = strcspn(path, ":");
        /* an empty part of PATH is the current folder */
        char *file = text_format("%.*s%s%s", (int)size, path, size ? "/" : "./", name);
        if (executable(file))
            return file;
        if (path[size] == '\0')
            return NULL;
        path += size + 1;
    }
    return NULL;
}
