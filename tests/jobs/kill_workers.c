/* SPDX-License-Identifier: MIT */
/*
 * kill_workers.c - kill -9 at random moments, beside with_nats.py: of workers, or with the argument "servers" of one of
 * the servers of a cluster, which is stopped or killed.
 *
 * Jobs are called all the time. What must hold: each call gets its own result, or EOWNERDEAD after three lost workers;
 * a job begins again only if the worker on which it had begun was killed. EDDY_JOBS_KILLS says how often (10),
 * EDDY_JOBS_SEED which moments; both are printed.
 */
#include "recorded.h"

enum { WORKERS = 3, CALLERS = 48, MOST_PIDS = 4096 };

static pid_t workers[WORKERS];
static pid_t killed[MOST_PIDS];
static int killed_count;

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

/* ==== all of it ==== */

static bool was_killed(int pid)
{
    for (int i = 0; i < killed_count && i < MOST_PIDS; i++)
        if (killed[i] == pid)
            return true;
    return false;
}

/* After the loss of a server any job may begin again. */
static bool may_always(int pid)
{
    return pid > 0;
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
    return end_recording(servers ? "servers" : "workers", status, servers ? may_always : was_killed);
}

int main(int argc, char **argv)
{
    bool servers = argc > 1 && strcmp(argv[1], "servers") == 0;
    const char *count = getenv("EDDY_JOBS_KILLS");
    if (argc > 1 && strcmp(argv[1], "worker") == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return eddy_run(eddy_worker());
    }
    begin_recording();
    int kills = count ? atoi(count) : servers ? 2 : 10;
    fprintf(stderr, "EDDY_JOBS_KILLS=%d EDDY_JOBS_SEED=%llu\n", kills, state);
    setenv("EDDY_JOBS", getenv("NATS_URL"), 1);
    return run(kills, servers);
}
