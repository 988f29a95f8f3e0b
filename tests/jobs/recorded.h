/* SPDX-License-Identifier: MIT */
/*
 * recorded.h - callers whose jobs are written down when they begin, for programs that kill or cut off workers and
 * servers. Each call gets its own result, or an error that is counted. Random numbers come from EDDY_JOBS_SEED.
 */
#ifndef EDDY_TESTS_JOBS_RECORDED_H
#define EDDY_TESTS_JOBS_RECORDED_H

#include <eddy/jobs.h>
#include <eddy/keywords.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 3, MOST_JOBS = 200000 };

extern char **environ;
static char program[4096];
static char path[64];                /* the file with a line for each job that began */
static int called, good, given_up;
static int unreachable;              /* calls that ended because no server could be reached */
static bool may_be_unreachable;      /* EHOSTUNREACH is expected: this process's host is cut off at times */
static bool is_given_up[MOST_JOBS];
static bool is_over;                 /* callers call no more */
static unsigned long long state;     /* of the random numbers */

/* ==== the job ==== */

/* One line by one write, so that lines of several processes do not mix. */
static void write_down(const char *file, int n)
{
    char line[64];
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT, 0600);
    int size = snprintf(line, sizeof line, "%d %d\n", n, (int)getpid());
    if (fd < 0 || write(fd, line, (size_t)size) != size)
        abort();
    close(fd);
}

remote_async(int, record, (const char *, file), (int, n), (double, seconds))
{
    write_down(file, n);
    await(eddy_sleep(seconds));
    return n * 7 + 1;
}

/* ==== those who call ==== */

/* Between 0 and 1. */
static double chance(void)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(state >> 33) / (double)(1ULL << 31);
}

async(void, call_on)
{
    eddy_error err;
    while (!is_over && called < MOST_JOBS) {
        int n = called++;
        int result = await(eddy_remote(record(path, n, chance() * 0.3)), &err);
        if (!err.code && result == n * 7 + 1)
            good++;
        else if (err.code == EOWNERDEAD)
            is_given_up[n] = ++given_up;
        else if (err.code == EHOSTUNREACH && may_be_unreachable)
            unreachable++;
        else if (err.code)
            rethrow(&err);
        else
            throw(EBADMSG, "job %d has the result %d", n, result);
    }
}

/* ==== what was written down ==== */

/* A job is given up after it had begun three times. */
static int count_given_up_early(const int *begun)
{
    int wrong = 0;
    for (int n = 0; n < called; n++)
        if (is_given_up[n] && begun[n] < TRIES) {
            fprintf(stderr, "job %d was given up, though it had begun %d times only\n", n, begun[n]);
            wrong++;
        }
    return wrong;
}

/* Returns how many jobs began again; -1: one was given up without a reason, or began again after a worker of which
 * may_repeat says false. */
static int count_begun_again(bool (*may_repeat)(int pid))
{
    static int last[MOST_JOBS], begun[MOST_JOBS];
    int n, pid, again = 0, wrong = 0;
    FILE *file = fopen(path, "r");
    while (file && fscanf(file, "%d %d", &n, &pid) == 2) {
        if (last[n] && !may_repeat(last[n])) {
            fprintf(stderr, "job %d began again on %d, though %d, where it had begun, lives\n", n, pid, last[n]);
            wrong++;
        }
        again += last[n] != 0;
        begun[n]++;
        last[n] = pid;
    }
    if (file)
        fclose(file);
    wrong += count_given_up_early(begun);
    return wrong ? -1 : again;
}

/* What main begins with; EDDY_JOBS is set already in a worker. */
static void begin_recording(void)
{
    const char *seed = getenv("EDDY_JOBS_SEED");
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        abort();
    state = seed ? strtoull(seed, NULL, 10) : (unsigned long long)getpid();
    snprintf(path, sizeof path, "/tmp/eddy-recorded-%d", (int)getpid());
}

/* What main ends with: the sum, and the status. */
static int end_recording(const char *who, int status, bool (*may_repeat)(int pid))
{
    int again = count_begun_again(may_repeat);
    unlink(path);
    fprintf(stderr, "%s: %d calls: %d results, %d given up, %d without a server; %d began again\n", who, called, good,
            given_up, unreachable, again);
    return status == 0 && again >= 0 && good > 0 && good + given_up + unreachable == called ? 0 : 1;
}

#endif
