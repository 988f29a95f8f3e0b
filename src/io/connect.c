/* SPDX-License-Identifier: MIT */
/* connect.c - eddy_open_connection: the addresses of a host race, by RFC 8305. */
#define EDDY_LIBRARY
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/connect.h"
#include "io/race.h"
#include "io/resolve.h"
#include "io/socket.h"
#include "io/stream.h"
#include "io/turn.h"

_Static_assert((int)RACE_MOST >= (int)RESOLVE_MOST, "each address may have its attempt");

/* The RFC recommends this time, in seconds. */
static const double usual_stagger = 0.25;

/* The addresses of the host, and the local one. */
struct call {
    struct address_list list;
    struct eddy_address local; /* size 0: the system chooses */
};

/* ==== one address ==== */

static int bind_local(int fd, const struct call *call, int family)
{
    int on = 1;
    if (!call->local.size)
        return 0;
    if (address_any(&call->local)->sa_family != family)
        return -EAFNOSUPPORT;
    net_set_option(current.loop->driver, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return net_bind(current.loop->driver, fd, address_any(&call->local), call->local.size);
}

/* A connected socket, or a negative errno value: why this address did not answer. */
eddy_async(int64_t, try_address, (void *, argument), (size_t, i))
{
    const struct call *call = argument;
    const union address *address = &call->list.items[i];
    struct held_socket held = {current.loop, socket_open(address->any.sa_family)};
    eddy_defer(socket_drop, &held);
    if (held.fd < 0)
        return held.fd;
    int64_t result = bind_local(held.fd, call, address->any.sa_family);
    if (result == 0)
        result = eddy_await(socket_connect(held.fd, &address->any, address_size(address)));
    if (result < 0)
        return result;
    int fd = held.fd;
    held.fd = -1;
    return fd;
}

static void discard(int64_t fd)
{
    socket_close(current.loop, (int)fd);
}

/* ==== all addresses ==== */

/* Families take turns, beginning with that of the first address; the order within a family is kept. */
static void interleave(struct address_list *list)
{
    union address sorted[RESOLVE_MOST];
    size_t next[2] = {0, 0};
    int first = list->count ? list->items[0].any.sa_family : 0;
    for (size_t i = 0; i < list->count; i++) {
        for (int turn = 0; turn < 2; turn++) { /* the family whose turn it is, else the other */
            size_t *at = &next[(i + (size_t)turn) % 2];
            bool other = at == &next[1];
            while (*at < list->count && (list->items[*at].any.sa_family != first) != other)
                ++*at;
            if (*at < list->count) {
                sorted[i] = list->items[(*at)++];
                break;
            }
        }
    }
    memcpy(list->items, sorted, list->count * sizeof sorted[0]);
}

/* Keeps the addresses of one family. */
static void keep_family(struct address_list *list, int family)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!family || list->items[i].any.sa_family == family)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

struct complaint {
    char text[400];
};

/* For messages, where they differ: ": [::1]:81: Network is unreachable, 127.0.0.1:81: Connection refused". */
static struct complaint complain(const struct call *call, const struct race *race)
{
    struct complaint complaint = {""};
    size_t used = 0;
    bool differ = false;
    for (size_t i = 1; i < call->list.count; i++)
        differ |= race->results[i] != race->results[0];
    for (size_t i = 0; differ && i < call->list.count && used < sizeof complaint.text; i++) {
        char name[64];
        address_format(&call->list.items[i], name, sizeof name);
        used += (size_t)snprintf(complaint.text + used, sizeof complaint.text - used, "%s%s: %s", i ? ", " : ": ", name,
                                 eddy_error_text((int)-race->results[i]));
    }
    return complaint;
}

static eddy_connection_options options_or_usual(const eddy_connection_options *options)
{
    eddy_connection_options all = {.size = sizeof all};
    if (options && connection_options_fit(options))
        memcpy(&all, options, options->size);
    if (!(all.stagger > 0))
        all.stagger = usual_stagger;
    return all;
}

eddy_async_define(int, connect_to_host, (const char *, call), (const char *, host), (int, port),
                  (const eddy_connection_options *, options), (struct host_name *, peer))
{
    eddy_connection_options how = options_or_usual(options);
    struct call of_host = {.local = {.size = 0}};
    if (!host)
        host = "";
    TURN_IF(port < 1 || port > 65535);
    if (port < 1 || port > 65535)
        eddy_raise(EINVAL, "%s(\"%s\", %d): ports go from 1 to 65535", call, host, port);
    TURN_IF(!connection_options_fit(options));
    if (!connection_options_fit(options))
        eddy_raise(EINVAL, "%s(\"%s\", %d): eddy_connection_options.size must be sizeof(eddy_connection_options)", call,
                   host, port);
    bool invalid = (how.local_host || how.local_port) &&
                   eddy_address_ip(&of_host.local, how.local_host ? how.local_host : "0.0.0.0", how.local_port) != 0;
    TURN_IF(invalid);
    if (invalid)
        eddy_raise(EINVAL, "%s(\"%s\", %d): from \"%s\", port %d: not a numeric address and port", call, host, port,
                   how.local_host ? how.local_host : "", how.local_port);
    of_host.list = eddy_await(resolve_host(host, port, false));
    if (of_host.list.code)
        eddy_raise(of_host.list.code, "%s(\"%s\", %d)%s%s", call, host, port, of_host.list.reason[0] ? ": " : "",
                   of_host.list.reason);
    keep_family(&of_host.list, how.family);
    interleave(&of_host.list);
    struct race race = {.attempt = race_attempt_of(try_address), .argument = &of_host, .count = of_host.list.count,
                        .stagger = how.stagger, .discard = discard};
    if (race.count == 0)
        eddy_raise(EAFNOSUPPORT, "%s(\"%s\", %d): no address of that family", call, host, port);
    if (race.count == 1) /* nothing to race with, and no task needed */
        race.winner = (race.results[0] = eddy_await(try_address(&of_host, 0))) < 0 ? -1 : 0;
    else
        eddy_await(race_run(&race));
    if (race.winner < 0)
        eddy_raise((int)-race.results[race.count - 1], "%s(\"%s\", %d)%s", call, host, port,
                   complain(&of_host, &race).text);
    address_format(&of_host.list.items[race.winner], peer->text, sizeof peer->text);
    return (int)race.results[race.winner];
}

eddy_async_define(eddy_stream *, eddy_open_connection_with_options, (const char *, host), (int, port),
                  (const eddy_connection_options *, options))
{
    struct host_name peer;
    int fd = eddy_await(connect_to_host("eddy_open_connection", host, port, options, &peer));
    eddy_stream *s = stream_of_socket(current.loop, fd, false, peer.text);
    if (s)
        return s;
    socket_close(current.loop, fd);
    eddy_raise(ENOMEM, "eddy_open_connection(\"%s\", %d)", host ? host : "", port);
}

eddy_async_free(eddy_open_connection_with_options, eddy_stream_abort);

eddy_async_define(eddy_stream *, eddy_open_connection, (const char *, host), (int, port))
{
    return eddy_await(eddy_open_connection_with_options(host, port, NULL));
}

eddy_async_free(eddy_open_connection, eddy_stream_abort);
