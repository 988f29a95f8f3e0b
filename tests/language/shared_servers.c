/* SPDX-License-Identifier: MIT */
/*
 * shared_servers.c - servers of several loops on one set of sockets: one port for all, every connection is served while
 * a server is left, and the exact balance gives each loop the same number. So it is at every kind of place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <eddy/keywords.h>
#include "check.h"

enum { CORES = 3, EACH = 6, CLIENTS = CORES * EACH };

static int ports[CORES], serving; /* atomic */
static int served[CORES];         /* atomic */
static bool simulated;

static void add(int *count, int n)
{
    __atomic_add_fetch(count, n, __ATOMIC_SEQ_CST);
}

static int value_of(int *count)
{
    return __atomic_load_n(count, __ATOMIC_SEQ_CST);
}

async(void, greet, (eddy_stream *, s), (void *, argument))
{
    eddy_slice line;
    (void)argument;
    add(&served[eddy_core_index()], 1);
    await(eddy_stream_printf(s, "%d\n", eddy_core_index()));
    await(eddy_stream_read_line(s, &line)); /* until the client goes */
}

async(void, until, (int *, count), (int, n))
{
    while (value_of(count) < n)
        await(eddy_sleep(0.001));
}

static eddy_stream *clients[CLIENTS];

async(void, connect_all, (int, port))
{
    eddy_slice line;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = await(eddy_open_connection("127.0.0.1", port));
        await(eddy_stream_read_line(clients[i], &line));
        CHECK(line.size > 0);
    }
}

async(void, disconnect_all)
{
    for (int i = 0; i < CLIENTS; i++)
        await(eddy_stream_close(clients[i]));
}

static void forget(void)
{
    memset(ports, 0, sizeof ports);
    memset(served, 0, sizeof served);
    serving = 0;
}

static int sum(void)
{
    int sum = 0;
    for (int i = 0; i < CORES; i++)
        sum += value_of(&served[i]);
    return sum;
}

static void check_counts(eddy_server *server, enum eddy_balance balance)
{
    struct eddy_server_stats own = {.size = sizeof own}, all = {.size = sizeof all}, none = {0};
    CHECK(eddy_server_stats(server, &none) == EINVAL && eddy_server_stats_shared(server, &none) == EINVAL);
    CHECK(eddy_server_stats(server, &own) == 0 && eddy_server_stats_shared(server, &all) == 0);
    CHECK(own.servers == 1 && own.accepted == own.connections && own.connections == (size_t)value_of(&served[0]));
    if (balance == EDDY_BALANCE_EXACT && !simulated)
        CHECK(own.accepted == EACH);
    CHECK(all.servers == CORES && all.accepted == CLIENTS && all.connections == CLIENTS && !all.shed && !all.gone);
}

/* Those of a server that has closed stay in the sum. */
async(void, check_counts_of_others, (eddy_server *, server))
{
    struct eddy_server_stats all = {.size = sizeof all};
    do {
        await(eddy_sleep(0.001)); /* their handlers have not all ended */
        CHECK(eddy_server_stats_shared(server, &all) == 0);
    } while (all.connections);
    CHECK(all.servers == CORES - 1 && all.accepted == 2 * CLIENTS);
}

/* Core 0 is the client; it closes its own server first, then tries again. */
static int phase, counted; /* atomic */

async(int, server, (enum eddy_balance, balance))
{
    int i = eddy_core_index();
    eddy_server_options options = {
        .size = sizeof options, .host = "127.0.0.1", .shared = true, .balance = balance};
    if (i > 0 && balance == EDDY_BALANCE_EXACT)
        await(until(&serving, 1)); /* core 0 accepts first, and closes first: another one is appointed */
    eddy_server *server = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    ports[i] = eddy_server_port(server);
    add(&serving, 1);
    await(until(&serving, CORES));
    for (int j = 0; j < CORES; j++)
        CHECK(ports[j] == ports[0] && ports[0] > 0);
    if (i > 0) {
        await(until(&phase, 1));
        if (i == 1 && !simulated)
            await(check_counts_of_others(server));
        add(&counted, i == 1);
        await(until(&counted, 1));
        await(eddy_server_close(server, 1));
        return 0;
    }
    await(connect_all(ports[0]));
    CHECK(sum() == CLIENTS);
    check_counts(server, balance);
    for (int j = 0; j < CORES && balance == EDDY_BALANCE_EXACT && !simulated; j++)
        CHECK(value_of(&served[j]) == EACH);
    await(disconnect_all());
    await(eddy_server_close(server, 1));
    if (!simulated) { /* the others go on */
        await(connect_all(ports[0]));
        CHECK(sum() == 2 * CLIENTS && served[0] <= CLIENTS);
        await(disconnect_all());
    }
    add(&phase, 1);
    return 0;
}

/* The port is free again when the last one has gone. */
static void one_port(enum eddy_balance balance)
{
    forget();
    phase = counted = 0;
    CHECK(eddy_run_on_cores(CORES, server(balance)) == 0);
}

/* Servers with other handlers, or a second one of the same loop, share nothing with it. */
async(void, another, (eddy_stream *, s), (void *, argument))
{
    (void)argument;
    await(eddy_stream_printf(s, "another\n"));
}

async(void, alone)
{
    eddy_server_options options = {.size = sizeof options, .host = "127.0.0.1", .shared = true};
    eddy_server *a = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    eddy_server *b = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    eddy_server *c = await(eddy_start_server_with_options(another, (void *)NULL, &options));
    int port = eddy_server_port(a);
    CHECK(port != eddy_server_port(b) && port != eddy_server_port(c));
    await(eddy_server_close(a, 0));
    await(eddy_server_close(b, 0));
    await(eddy_server_close(c, 0));
    options.port = port;
    a = await(eddy_start_server_with_options(greet, (void *)NULL, &options)); /* is not closed: the loop does it */
    CHECK(eddy_server_port(a) == port);
}

/* ---- places other than a host ---- */

enum place { PATH, HOSTS, DESCRIPTORS, PLACES };

static char path[64]; /* on which an earlier server has left its file */
static int listening; /* for DESCRIPTORS */

static int listen_at(const char *name, bool forgets)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0);
    if (forgets)
        close(fd);
    return fd;
}

async(eddy_stream *, connect_to, (enum place, place), (int, port))
{
    if (place == HOSTS)
        return await(eddy_open_connection("127.0.0.2", port));
    return await(eddy_open_unix_connection(path));
}

/* All cores start their servers at once. */
async(int, server_at, (enum place, place))
{
    int i = eddy_core_index();
    const char *hosts[] = {"127.0.0.1", "127.0.0.2", NULL};
    const char *other_hosts[] = {"127.0.0.1", NULL};
    eddy_server_options options = {.size = sizeof options, .shared = true};
    if (place == PATH)
        options.unix_path = path;
    else if (place == HOSTS)
        options.hosts = i == CORES - 1 ? other_hosts : hosts;
    else
        options.descriptors = &listening, options.descriptor_count = 1;
    eddy_server *server = await(eddy_start_server_with_options(greet, (void *)NULL, &options));
    ports[i] = eddy_server_port(server);
    add(&serving, 1);
    await(until(&serving, CORES));
    struct eddy_server_stats all = {.size = sizeof all};
    CHECK(eddy_server_stats_shared(server, &all) == 0);
    CHECK(all.servers == (place != HOSTS ? CORES : i == CORES - 1 ? 1 : CORES - 1));
    if (i == 0) {
        eddy_slice line;
        CHECK(place != HOSTS || (ports[0] == ports[1] && ports[0] != ports[CORES - 1]));
        eddy_stream *s = await(connect_to(place, ports[0]));
        await(eddy_stream_read_line(s, &line));
        await(eddy_stream_close(s));
        CHECK(sum() == 1); /* no server has tried another one */
    }
    add(&phase, 1);
    await(until(&phase, CORES));
    await(eddy_server_close(server, 1));
    return 0;
}

/* Two loops that accept on it could wait in the kernel for ever. */
async(void, refuse_what_blocks)
{
    eddy_error err;
    int fd = listen_at(path, false);
    fcntl(fd, F_SETFL, 0);
    eddy_server_options options = {
        .size = sizeof options, .descriptors = &fd, .descriptor_count = 1, .balance = EDDY_BALANCE_EXACT};
    await(eddy_start_server_with_options(greet, (void *)NULL, &options), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "O_NONBLOCK"));
    close(fd);
    unlink(path);
}

static void several_places(void)
{
    snprintf(path, sizeof path, "/tmp/eddy-shared-%d", (int)getpid());
    CHECK(eddy_run(refuse_what_blocks()) == 0);
    for (enum place place = PATH; place < PLACES; place++) {
        forget();
        phase = 0;
        if (place != HOSTS)
            listening = listen_at(path, place == PATH);
        CHECK(eddy_run_on_cores(CORES, server_at(place)) == 0);
        CHECK((access(path, F_OK) == 0) == (place == DESCRIPTORS)); /* a server removes what it has made */
    }
    unlink(path);
}

int main(void)
{
    const char *driver = getenv("EDDY_DRIVER");
    simulated = driver && strcmp(driver, "sim") == 0;
    one_port(EDDY_BALANCE_KERNEL);
    one_port(EDDY_BALANCE_EXACT);
    CHECK(eddy_run(alone()) == 0);
    if (!simulated) /* descriptors of the kernel */
        several_places();
    return 0;
}
