/* SPDX-License-Identifier: MIT */
/*
 * kill_workers.c - kill -9 at random moments, beside with_nats.py: of workers, or with the argument "servers" of one of
 * the servers of a cluster, which is stopped (as if its host were cut off) or killed.
 *
 * Jobs are called all the time. What must hold: each call gets its own result, or EOWNERDEAD after three lost workers;
 * a job begins again only if the worker on which it had begun was killed. EDDY_JOBS_KILLS says how often (10),
 * EDDY_JOBS_SEED which moments; both are printed.
 */
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

enum { WORKERS = 3, CALLERS = 48, TRIES = 3, MOST_JOBS = 200000, MOST_PIDS = 4096 };

extern char **environ;
static char program[4096], path[64];
static pid_t workers[WORKERS];
static pid_t killed[MOST_PIDS];
static int killed_count;
static int called, good, given_up;
static bool is_given_up[MOST_JOBS];
static bool is_over;
static unsigned long long state;

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
        else if (err.code)
            rethrow(&err);
        else
            throw(EBADMSG, "job %d has the result %d", n, result);
    }
}

/* ==== what is killed ==== */

static pid_t start_worker(void)
{
    pid_t pid;
    char *const argv[] = {program, (char *)(uintptr_t)"worker", NULL};
    return posix_spawn(&pid, program, NULL, NULL, argv, environ) == 0 ? pid : -1;
}

static void kill_a_worker(void)
{
    int i = (int)(chance() * WORKERS);
    kill(workers[i], SIGKILL);
    waitpid(workers[i], NULL, 0);
    killed[killed_count++ % MOST_PIDS] = workers[i];
    workers[i] = start_worker();
}

/* The process number of one of the three servers. */
static pid_t choose_server(void)
{
    int pids[3] = {0, 0, 0};
    FILE *file = fopen(getenv("NATS_PIDS"), "r");
    if (!file || fscanf(file, "%d %d %d", &pids[0], &pids[1], &pids[2]) != 3)
        abort();
    fclose(file);
    return pids[(int)(chance() * 3)];
}

static void resume(const pid_t *pid)
{
    kill(*pid, SIGCONT);
}

async(void, lose_a_server, (int, i))
{
    pid_t pid = choose_server();
    if (i % 2) {
        kill(pid, SIGKILL);
    } else {
        kill(pid, SIGSTOP);
        defer(resume, &pid);
        await(eddy_sleep(4));
    }
    await(eddy_sleep(3));
}

async(void, kill_on, (int, count), (bool, servers))
{
    for (int i = 0; i < count; i++) {
        await(eddy_sleep(0.05 + chance() * 0.3));
        if (servers)
            await(lose_a_server(i));
        else
            kill_a_worker();
    }
    is_over = true;
}

async(void, call_and_kill, (int, count), (bool, servers))
{
    async_with (g, eddy_task_group()) {
        for (int i = 0; i < CALLERS; i++)
            eddy_group_spawn(g, call_on());
        eddy_group_spawn(g, kill_on(count, servers));
    }
}

/* ==== what was written down ==== */

static bool was_killed(int pid)
{
    for (int i = 0; i < killed_count && i < MOST_PIDS; i++)
        if (killed[i] == pid)
            return true;
    return false;
}

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

/* Returns how many jobs began again; -1: one did without a reason, or was given up without one. */
static int count_begun_again(bool may_repeat)
{
    static int last[MOST_JOBS], begun[MOST_JOBS];
    int n, pid, again = 0, wrong = 0;
    FILE *file = fopen(path, "r");
    while (file && fscanf(file, "%d %d", &n, &pid) == 2) {
        if (last[n] && !may_repeat && !was_killed(last[n])) {
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

static int run(int kills, bool servers)
{
    for (int i = 0; i < WORKERS; i++)
        workers[i] = start_worker();
    int status = eddy_run(call_and_kill(kills, servers));
    for (int i = 0; i < WORKERS; i++) {
        kill(workers[i], SIGKILL);
        waitpid(workers[i], NULL, 0);
    }
    int again = count_begun_again(servers);
    unlink(path);
    fprintf(stderr, "%d calls: %d results, %d given up; %d began again\n", called, good, given_up, again);
    return status == 0 && again >= 0 && good > 0 && good + given_up == called ? 0 : 1;
}

int main(int argc, char **argv)
{
    bool servers = argc > 1 && strcmp(argv[1], "servers") == 0;
    const char *count = getenv("EDDY_JOBS_KILLS"), *seed = getenv("EDDY_JOBS_SEED");
    if (argc > 1 && strcmp(argv[1], "worker") == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return eddy_run(eddy_worker());
    }
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        return 1;
    int kills = count ? atoi(count) : servers ? 2 : 10;
    state = seed ? strtoull(seed, NULL, 10) : (unsigned long long)getpid();
    fprintf(stderr, "EDDY_JOBS_KILLS=%d EDDY_JOBS_SEED=%llu\n", kills, state);
    snprintf(path, sizeof path, "/tmp/eddy-kill-%d", (int)getpid());
    setenv("EDDY_JOBS", getenv("NATS_URL"), 1);
    return run(kills, servers);
}
