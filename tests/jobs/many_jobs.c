/* SPDX-License-Identifier: MIT */
/*
 * many_jobs.c - many jobs one after the other by one worker, beside with_nats.py: the memory of the caller and of the
 * worker stays flat. EDDY_JOBS_COUNT says how many (5000), EDDY_JOBS_CALLERS how many at a time (256).
 * Prints jobs a second, and processor time a job.
 */
#include <eddy/jobs.h>
#include <eddy/keywords.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A process may grow by this from the first fifth to the end: KiB, and bytes a job. */
enum { GROWTH = 1 << 10, BYTES_A_JOB = 64 };

extern char **environ;
static char program[4096];
static int count, called, done, callers;
static pid_t worker;
static long first_memory[2]; /* of this process and the worker, after a fifth */

remote_async(int, add, (int, a), (int, b))
{
    return a + b;
}

/* In KiB. */
static long memory_of(pid_t pid)
{
    char path[64], line[256];
    long size = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &size) == 1)
            break;
    if (file)
        fclose(file);
    return size;
}

async(void, call_on)
{
    while (called < count) {
        int n = called++;
        if (await(eddy_remote(add(n, 1))) != n + 1)
            throw(EBADMSG, "job %d has another result", n);
        if (++done == count / 5) {
            first_memory[0] = memory_of(getpid());
            first_memory[1] = memory_of(worker);
        }
    }
}

async(void, call_all)
{
    async_with (g, eddy_task_group())
        for (int i = 0; i < callers; i++)
            eddy_group_spawn(g, call_on());
}

static double seconds_of(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

/* After the worker has ended. */
static void print_costs(double seconds)
{
    struct rusage own, of_worker;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &of_worker);
    printf("%d jobs, %.0f a second; processor time a job: caller %.0f us, worker %.0f us\n", count, count / seconds,
           seconds_of(&own) * 1e6 / count, seconds_of(&of_worker) * 1e6 / count);
}

static bool is_flat(const char *what, long first, long last)
{
    printf("%s: %ld KiB after a fifth, %ld KiB at the end\n", what, first, last);
    return first > 0 && last - first < GROWTH + (long)count * BYTES_A_JOB / 1024;
}

static int run(void)
{
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    int status = eddy_run(call_all());
    clock_gettime(CLOCK_MONOTONIC, &ended);
    bool good = is_flat("caller", first_memory[0], memory_of(getpid()));
    good = is_flat("worker", first_memory[1], memory_of(worker)) && good;
    kill(worker, SIGTERM);
    waitpid(worker, NULL, 0);
    print_costs((double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9);
    return status == 0 && done == count && good ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *text = getenv("EDDY_JOBS_COUNT");
    if (argc > 1 && strcmp(argv[1], "worker") == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return eddy_run(eddy_worker());
    }
    count = text ? atoi(text) : 5000;
    text = getenv("EDDY_JOBS_CALLERS");
    callers = text ? atoi(text) : 256;
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        return 1;
    setenv("EDDY_JOBS", getenv("NATS_URL"), 1);
    char *const words[] = {program, (char *)(uintptr_t)"worker", NULL};
    if (posix_spawn(&worker, program, NULL, NULL, words, environ) != 0)
        return 1;
    return run();
}
