/* SPDX-License-Identifier: MIT */
/* server.c - a task that accepts on each listening socket, a task for each connection's handler; see server.h. */
#define EDDY_LIBRARY
#include "io/server.h"

#include <errno.h>
#include <string.h>

#include "core/current.h"
#include "core/failure.h"
#include "core/level.h"
#include "core/report.h"
#include "os/memory.h"

enum { ACCEPTS_AT_ONCE = 32 }; /* then the handlers have their turn */

/* Without descriptors or memory the next accept would fail as well. */
static const double pause_after_failure = 1.0;

/* For handlers that were cancelled to end, where the closing task is asked to end as well. */
static const double last_seconds = 5;

/* ==== the end of its tasks ==== */

static void free_server(struct eddy_server *server)
{
    loop_closer_remove(&server->closer);
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
    free_server((struct eddy_server *)(void *)((char *)closer - offsetof(struct eddy_server, closer)));
}

static void settle(struct eddy_server *server)
{
    if (server->accepting || server->connection_count)
        return;
    eddy_event_set(&server->idle);
    if (server->orphan)
        free_server(server);
}

static void on_listener_end(struct watch *watch)
{
    struct listener *listener = (struct listener *)(void *)((char *)watch - offsetof(struct listener, watch));
    listen_close(listener->server->loop, &listener->socket);
    listener->task = NULL;
    listener->server->accepting--;
    settle(listener->server);
}

void server_handshake_over(struct connection *connection)
{
    if (!connection->handshakes)
        return;
    connection->handshakes = false;
    connection->server->handshake_count--;
    eddy_event_set(&connection->server->room);
}

static void remove_connection(struct connection *connection)
{
    server_handshake_over(connection);
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    connection->server->connection_count--;
    eddy_event_set(&connection->server->room);
}

static void on_handler_end(struct watch *watch)
{
    struct connection *connection = (struct connection *)(void *)((char *)watch - offsetof(struct connection, watch));
    struct eddy_stream *s =
        (struct eddy_stream *)(void *)((char *)connection - offsetof(struct eddy_stream, connection));
    struct eddy_server *server = connection->server;
    remove_connection(connection);
    stream_close(s);
    stream_unref(s);
    settle(server);
}

/* ==== accepting ==== */

/* The task is the server's: no frame joins it, and its end is watched.  False: no memory. */
static bool start_task(const void *coroutine, size_t size, struct watch *watch, struct task **slot,
                       void (*on_end)(struct watch *))
{
    static const struct eddy_site site = {NULL, __func__, 0};
    void *handle = eddy_spawn_copy(coroutine, size, NULL, &site, 0);
    if ((eddy_done)(handle)) {
        (eddy_detach)(handle);
        return false;
    }
    struct task *task = *slot = task_of_handle(handle);
    watch_add(&task->watches, watch, on_end);
    task_disown(task); /* not detached: it stays in the server's level */
    task->consumed = true;
    task_unref(task);
    return true;
}

static void add_connection(struct eddy_server *server, struct connection *connection)
{
    connection->server = server;
    connection->next = server->connections;
    connection->link = &server->connections;
    if (connection->next)
        connection->next->link = &connection->next;
    server->connections = connection;
    server->connection_count++;
    connection->handshakes = server->upgrade_release != NULL;
    server->handshake_count += connection->handshakes;
}

/* The handler's task begins in the next pass.  0, or ENOMEM: the connection is closed. */
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
    add_connection(server, connection);
    if (start_task(server->prototype, server->size, &connection->watch, &connection->task, on_handler_end))
        return 0;
    remove_connection(connection);
    stream_close(s);
    stream_unref(s);
    return ENOMEM;
}

/* Once for each spell of failures. */
static void report(struct listener *listener, int error)
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

/* Errors of the connection, not of the socket that listens: see accept(2). */
static bool is_of_connection(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == ENETDOWN || error == ENOPROTOOPT ||
           error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH || error == EOPNOTSUPP ||
           error == ENETUNREACH || error == EPERM;
}

/* An accepted socket that is closed on the way out, unless it was handed on (fd -1). */
struct guest {
    struct eddy_loop *loop;
    int fd;
};

static void turn_away(struct guest *guest)
{
    if (guest->fd >= 0)
        socket_close(guest->loop, guest->fd);
}

static bool is_full(const struct eddy_server *server)
{
    return (server->max_connections && server->connection_count >= server->max_connections) ||
           (server->max_handshakes && server->handshake_count >= server->max_handshakes);
}

/* 0, or why it could not be admitted, now or when there is room. */
eddy_async(int, admit_when_there_is_room, (struct listener *, listener), (int, fd))
{
    struct eddy_server *server = listener->server;
    struct guest guest = {server->loop, fd};
    eddy_defer(turn_away, &guest);
    if (is_full(server) && server->shed) {
        server->shed_count++;
        return 0;
    }
    while (is_full(server)) {
        eddy_event_clear(&server->room);
        eddy_await(eddy_event_wait(&server->room));
    }
    guest.fd = -1;
    return admit(listener, fd);
}

/* 0, or why a connection could not be taken. */
eddy_async(int, accept_one, (struct listener *, listener))
{
    int64_t result = eddy_await(socket_accept(listener->socket.fd));
    if (result < 0)
        return is_of_connection((int)-result) ? 0 : (int)-result;
    driver_adopt(listener->server->loop->driver, (int)result);
    if (current.task->must_cancel) { /* it came while the server was being closed */
        socket_close(listener->server->loop, (int)result);
        return 0;
    }
    if (is_full(listener->server))
        return eddy_await(admit_when_there_is_room(listener, (int)result));
    return admit(listener, (int)result);
}

eddy_async(void, accept_connections, (struct listener *, listener))
{
    for (unsigned count = 1;; count++) {
        int error = eddy_await(accept_one(listener));
        if (error) {
            report(listener, error);
            eddy_await(eddy_sleep(pause_after_failure));
            continue;
        }
        listener->failing = false;
        if (count % ACCEPTS_AT_ONCE == 0)
            eddy_await(eddy_sleep(0));
    }
}

/* ==== starting, for server_start.c ==== */

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
    server->closer.close = free_at_close;
    loop_closer_add(loop, &server->closer);
    return server;
}

int server_accept(struct eddy_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        struct listener *listener = &server->listeners[i];
        struct accept_connections accepts = accept_connections(listener);
        if (!start_task(&accepts, sizeof accepts, &listener->watch, &listener->task, on_listener_end))
            return ENOMEM;
        server->accepting++;
        if (!level_join(listener->task, server->level)) /* and with it the handlers that it spawns */
            return ENOMEM;
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

/* By trio's rules: one that swallows the cancellation meets it again at its next await, and so do its tasks. */
static void cancel_handlers(struct eddy_server *server)
{
    level_cancel(server->level, "the server closes");
}

/* What is left of closing when it is left although handlers do not end. */
static void abandon(struct eddy_server **left)
{
    struct eddy_server *server = *left;
    if (!server)
        return;
    server->orphan = true;
    cancel_handlers(server);
    settle(server);
}

/* A request that comes meanwhile ends the grace; one that had come before leaves it as it was asked for. */
eddy_async(void, wait_for_handlers, (struct eddy_server *, server), (double, seconds))
{
    eddy_error err;
    struct task *self = current.task;
    self->interruptible = true;
    eddy_await_for(eddy_event_wait(&server->idle), seconds, &err);
    self->interruptible = false;
}

eddy_async_define(void, eddy_server_close, (eddy_server *, server), (double, grace_seconds))
{
    eddy_error err;
    if (!server)
        return;
    if (server->loop != current.loop)
        eddy_raise(EDDY_WRONG_LOOP, "eddy_server_close");
    struct eddy_server *left = server;
    eddy_defer(abandon, &left);
    struct release releasing = release_begin();
    eddy_defer(release_end, &releasing);
    server->closing = true;
    cancel_listeners(server);
    settle(server);
    if (grace_seconds > 0)
        eddy_await(wait_for_handlers(server, grace_seconds));
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
    return server->connection_count;
}

size_t eddy_server_shed(const eddy_server *server)
{
    return server->shed_count;
}

bool eddy_server_closing(const eddy_server *server)
{
    return server->closing;
}
