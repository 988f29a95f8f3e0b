/* SPDX-License-Identifier: MIT */
/*
 * cut_hosts.c - beside with_nats.py --hosts: one of three hosts of a cluster is cut off, again and again. Each host
 * has a server, a worker and callers; more callers and a worker are beside the hosts. A host is cut off by pulling its
 * cable, or by a switch that drops what it sends without a sign of that. It is the host of a stream's leader, or of
 * the server that the callers here are connected to, which may be the same.
 *
 * What must hold: while a host is cut off, jobs are done, if the streams have leaders; after that the cluster is whole
 * again. With nats-server 2.9 it may remain broken: nobody answers for a stream any more, a replica never catches up,
 * or a stream has no leader again. Then the test does what an operator would: it restarts a server, by kill -9, has the
 * replicas made anew, or at last the stream with all that is in it. What was asked for meanwhile must be answered all
 * the same. Each call here gets its own result, or EOWNERDEAD after three lost workers; one on a host that is cut off,
 * or while there is no leader for long, may also get EHOSTUNREACH. No worker ends before it is told to.
 * EDDY_JOBS_CUTS says how often (6).
 */
#include "recorded.h"

#include <eddy/nats.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { HOSTS = 3, CALLERS = 24, OF_HOST = 8 /* callers on each host */ };
enum { LEAST = 7 };      /* seconds of a cut: longer than a lease */
enum { PROGRESS = 200 }; /* results that must come meanwhile */
enum { PATIENCE = 120 }; /* seconds until something that is waited for counts as a failure */
enum { STUCK = 60, REMEDIES = 6 }; /* seconds until something is done for a cluster that is not whole; how often */

static struct host {
    char link[16];       /* its end of the cable, at the bridge */
    int pid;             /* of a process on it */
    char url[64];        /* of its server */
    pid_t worker, caller;
} hosts[HOSTS];
static pid_t worker_beside;

/* ==== programs on the hosts ==== */

static bool read_hosts(const char *text)
{
    for (int i = 0; i < HOSTS; i++) {
        struct host *h = &hosts[i];
        int size = 0;
        if (sscanf(text, "%15[^/]/%d/%63[^,]%n", h->link, &h->pid, h->url, &size) != 3)
            return false;
        text += size;
        text += *text == ',';
    }
    return true;
}

/* This program, with the server of its own host first. NULL: beside the hosts. */
static pid_t start(const struct host *h, const char *role)
{
    pid_t pid;
    char place[64], url[512];
    char *const here[] = {program, (char *)(uintptr_t)role, NULL};
    char *const there[] = {(char *)(uintptr_t)"nsenter", place, program, (char *)(uintptr_t)role, NULL};
    snprintf(url, sizeof url, "%s%s%s", h ? h->url : "", h ? "," : "", getenv("NATS_URL"));
    setenv("EDDY_JOBS", url, 1);
    setenv("EDDY_JOBS_REPLICAS", "3", 1);
    if (h)
        snprintf(place, sizeof place, "--net=/proc/%d/ns/net", h->pid);
    if (posix_spawnp(&pid, h ? "nsenter" : program, NULL, NULL, h ? there : here, environ) != 0)
        abort();
    return pid;
}

static void start_all(void)
{
    for (int i = 0; i < HOSTS; i++) {
        hosts[i].worker = start(&hosts[i], "worker");
        hosts[i].caller = start(&hosts[i], "caller");
    }
    worker_beside = start(NULL, "worker");
}

/* True: it ends well. */
static bool end(pid_t pid, const char *what)
{
    int status;
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    fprintf(stderr, "%s ended with the status %x\n", what, (unsigned)status);
    return false;
}

/* ==== which host ==== */

/* What the API says of a stream; NULL: nobody says anything at the moment. The caller frees it. */
async(eddy_nats_message *, ask_of_stream, (const char *, stream))
{
    char name[64];
    eddy_nats_options options = {.size = sizeof options, .connect_seconds = 2};
    snprintf(name, sizeof name, "STREAM.INFO.%s", stream);
    eddy_nats *n = await(eddy_nats_open(getenv("NATS_URL"), &options));
    defer(eddy_nats_free, n);
    return await_for(eddy_nats_api(n, name, ""), 2);
}

async_free(ask_of_stream, eddy_nats_message_free);

async(int, leader_of, (const char *, stream))
{
    eddy_error err;
    for (int tries = 0; tries < PATIENCE; tries++) {
        eddy_nats_message *m = await_for(ask_of_stream(stream), 5, &err);
        const char *leader = err.code ? NULL : strstr(m->data.data, "\"leader\":\"n");
        int number = leader ? atoi(leader + strlen("\"leader\":\"n")) : HOSTS;
        if (!err.code)
            eddy_nats_message_free(m);
        if (number < HOSTS)
            return number;
        await(eddy_sleep(0.2));
    }
    throw(ETIMEDOUT, "%s has no leader", stream);
}

/* The host that a descriptor of this process is connected to; HOSTS: none. */
static int host_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &size) != 0 || address.sin_family != AF_INET)
        return HOSTS;
    for (int i = 0; i < HOSTS; i++)
        if (strstr(hosts[i].url, inet_ntoa(address.sin_addr)))
            return i;
    return HOSTS;
}

/* All callers of a loop share one connection. */
async(int, host_of_callers)
{
    for (int tries = 0; tries < 10 * PATIENCE; tries++) {
        for (int fd = 3; fd < 256; fd++)
            if (host_of(fd) < HOSTS)
                return host_of(fd);
        await(eddy_sleep(0.1));
    }
    throw(ETIMEDOUT, "the callers have no connection");
}

/* ==== cuts ==== */

static void execute(const char *form, const struct host *h)
{
    char line[128];
    snprintf(line, sizeof line, form, h->link);
    if (system(line) != 0)
        abort();
}

struct cut {
    const struct host *host;
    bool is_silent;      /* nobody can see that the cable leads nowhere */
};

static void mend(struct cut *c)
{
    execute(c->is_silent ? "bridge link set dev %s state 3" : "ip link set %s up", c->host);
}

static void begin_cut(struct cut *c)
{
    execute(c->is_silent ? "bridge link set dev %s state 0" : "ip link set %s down", c->host);
}

async(void, wait_for_results, (int, until))
{
    while (good < until)
        await(eddy_sleep(0.1));
}

/* Also of the stream that says nothing. */
async(bool, has_leader, (const char *, stream))
{
    eddy_error err;
    eddy_nats_message *m = await_for(ask_of_stream(stream), 5, &err);
    bool has = !err.code && strstr(m->data.data, "\"leader\":\"n");
    if (!err.code)
        eddy_nats_message_free(m);
    if (err.code == ECANCELED)
        rethrow(&err);
    return has;
}

async(void, cut_off, (struct cut, c))
{
    eddy_error err;
    begin_cut(&c);
    defer(mend, &c);
    await(eddy_sleep(LEAST));
    await_for(wait_for_results(good + PROGRESS), PATIENCE, &err);
    if (err.code && err.code != ETIMEDOUT)
        rethrow(&err);
    if (!err.code)
        return;
    if (await(has_leader("EDDY_JOBS")) && await(has_leader("EDDY_RESULTS")))
        throw(ETIMEDOUT, "no jobs were done while %s was cut off", c.host->link);
    fprintf(stderr, "nats-server has had no leader for a stream while %s was cut off for %d s\n",
            c.host->link, PATIENCE);
    may_be_unreachable = true;
}

/* Each server has all that the leader has. */
async(bool, is_whole, (const char *, stream))
{
    eddy_error err;
    eddy_nats_message *m = await_for(ask_of_stream(stream), 5, &err);
    if (err.code)
        return false;
    const char *json = m->data.data;
    bool whole = strstr(json, "\"leader\":\"n") && strstr(json, "\"current\":true") &&
                 !strstr(json, "\"current\":false") && !strstr(json, "\"offline\":true");
    eddy_nats_message_free(m);
    return whole;
}

/* with_nats.py starts it again. */
static void kill_server(int number)
{
    int pid = 0;
    FILE *file = fopen(getenv("NATS_PIDS"), "r");
    for (int i = 0; i <= number; i++)
        if (!file || fscanf(file, "%d", &pid) != 1)
            abort();
    fclose(file);
    fprintf(stderr, "a stream has had no leader for %d s: the server of host %d is killed\n", STUCK, number + 1);
    kill(pid, SIGKILL);
}

/* The configuration of a stream, from what ask_of_stream gives, with another number of replicas. */
static void write_config(char config[2048], const char *json, char replicas)
{
    static const char name[] = "\"config\":", number[] = "\"num_replicas\":";
    const char *from = strstr(json, name), *to = from ? strstr(from, ",\"created\":") : NULL;
    snprintf(config, 2048, "%.*s", to ? (int)(to - from - (long)strlen(name)) : 0, to ? from + strlen(name) : "");
    char *at = strstr(config, number);
    if (!at)
        abort();
    at[strlen(number)] = replicas;
}

/* The two replicas beside the leader are removed, and made anew. */
async(void, scale_down_and_up, (const char *, stream))
{
    char name[64], config[2048];
    fprintf(stderr, "a replica of %s did not catch up in %d s: the replicas are made anew\n", stream, STUCK);
    snprintf(name, sizeof name, "STREAM.UPDATE.%s", stream);
    eddy_nats_message *m = await(ask_of_stream(stream));
    defer(eddy_nats_message_free, m);
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        write_config(config, m->data.data, '1');
        eddy_nats_message_free(await_for(eddy_nats_api(n, name, config), 5));
        await(eddy_sleep(2));
        write_config(config, m->data.data, '3');
        eddy_nats_message_free(await_for(eddy_nats_api(n, name, config), 5));
    }
}

/* All jobs in it are lost; but a caller stores its job again. */
async(void, make_anew, (const char *, stream))
{
    char name[64], config[2048];
    fprintf(stderr, "%s has had no leader again: it is made anew\n", stream);
    eddy_nats_message *m = await(ask_of_stream(stream));
    defer(eddy_nats_message_free, m);
    write_config(config, m->data.data, '3');
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        snprintf(name, sizeof name, "STREAM.DELETE.%s", stream);
        eddy_nats_message_free(await_for(eddy_nats_api(n, name, ""), 5));
        snprintf(name, sizeof name, "STREAM.CREATE.%s", stream);
        eddy_nats_message_free(await_for(eddy_nats_api(n, name, config), 5));
    }
}

/* What fails of it is tried again later. */
async(void, remedy, (const char *, stream), (int, tries))
{
    eddy_error err = {0};
    if (await(has_leader(stream)))
        await(scale_down_and_up(stream), &err);
    else if (tries < HOSTS)
        kill_server(tries);
    else
        await(make_anew(stream), &err);
    if (err.code == ECANCELED)
        rethrow(&err);
}

async(void, wait_for_stream, (const char *, stream))
{
    while (!await(is_whole(stream)))
        await(eddy_sleep(0.2));
}

async(void, wait_until_whole)
{
    static const char *const streams[] = {"EDDY_JOBS", "EDDY_LATER", "EDDY_RESULTS", "EDDY_KEPT", "EDDY_DEAD"};
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        eddy_error err = {.code = ETIMEDOUT};
        for (int tries = 0; err.code == ETIMEDOUT; tries++) {
            await_for(wait_for_stream(streams[i]), STUCK, &err);
            if (err.code && err.code != ETIMEDOUT)
                rethrow(&err);
            if (err.code && tries == REMEDIES)
                throw(ETIMEDOUT, "%s did not become whole again", streams[i]);
            if (err.code) {
                may_be_unreachable = true;
                await(remedy(streams[i], tries));
            }
        }
    }
}

async(void, cut_and_mend, (int, i))
{
    static const char *const words[] = {"the leader of EDDY_JOBS", "the server of the callers",
                                        "the leader of EDDY_RESULTS"};
    int number = i % 3 == 1 ? await(host_of_callers()) : await(leader_of(i % 3 ? "EDDY_RESULTS" : "EDDY_JOBS"));
    struct cut c = {&hosts[number], i % 2};
    int before = good;
    double begun = eddy_time();
    await(cut_off(c));
    fprintf(stderr, "host %d, of %s, was cut off%s for %.1f s: %d results meanwhile\n", number + 1, words[i % 3],
            c.is_silent ? " silently" : "", eddy_time() - begun, good - before);
    begun = eddy_time();
    await(wait_until_whole());
    fprintf(stderr, "after %.1f s the cluster was whole again\n", eddy_time() - begun);
}

async(void, cut_on, (int, count))
{
    await_for(wait_for_results(PROGRESS), PATIENCE);
    await(wait_until_whole());
    for (int i = 0; i < count; i++)
        await(cut_and_mend(i));
    is_over = true;
}

async(void, call_and_cut, (int, count))
{
    async_with (g, eddy_task_group()) {
        for (int i = 0; i < CALLERS; i++)
            eddy_group_spawn(g, call_on());
        eddy_group_spawn(g, cut_on(count));
    }
}

/* ==== all of it ==== */

static bool may_always(int pid)
{
    return pid > 0;
}

async(void, wait_for_signal)
{
    async_for (number, eddy_signals(SIGTERM)) {
        (void)number;
        break;
    }
    is_over = true;
}

/* On a host, until a signal comes. */
async(void, call_until_signal)
{
    may_be_unreachable = true;
    async_with (g, eddy_task_group()) {
        eddy_group_spawn(g, wait_for_signal());
        for (int i = 0; i < OF_HOST; i++)
            eddy_group_spawn(g, call_on());
    }
}

static int run(int cuts)
{
    char name[32];
    start_all();
    bool well = eddy_run(call_and_cut(cuts)) == 0;
    for (int i = 0; i < HOSTS; i++)
        well = end(hosts[i].caller, "a caller on a host") && well;
    for (int i = 0; i < HOSTS; i++)
        well = end(hosts[i].worker, "a worker on a host") && well;
    well = end(worker_beside, "the worker beside the hosts") && well;
    snprintf(name, sizeof name, "%d cuts", cuts);
    return end_recording(name, !well, may_always);
}

int main(int argc, char **argv)
{
    const char *count = getenv("EDDY_JOBS_CUTS"), *text = getenv("NATS_HOSTS");
    if (argc > 1)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return eddy_run(eddy_worker());
    begin_recording();
    if (argc > 1)
        return end_recording("callers on a host", eddy_run(call_until_signal()), may_always);
    if (!text || !read_hosts(text)) {
        fprintf(stderr, "cut_hosts: run it by tests/nats/with_nats.py --hosts\n");
        return 2;
    }
    fprintf(stderr, "EDDY_JOBS_CUTS=%d EDDY_JOBS_SEED=%llu\n", count ? atoi(count) : 6, state);
    setenv("EDDY_JOBS", getenv("NATS_URL"), 1);
    return run(count ? atoi(count) : 6);
}
