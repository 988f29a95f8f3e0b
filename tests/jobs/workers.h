/* SPDX-License-Identifier: MIT */
/*
 * workers.h - workers for the tests that with_nats.py runs beside a server: the program starts itself, with "worker" as
 * its argument, and ends them.
 */
#ifndef EDDY_TESTS_JOBS_WORKERS_H
#define EDDY_TESTS_JOBS_WORKERS_H

#include "unit/run_clean.h"

#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <eddy/nats.h>

#include "functions.h"
#include "remote.h"

extern char **environ;
static char program[4096];

static pid_t started[32]; /* workers that were not waited for; 0: a free place */

/* It ends with this program at the latest. */
static pid_t start_as(const char *what)
{
    pid_t pid;
    char *const argv[] = {program, (char *)(uintptr_t)what, NULL};
    assert_int_equal(posix_spawn(&pid, program, NULL, NULL, argv, environ), 0);
    for (size_t i = 0; i < sizeof started / sizeof started[0]; i++)
        if (!started[i]) {
            started[i] = pid;
            return pid;
        }
    fail_msg("too many workers");
    return 0;
}

static pid_t start_worker(void)
{
    return start_as("worker");
}

/* Returns its status. number 0: it ends by itself. */
static int wait_for_worker(pid_t pid, int number)
{
    int status;
    kill(pid, number);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    for (size_t i = 0; i < sizeof started / sizeof started[0]; i++)
        if (started[i] == pid)
            started[i] = 0;
    return status;
}

/* After each test: one that failed leaves no worker to the next. */
static int kill_workers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof started / sizeof started[0]; i++)
        if (started[i]) {
            kill(started[i], SIGKILL);
            waitpid(started[i], NULL, 0);
            started[i] = 0;
        }
    return 0;
}

static void end_worker(pid_t pid, int number)
{
    int status = wait_for_worker(pid, number);
    if (number == SIGTERM && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        fail_msg("the worker ended with status %d", status);
}

#define run_beside_worker(coroutine) \
    do { \
        pid_t worker = start_worker(); \
        assert_int_equal(eddy_run(coroutine), 0); \
        end_worker(worker, SIGTERM); \
    } while (0)

/* ==== jobs that no caller has queued ==== */

/* Queues a job of a function without parameters. end: of its subject, after the signature. */
async(void, queue_by_hand, (eddy_nats *, n), (const char *, function), (const char *, end),
      (const char *, result))
{
    struct eddy_remote_function *f = NULL;
    char subject[300], id[64];
    static int last;
    for (size_t i = 0; (f = function_at(i)) && strcmp(f->name, function) != 0; i++)
        continue;
    snprintf(subject, sizeof subject, "eddy.jobs.%s.%s%s", function, function_signature(f), end);
    snprintf(id, sizeof id, "by-hand-%d", ++last);
    eddy_nats_header headers[] = {{"Eddy-Id", id}, {"Eddy-Result", result}};
    (void)await(eddy_nats_store(n, &(eddy_nats_outgoing){.subject = subject, .headers = headers, .header_count = 2}));
}

async(void, wait_until_all_are_done, (eddy_nats *, n))
{
    for (eddy_nats_stream_state state = {.messages = 1}; state.messages;) {
        await(eddy_sleep(0.05));
        state = await(eddy_nats_stream_info(n, "EDDY_JOBS"));
    }
}

/* ==== eddy jobs, the program ==== */

/* Runs `eddy-jobs WORDS`; what it writes goes to `text`. Returns its status. */
static inline int command(const char *words, char text[4096])
{
    char line[8192];
    snprintf(line, sizeof line, "'%s' %s 2>&1", getenv("EDDY_JOBS_PROGRAM"), words);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t size = fread(text, 1, 4095, pipe);
    text[size] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* What `eddy-jobs top` says of a function. */
struct top_row {
    int queued, running, delayed, dead;
    double rate;
};

static inline struct top_row top_row_of(const char *function)
{
    char text[4096], name[64];
    struct top_row r = {0, 0, 0, 0, 0};
    assert_int_equal(command("top", text), 0);
    snprintf(name, sizeof name, "\n%s ", function);
    const char *at = strstr(text, name);
    if (at)
        assert_int_equal(
            sscanf(at + strlen(name), "%d %d %d %d %lf", &r.queued, &r.running, &r.delayed, &r.dead, &r.rate), 5);
    return r;
}

/* What main begins with. True: this process is the test, and not one of its workers. */
static bool begin_test(int argc)
{
    if (argc > 1) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return false;
    }
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        return false;
    setenv("EDDY_JOBS", getenv("NATS_URL"), 1);
    return true;
}

#endif
