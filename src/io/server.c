/* SPDX-License-Identifier: MIT */
/* server.c - a task that accepts on each listening socket, a task for each connection's handler; see server.h. */
#define EDDY_LIBRARY
#include "io/server.h"

#include <errno.h>
#include <string.h>

#include "base/assert.h"
#include "core/impl.h"
#include "os/clock.h"
#include "os/memory.h"

enum { ACCEPTS_AT_ONCE = 32 }; /* accepts in one pass, before the handlers run */

enum { PASSING_FAILURES = 16 }; /* failed accepts in a row before the failure is logged */

/* Without descriptors or memory the next accept would fail as well: each pause is twice as long as the previous one. */
static const double first_pause = 0.25, longest_pause = 16;

/* A peer that has just connected may be about to send its first bytes. */
static const double youth = 0.05;

/* Seconds for cancelled handlers to end, if the closing task is cancelled as well. */
static const double last_seconds = 5;

/* ==== counts ==== */

static struct server_counts *counts_of(struct eddy_server *server)
{
    return &server->member.counts;
}

/* Only this loop writes the counter; see struct server_counts. */
static void count(uint64_t *counter, int change)
{
    __atomic_store_n(counter, *counter + (uint64_t)change, __ATOMIC_RELAXED);
}

/* ==== the end of its tasks ==== */

static void tell_gone(struct eddy_server *server, const struct eddy_failure *failure);

static void free_server(struct eddy_server *server)
{
    if (server->gone_untold) /* its second does not end any more */
        tell_gone(server, NULL);
    if (server->member.share)
        share_leave(server);
    list_remove(&server->loop->closers, &server->closer.link);
    timer_cancel(&server->loop->timers, &server->gone_timer);
    level_close(server->level);
    for (size_t i = 0; i < server->listener_count; i++)
        listen_close(server->loop, &server->listeners[i].socket);
    if (server->upgrade_release)
        server->upgrade_release(server->upgrade_argument);
    memory_free(server->prototype);
    memory_free(server);
}

static void free_at_close(struct loop_closer *closer)
{
    free_server(container_of(closer, struct eddy_server, closer));
}

static void settle(struct eddy_server *server)
{
    if (server->accepting || counts_of(server)->connections || (server->exact && share_is_awaited(server)))
        return;
    eddy_event_set(&server->idle);
    if (server->orphan)
        free_server(server);
}

static void on_listener_end(struct watch *watch)
{
    struct listener *listener = container_of(watch, struct listener, watch);
    listen_close(listener->server->loop, &listener->socket);
    listener->task = NULL;
    EDDY_INVARIANT(listener->server->accepting > 0);
    if (--listener->server->accepting == 0)
        share_leave(listener->server);
    settle(listener->server);
}

void server_handshake_over(struct connection *connection)
{
    if (!connection->handshakes)
        return;
    connection->handshakes = false;
    EDDY_INVARIANT(connection->server->handshake_count > 0);
    connection->server->handshake_count--;
    eddy_event_set(&connection->server->room);
}

static void remove_connection(struct connection *connection)
{
    server_handshake_over(connection);
    EDDY_INVARIANT(counts_of(connection->server)->connections > 0);
    list_remove(&connection->server->connections, &connection->link);
    count(&counts_of(connection->server)->connections, -1);
    if (connection->server->exact)
        share_count(connection->server, -1);
    connection->server->loop->serving--;
    eddy_event_set(&connection->server->room);
}

/* ==== peers that disconnected ==== */

/* The log gets the first one at once, and then, once a second, the number of the others. */
static void tell_gone(struct eddy_server *server, const struct eddy_failure *failure)
{
    char name[128] = "?";
    if (server->listener_count)
        eddy_address_format(&server->listeners[0].socket.own, name, sizeof name);
    report_line("eddy: server at %s: %zu peer%s went away%s%s%s%s", name, server->gone_untold,
                server->gone_untold == 1 ? "" : "s", failure ? ": " : " in the last second",
                failure ? eddy_error_name(failure->code) : "", failure && failure->message ? ": " : "",
                failure && failure->message ? failure->message : "");
    server->gone_untold = 0;
}

static void second_is_over(struct timer *timer);

static void begin_second(struct eddy_server *server)
{
    struct eddy_loop *loop = server->loop; /* if there is no memory for the timer, the next peer is logged as well */
    timer_set(&loop->timers, &server->gone_timer, clock_add(driver_now(loop->driver), CLOCK_SECOND), second_is_over);
}

static void second_is_over(struct timer *timer)
{
    struct eddy_server *server = container_of(timer, struct eddy_server, gone_timer);
    if (!server->gone_untold)
        return;
    tell_gone(server, NULL);
    begin_second(server);
}

static bool is_of_peer(const struct eddy_stream *s, int code)
{
    if (code == ECANCELED)
        return true;
    if (s->draining && s->at_end && (code == EDDY_INCOMPLETE_READ || code == EDDY_STREAM_CLOSED))
        return true; /* cancelled by the server itself */
    return s->gone && (code == ECONNRESET || code == EPIPE || code == EDDY_TLS_TRUNCATED || code == ETIMEDOUT ||
                       code == ECONNABORTED || code == EHOSTUNREACH || code == ENETUNREACH);
}

/* If a handler failed only because its peer disconnected, the program made no error: the peer is counted. */
static void judge_failure(struct eddy_server *server, const struct eddy_stream *s, struct task *task)
{
    struct eddy_failure *failure = task_core(task)->failure;
    for (size_t i = 0; failure && i <= failure->group_total; i++)
        if (!is_of_peer(s, failure_in_group(failure, i)->code))
            return;
    if (!failure)
        return;
    task_mark_seen(task);
    if (!s->gone)
        return;
    count(&counts_of(server)->gone, 1);
    server->gone_untold++;
    if (timer_is_set(&server->gone_timer))
        return;
    tell_gone(server, failure);
    begin_second(server);
}

static void on_handler_end(struct watch *watch)
{
    struct connection *connection = container_of(watch, struct connection, watch);
    struct eddy_stream *s = container_of(connection, struct eddy_stream, connection);
    struct eddy_server *server = connection->server;
    judge_failure(server, s, connection->task);
    remove_connection(connection);
    stream_close(s);
    stream_unref(s);
    settle(server);
}

/* ==== accepting ==== */

/* The task belongs to the server: it lies in the server's place, not in a scope of whoever starts it, which the server
 * may outlive; no frame joins it, and its end is watched. False: no memory. */
static bool start_task(struct eddy_server *server, const void *coroutine, size_t size, struct watch *watch,
                       struct task **slot, void (*on_end)(struct watch *))
{
    static const struct eddy_site site = {NULL, __func__, 0};
    struct task *task = *slot = task_spawn_into(server->level, coroutine, size, &site);
    if (!task)
        return false;
    watch_add(&task->watches, watch, on_end);
    task_give_up_handle(task);
    return true;
}

static void add_connection(struct listener *listener, struct connection *connection)
{
    struct eddy_server *server = listener->server;
    connection->server = server;
    connection->at = &listener->socket.own;
    connection->since = server->loop->last_look;
    list_add_first(&server->connections, &connection->link);
    count(&counts_of(server)->accepted, 1);
    count(&counts_of(server)->connections, 1);
    if (server->exact)
        share_count(server, 1);
    server->loop->serving++;
    connection->handshakes = server->upgrade_release != NULL;
    server->handshake_count += connection->handshakes;
}

/* The handler's task begins in the next pass. Returns 0; or ENOMEM, and the connection is closed. */
static int admit(struct listener *listener, int fd)
{
    struct eddy_server *server = listener->server;
    bool is_unix = address_any(&listener->socket.own)->sa_family == AF_UNIX;
    struct eddy_stream *s = stream_of_socket(server->loop, fd, is_unix, NULL);
    if (!s) {
        socket_close(server->loop, fd);
        return ENOMEM;
    }
    if (server->stream_limit)
        s->limit = server->stream_limit;
    struct connection *connection = &s->connection;
    memcpy((char *)server->prototype + server->stream_offset, &s, sizeof s);
    add_connection(listener, connection);
    if (start_task(server, server->prototype, server->size, &connection->watch, &connection->task, on_handler_end))
        return 0;
    remove_connection(connection);
    stream_close(s);
    stream_unref(s);
    return ENOMEM;
}

/* Another loop has accepted it. */
static void receive(struct listener *listener, int fd)
{
    struct eddy_server *server = listener->server;
    driver_adopt(server->loop->driver, fd);
    if (server->closing)
        socket_close(server->loop, fd);
    else
        admit(listener, fd);
}

/* Logged once for each series of failures. */
static void report_once(struct listener *listener, int error)
{
    char name[128];
    if (listener->failing)
        return;
    listener->failing = true;
    eddy_address_format(&listener->socket.own, name, sizeof name);
    struct eddy_failure *failure = failure_of(error, "accept on %s: new connections wait until it works again", name);
    report_failure(failure, "a server cannot accept");
    failure_unref(failure);
}

/* Errors of the connection, not of the listening socket: see accept(2). */
static bool is_of_connection(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == ENETDOWN || error == ENOPROTOOPT ||
           error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH || error == EOPNOTSUPP ||
           error == ENETUNREACH || error == EPERM;
}

static bool is_full(const struct eddy_server *server)
{
    const struct server_counts *counts = &server->member.counts;
    return (server->max_connections && counts->connections >= server->max_connections) ||
           (server->max_handshakes && server->handshake_count >= server->max_handshakes);
}

/* Returns 0, or the code for why the connection could not be admitted, now or when there is room. */
eddy_async(int, admit_when_there_is_room, (struct listener *, listener), (int, fd))
{
    struct eddy_server *server = listener->server;
    struct held_socket held = {server->loop, fd};
    eddy_defer(socket_drop, &held);
    if (is_full(server) && server->shed) {
        count(&counts_of(server)->shed, 1);
        return 0;
    }
    while (is_full(server)) {
        eddy_event_clear(&server->room);
        eddy_await(eddy_event_wait(&server->room));
    }
    held.fd = -1;
    return admit(listener, fd);
}

/* Returns 0, or the code for why a connection could not be accepted. */
eddy_async(int, accept_one, (struct listener *, listener))
{
    int64_t result = eddy_await(socket_accept(listener->socket.fd));
    if (result < 0)
        return (int)-result;
    if (listener->server->exact && !task_has_request(current.task) && share_hand_over(listener, (int)result))
        return 0;
    driver_adopt(listener->server->loop->driver, (int)result);
    if (task_has_request(current.task)) { /* the connection arrived while the server was being closed */
        socket_close(listener->server->loop, (int)result);
        return 0;
    }
    if (is_full(listener->server))
        return eddy_await(admit_when_there_is_room(listener, (int)result));
    return admit(listener, (int)result);
}

eddy_async(void, accept_connections, (struct listener *, listener))
{
    double pause = first_pause;
    if (listener->server->exact && !share_accepts(listener->server))
        eddy_await(eddy_event_wait(&listener->server->appointed));
    for (unsigned count = 1;; count++) {
        int error = eddy_await(accept_one(listener));
        if (error && (!is_of_connection(error) || ++listener->failures > PASSING_FAILURES)) {
            report_once(listener, error);
            eddy_await(eddy_sleep(pause));
            pause = pause < longest_pause ? 2 * pause : longest_pause;
            continue;
        }
        if (!error) {
            listener->failing = false;
            listener->failures = 0;
            pause = first_pause;
        }
        if (count % ACCEPTS_AT_ONCE == 0)
            eddy_await(eddy_sleep(0));
    }
}

/* ==== starting, for server_start.c ==== */

static const struct share_calls calls = {.receive = receive, .settle = settle};

struct eddy_server *server_new(struct eddy_loop *loop, size_t listeners)
{
    struct eddy_server *server = memory_alloc_zeroed(sizeof *server + listeners * sizeof server->listeners[0]);
    if (!server)
        return NULL;
    server->level = level_of_group(loop, NULL);
    if (!server->level) {
        memory_free(server);
        return NULL;
    }
    server->loop = loop;
    server->member.calls = &calls;
    server->closer.close = free_at_close;
    list_add_first(&loop->closers, &server->closer.link);
    return server;
}

int server_accept(struct eddy_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        struct listener *listener = &server->listeners[i];
        struct accept_connections accepts = accept_connections(listener);
        if (!start_task(server, &accepts, sizeof accepts, &listener->watch, &listener->task, on_listener_end))
            return ENOMEM;
        server->accepting++;
    }
    return 0;
}

static void cancel_listeners(struct eddy_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++)
        if (server->listeners[i].task)
            task_cancel(server->listeners[i].task, "the server closes");
}

void server_drop(struct eddy_server *server)
{
    server->orphan = true;
    cancel_listeners(server);
    settle(server);
}

/* ==== closing ==== */

/* Connections that are between messages end at once: a read finds the end, a handshake is given up. */
static void end_idle(struct eddy_server *server, bool spare_young)
{
    EDDY_EXPENSIVE_INVARIANT(list_count(&server->connections) == counts_of(server)->connections);
    int64_t young = driver_now(server->loop->driver) - clock_from_seconds(youth);
    LIST_EACH(struct eddy_stream, s, &server->connections, connection.link) {
        bool spared = spare_young && s->connection.since > young;
        stream_drain(s, spared);
        if (s->connection.handshakes && !spared)
            task_cancel(s->connection.task, "the server closes");
    }
}

/*
 * Returns 0, or why it did not wait for the last handler: ETIMEDOUT, or ECANCELED if a request arrives meanwhile,
 * which ends the grace. A request that came before does not shorten the grace.
 */
eddy_async(int, wait_for_handlers, (struct eddy_server *, server), (double, seconds))
{
    eddy_error err;
    struct task *self = current.task;
    uint32_t requests = task_requests(self);
    task_let_interrupt(self, true);
    eddy_await_for(eddy_event_wait(&server->idle), seconds, &err);
    task_let_interrupt(self, false);
    return err.code && task_requests(self) > requests ? ECANCELED : err.code;
}

/* Waits for the handlers. Some of them end at once. */
eddy_async(void, give_grace, (struct eddy_server *, server), (double, seconds))
{
    eddy_await(eddy_sleep(0)); /* bytes that have already arrived are read first */
    end_idle(server, true);
    int early = eddy_await(wait_for_handlers(server, seconds < youth ? seconds : youth));
    if (early != ETIMEDOUT || seconds <= youth)
        return;
    end_idle(server, false);
    eddy_await(wait_for_handlers(server, seconds - youth));
}

/* As in trio: a handler that swallows the cancellation gets it again at its next await, and so do its tasks. */
static void cancel_handlers(struct eddy_server *server)
{
    level_cancel(server->level, "the server closes");
}

/* The last step of closing, if handlers do not end. */
static void abandon(struct eddy_server **left)
{
    struct eddy_server *server = *left;
    if (!server)
        return;
    server->orphan = true;
    cancel_handlers(server);
    settle(server);
}

eddy_async_define(void, eddy_server_close, (eddy_server *, server), (double, grace_seconds))
{
    eddy_error err;
    if (!server)
        return;
    if (server->loop != current.loop)
        eddy_raise(EDDY_WRONG_LOOP, "eddy_server_close");
    if (!current.task)
        eddy_raise(EDDY_NO_TASK, "eddy_server_close");
    struct eddy_server *left = server;
    eddy_defer(abandon, &left);
    struct release releasing = release_begin();
    eddy_defer(release_end, &releasing);
    server->closing = true;
    cancel_listeners(server);
    if (server->member.share)
        share_leave(server); /* another one accepts from now on */
    settle(server);
    if (grace_seconds > 0)
        eddy_await(give_grace(server, grace_seconds));
    cancel_handlers(server);
    while (!eddy_event_is_set(&server->idle)) {
        eddy_await_for(eddy_event_wait(&server->idle), last_seconds, &err);
        if (err.code && task_is_asked(current.task))
            return;
    }
    left = NULL;
    free_server(server);
}

/* ==== facts ==== */

int eddy_server_port(const eddy_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        int port = eddy_address_port(&server->listeners[i].socket.own);
        if (port)
            return port;
    }
    return 0;
}

bool eddy_server_address(const eddy_server *server, size_t i, eddy_address *address)
{
    if (i >= server->listener_count)
        return false;
    *address = server->listeners[i].socket.own;
    return true;
}

size_t eddy_server_connections(const eddy_server *server)
{
    return server->member.counts.connections;
}

size_t eddy_server_shed(const eddy_server *server)
{
    return server->member.counts.shed;
}

size_t eddy_server_gone(const eddy_server *server)
{
    return server->member.counts.gone;
}

static void own_counts(const struct eddy_server *server, struct eddy_server_stats *stats)
{
    stats->servers = 1;
    share_add_counts(stats, &server->member.counts);
}

/* sum: own_counts or share_sum. */
static int give_stats(const struct eddy_server *server, struct eddy_server_stats *stats,
                      void (*sum)(const struct eddy_server *, struct eddy_server_stats *))
{
    struct eddy_server_stats now = {.size = stats->size};
    if (stats->size == 0 || stats->size > sizeof now)
        return EINVAL;
    sum(server, &now);
    memcpy(stats, &now, stats->size);
    return 0;
}

int eddy_server_stats(const eddy_server *server, struct eddy_server_stats *stats)
{
    return give_stats(server, stats, own_counts);
}

int eddy_server_stats_shared(const eddy_server *server, struct eddy_server_stats *stats)
{
    return give_stats(server, stats, share_sum);
}

bool eddy_server_closing(const eddy_server *server)
{
    return server->closing;
}
