/* SPDX-License-Identifier: MIT */
/*
 * load.c - the client of all the servers of the table, by epoll and hand:
 *
 *     load echo   PORT PID CONNECTIONS SIZE DEPTH WARM SECONDS    DEPTH messages of SIZE bytes under way on each
 *     load tls    ...                                         the same under TLS 1.3
 *     load accept PORT PID SECONDS                                connect, an echo of one byte, close, again
 *     load idle   PORT PID CONNECTIONS                            memory of the server for each, when nothing happens
 *
 * Prints lines `measure value`: processor time of process PID (all its threads) in nanoseconds and microseconds of
 * waiting, of one request.  A request that does not come back ends the program with an error.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "server.h"

enum { EVENTS = 256, DEEPEST = 64, STEPS = 64, BUCKETS = 64 * STEPS, STALL = 5000 };

struct connection {
    int fd;
    SSL *tls;               /* NULL: no TLS */
    int oldest;             /* of sent */
    size_t came;            /* bytes received of the current message */
    int64_t sent[DEEPEST];  /* when each message in flight was sent */
};

static int64_t counts[BUCKETS]; /* waiting times, by their logarithm in 64 steps an octave */

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* ==== the server's process ==== */

static double cpu_of_thread(const char *folder, const char *thread)
{
    char path[512];
    unsigned long long used = 0;
    snprintf(path, sizeof path, "%s/%s/schedstat", folder, thread);
    FILE *file = fopen(path, "r");
    if (file) {
        if (fscanf(file, "%llu", &used) != 1)
            used = 0;
        fclose(file);
    }
    return (double)used;
}

/* Nanoseconds. */
static double cpu_of(int pid)
{
    char folder[64];
    double sum = 0;
    snprintf(folder, sizeof folder, "/proc/%d/task", pid);
    DIR *threads = opendir(folder);
    if (!threads)
        fail(folder);
    for (struct dirent *entry; (entry = readdir(threads));)
        if (entry->d_name[0] != '.')
            sum += cpu_of_thread(folder, entry->d_name);
    closedir(threads);
    return sum;
}

/* A field of /proc/PID/status in bytes: "VmRSS:" what is resident, "VmPTE:" the page tables. */
static double memory_of(int pid, const char *field)
{
    char path[64], line[256];
    double kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        fail(path);
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, field, strlen(field)))
            kilobytes = strtod(line + strlen(field), NULL);
    fclose(file);
    return kilobytes * 1024;
}

/* ==== waiting times ==== */

static void note(int64_t waited)
{
    int bucket = waited < STEPS ? (int)waited : 0;
    if (waited >= STEPS) {
        int octave = 63 - __builtin_clzll((unsigned long long)waited);
        bucket = (octave - 5) * STEPS + (int)(waited >> (octave - 6) & (STEPS - 1));
    }
    counts[bucket]++;
}

static double middle_of(int bucket)
{
    if (bucket < STEPS)
        return bucket;
    return ldexp(STEPS + bucket % STEPS + 0.5, bucket / STEPS - 1);
}

static void say_waiting(const char *name, double share, int64_t total)
{
    int64_t sum = 0;
    int bucket = 0;
    while (bucket < BUCKETS - 1 && (double)(sum += counts[bucket]) <= share * (double)total)
        bucket++;
    printf("%s %.3f\n", name, middle_of(bucket) / 1e3);
}

/* ==== echo ==== */

/* Many local addresses: after a connection its port remains in use for a while. */
static int connect_to(int port, int number)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1u + (unsigned)number % 64)};
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    if (fd < 0)
        fail("socket");
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) || connect(fd, (struct sockaddr *)&peer, sizeof peer))
        fail("connect");
    server_no_delay(fd);
    return fd;
}

/* Same interface as send and recv. */
static ssize_t put(const struct connection *c, const char *data, size_t size)
{
    if (!c->tls)
        return send(c->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    int sent = SSL_write(c->tls, data, (int)size);
    errno = sent > 0 ? 0 : SSL_get_error(c->tls, sent) == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return sent > 0 ? sent : -1;
}

static ssize_t get(const struct connection *c, char *data, size_t size)
{
    if (!c->tls)
        return recv(c->fd, data, size, MSG_DONTWAIT);
    int got = SSL_read(c->tls, data, (int)size);
    errno = got > 0 ? 0 : SSL_get_error(c->tls, got) == SSL_ERROR_WANT_READ ? EAGAIN : EPROTO;
    return got > 0 ? got : -1;
}

static void put_all(const struct connection *c, const char *data, size_t size)
{
    while (size) {
        ssize_t sent = put(c, data, size);
        struct pollfd room = {c->fd, POLLOUT, 0};
        if (sent >= 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (errno != EAGAIN) {
            fail("send");
        } else if (poll(&room, 1, STALL) == 0) {
            fail("the server does not read");
        }
    }
}

static char *out, in[1 << 18];
static size_t message;
static int depth;

/* Counts the complete messages that arrived, and sends as many again. */
static int take_some(struct connection *c, ssize_t got)
{
    int whole = 0;
    int64_t time = now();
    for (c->came += (size_t)got; c->came >= message; c->came -= message, whole++) {
        note(time - c->sent[c->oldest]);
        c->sent[c->oldest] = time;
        c->oldest = (c->oldest + 1) % depth;
    }
    put_all(c, out, message * (size_t)whole);
    return whole;
}

/* Under TLS more decrypted bytes may be waiting than one call returns. */
static int take(struct connection *c)
{
    int whole = 0;
    do {
        ssize_t got = get(c, in, sizeof in);
        if (got < 0 && errno == EAGAIN)
            return whole;
        if (got <= 0)
            fail("the server has closed a connection");
        whole += take_some(c, got);
    } while (c->tls && SSL_pending(c->tls));
    return whole;
}

/* Exchanges messages until the time is over. */
static int64_t exchange(int epoll, struct connection *connections, int64_t until)
{
    struct epoll_event events[EVENTS];
    int64_t total = 0;
    while (now() < until) {
        int count = epoll_wait(epoll, events, EVENTS, STALL);
        if (count <= 0)
            fail("nothing comes back");
        for (int i = 0; i < count; i++)
            total += take(&connections[events[i].data.u32]);
    }
    return total;
}

/* One cipher for all servers; every certificate is accepted. */
static SSL *shake_hands(int fd)
{
    static SSL_CTX *context;
    if (!context) {
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
        SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    if (SSL_connect(tls) != 1)
        fail("no TLS");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return tls;
}

static struct connection *open_all(int epoll, int port, int count, bool tls)
{
    struct connection *all = calloc((size_t)count, sizeof *all);
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        all[i].fd = connect_to(port, 0);
        all[i].tls = tls ? shake_hands(all[i].fd) : NULL;
        epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event);
        for (int j = 0; j < depth; j++)
            all[i].sent[j] = now();
        put_all(&all[i], out, message * (size_t)depth);
    }
    return all;
}

static void ask_echo(int port, int pid, char **argv, bool tls)
{
    int epoll = epoll_create1(0);
    message = strtoul(argv[1], NULL, 10);
    depth = atoi(argv[2]);
    out = calloc((size_t)depth, message);
    struct connection *connections = open_all(epoll, port, atoi(argv[0]), tls);
    exchange(epoll, connections, now() + (int64_t)(atof(argv[3]) * 1e9));
    memset(counts, 0, sizeof counts);
    double cpu = cpu_of(pid);
    int64_t start = now(), total = exchange(epoll, connections, start + (int64_t)(atof(argv[4]) * 1e9));
    double seconds = (double)(now() - start) / 1e9;
    printf("cpu %.3f\nrequests %lld\nrate %.1f\n", (cpu_of(pid) - cpu) / (double)total, (long long)total,
           (double)total / seconds);
    say_waiting("p50", 0.5, total);
    say_waiting("p99", 0.99, total);
    say_waiting("p99.9", 0.999, total);
}

/* ==== accept, idle ==== */

static void echo_byte(int fd)
{
    char byte = 'x';
    if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1)
        fail("a byte did not come back");
}

static void ask_accept(int port, int pid, char **argv)
{
    double cpu = cpu_of(pid);
    int64_t start = now(), until = start + (int64_t)(atof(argv[0]) * 1e9);
    int total = 0;
    for (; now() < until; total++) {
        int fd = connect_to(port, total);
        struct linger gone = {1, 0};
        int64_t sent = now();
        echo_byte(fd);
        note(now() - sent);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &gone, sizeof gone); /* otherwise its port remains in use for a minute */
        close(fd);
    }
    printf("cpu %.3f\nrequests %d\nrate %.1f\n", (cpu_of(pid) - cpu) / total, total,
           total / ((double)(now() - start) / 1e9));
    say_waiting("p50", 0.5, total);
    say_waiting("p99", 0.99, total);
}

static void ask_idle(int port, int pid, char **argv)
{
    int count = atoi(argv[0]), *fds = calloc((size_t)count, sizeof *fds);
    server_limits();
    echo_byte(connect_to(port, 0)); /* this memory is allocated once, not for each connection */
    usleep(200000);
    double resident = memory_of(pid, "VmRSS:"), tables = memory_of(pid, "VmPTE:");
    for (int i = 0; i < count; i++)
        echo_byte(fds[i] = connect_to(port, i));
    usleep(500000);
    printf("resident %.1f\n", (memory_of(pid, "VmRSS:") - resident) / count);
    printf("tables %.1f\n", (memory_of(pid, "VmPTE:") - tables) / count);
}

int main(int argc, char **argv)
{
    bool tls = argc > 1 && !strcmp(argv[1], "tls");
    if (argc == 9 && (tls || !strcmp(argv[1], "echo")) && atoi(argv[6]) <= DEEPEST)
        ask_echo(atoi(argv[2]), atoi(argv[3]), argv + 4, tls);
    else if (argc == 5 && !strcmp(argv[1], "accept"))
        ask_accept(atoi(argv[2]), atoi(argv[3]), argv + 4);
    else if (argc == 5 && !strcmp(argv[1], "idle"))
        ask_idle(atoi(argv[2]), atoi(argv[3]), argv + 4);
    else
        return fprintf(stderr, "load.c says how to call it\n"), 2;
    return 0;
}
