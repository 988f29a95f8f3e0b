/* SPDX-License-Identifier: MIT */
/*
 * server.c - listening sockets, a task that accepts on each, a task for each connection's handler.
 *
 * Invariant: the server outlives its tasks.  It is freed by eddy_server_close when they have all ended; if that
 * was cancelled, by the last of them; if it was never called, by the loop when it closes.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/failure.h"
#include "core/report.h"
#include "io/resolve.h"
#include "io/socket.h"
#include "io/stream.h"
#include "os/memory.h"

enum {
    ACCEPTS_AT_ONCE = 32, /* then the handlers have their turn */
    PORT_ATTEMPTS = 16    /* to find one that is free on all addresses */
};

/* Without descriptors or memory the next accept would fail as well. */
static const double pause_after_failure = 1.0;

struct listener {
    struct eddy_server *server;
    int fd;                  /* -1: none */
    bool failing;            /* it has been said that accepting fails */
    struct task *task;       /* accepts; NULL: not yet, or ended */
    struct watch watch;      /* of that task's end */
    union address own;
};

struct eddy_server {
    struct eddy_loop *loop;
    struct loop_closer closer;
    void *prototype; /* of the handler; its stream is set for each spawn */
    size_t size, stream_offset;
    int port;
    struct listener listeners[RESOLVE_MOST];
    size_t listener_count, accepting;
    struct connection *connections;
    size_t connection_count;
    eddy_event idle; /* no task of the server is left */
    bool orphan;     /* eddy_server_close was cancelled: the last task frees it */
};

/* ==== the end of its tasks ==== */

static void free_server(struct eddy_server *server)
{
    loop_closer_remove(&server->closer);
    for (size_t i = 0; i < server->listener_count; i++)
        if (server->listeners[i].fd >= 0)
            socket_close(server->loop, server->listeners[i].fd);
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
    socket_close(listener->server->loop, listener->fd);
    listener->fd = -1;
    listener->task = NULL;
    listener->server->accepting--;
    settle(listener->server);
}

static void remove_connection(struct connection *connection)
{
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    connection->server->connection_count--;
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
    *slot = task_of_handle(handle);
    watch_add(&(*slot)->watches, watch, on_end);
    (eddy_detach)(handle);
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
}

/* The handler's task begins in the next pass.  0, or ENOMEM: the connection is closed. */
static int admit(struct listener *listener, int fd)
{
    struct eddy_server *server = listener->server;
    driver_adopt(server->loop->driver, fd);
    struct eddy_stream *s = stream_of_socket(server->loop, fd, NULL);
    if (!s) {
        socket_close(server->loop, fd);
        return ENOMEM;
    }
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
    char name[64];
    if (listener->failing)
        return;
    listener->failing = true;
    address_format(&listener->own, name, sizeof name);
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

/* 0, or why a connection could not be taken. */
eddy_async(int, accept_one, (struct listener *, listener))
{
    int64_t result = eddy_await(socket_accept(listener->fd));
    if (result >= 0)
        return admit(listener, (int)result);
    return is_of_connection((int)-result) ? 0 : (int)-result;
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

/* ==== starting ==== */

static int listen_on(struct listener *listener)
{
    struct driver *driver = listener->server->loop->driver;
    int on = 1, fd = socket_open(listener->own.any.sa_family);
    socklen_t size = sizeof listener->own;
    if (fd < 0)
        return -fd;
    listener->fd = fd;
    net_set_option(driver, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener->own.any.sa_family == AF_INET6)
        net_set_option(driver, fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    int error = net_bind(driver, fd, &listener->own.any, address_size(&listener->own));
    if (error == 0)
        error = net_listen(driver, fd, SOMAXCONN);
    if (error == 0)
        error = net_name(driver, fd, false, &listener->own.any, &size);
    return -error;
}

static void close_listeners(struct eddy_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++)
        socket_close(server->loop, server->listeners[i].fd);
    server->listener_count = 0;
}

/* An address that this machine turns out not to have does no harm while there is another. */
static int listen_on_all(struct eddy_server *server, const struct address_list *list)
{
    int error, last = EADDRNOTAVAIL;
    for (size_t i = 0; i < list->count; i++) {
        struct listener *listener = &server->listeners[server->listener_count];
        *listener = (struct listener){.server = server, .fd = -1, .own = list->items[i]};
        if (server->port)
            address_set_port(&listener->own, server->port);
        error = listen_on(listener);
        if (error && listener->fd >= 0)
            socket_close(server->loop, listener->fd);
        if (error && error != EADDRNOTAVAIL && error != EAFNOSUPPORT) {
            close_listeners(server);
            return error;
        }
        if (error)
            last = error;
        else if (server->listener_count++ == 0)
            server->port = address_port(&listener->own);
    }
    return server->listener_count ? 0 : last;
}

/* A port of the kernel's choice for the first address may be taken on the next. */
static int find_port(struct eddy_server *server, const struct address_list *list)
{
    int error = EADDRINUSE, port = address_port(&list->items[0]);
    for (int i = 0; i < PORT_ATTEMPTS && error == EADDRINUSE; i++) {
        server->port = port;
        error = listen_on_all(server, list);
        if (port)
            break;
    }
    return error;
}

static int start_accepting(struct eddy_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        struct listener *listener = &server->listeners[i];
        struct accept_connections accepts = accept_connections(listener);
        if (!start_task(&accepts, sizeof accepts, &listener->watch, &listener->task, on_listener_end))
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

/* Takes the prototype over only when it succeeds.  0, or why not. */
static int open_server(const struct eddy_start_server *self, const struct address_list *list, eddy_server **result)
{
    struct eddy_server *server = memory_alloc_zeroed(sizeof *server);
    if (!server)
        return ENOMEM;
    server->loop = current.loop;
    server->size = self->size;
    server->stream_offset = self->stream_offset;
    server->closer.close = free_at_close;
    loop_closer_add(server->loop, &server->closer);
    int error = find_port(server, list);
    if (!error)
        error = start_accepting(server);
    if (!error) {
        server->prototype = self->prototype;
        *result = server;
        return 0;
    }
    server->orphan = true;
    cancel_listeners(server);
    settle(server);
    return error;
}

eddy_async(eddy_server *, start_server, (const struct eddy_start_server *, self))
{
    eddy_server *server = NULL;
    const char *host = self->host ? self->host : "";
    if (!self->prototype)
        eddy_raise(ENOMEM, "eddy_start_server(\"%s\", %d)", host, self->port);
    if (self->port < 0 || self->port > 65535)
        eddy_raise(EINVAL, "eddy_start_server(\"%s\", %d): ports go from 0 to 65535", host, self->port);
    struct address_list list = eddy_await(resolve_host(host, self->port, true));
    if (list.code)
        eddy_raise(list.code, "eddy_start_server(\"%s\", %d)%s%s", host, self->port, list.reason[0] ? ": " : "",
                   list.reason);
    int error = open_server(self, &list, &server);
    if (error)
        eddy_raise(error, "eddy_start_server(\"%s\", %d)", host, self->port);
    return server;
}

static void run_start_server(struct eddy_awaitable *a)
{
    struct eddy_start_server *self = (struct eddy_start_server *)(void *)a;
    struct start_server inner = start_server(self);
    a->awaitable.failure = eddy_run_here(&inner.awaitable);
    self->result = inner.result;
    if (!self->result)
        memory_free(self->prototype);
    self->prototype = NULL;
}

static void forget_prototype(struct eddy_awaitable *a)
{
    memory_free(((struct eddy_start_server *)(void *)a)->prototype);
}

static const struct eddy_awaitable_type start_server_type = {.name = "eddy_start_server",
                                                             .run = run_start_server,
                                                             .destroy = forget_prototype,
                                                             .kind = EDDY_COROUTINE,
                                                             .size = sizeof(struct eddy_start_server)};

struct eddy_start_server eddy_start_server_with(const void *prototype, size_t size, size_t stream_offset,
                                                const char *host, int port)
{
    struct eddy_start_server self = {ED_HEADER(start_server_type), .size = size, .stream_offset = stream_offset,
                                     .host = host, .port = port};
    self.prototype = memory_alloc(size);
    if (self.prototype)
        memcpy(self.prototype, prototype, size);
    return self;
}

/* ==== closing ==== */

static void cancel_handlers(struct eddy_server *server)
{
    struct connection *next;
    for (struct connection *one = server->connections; one; one = next) {
        next = one->next;
        task_cancel(one->task, "the server closes");
    }
}

/* What is left of closing when it is left by a cancellation. */
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
    struct eddy_server *left = server;
    eddy_defer(abandon, &left);
    cancel_listeners(server);
    settle(server);
    if (grace_seconds > 0)
        eddy_await_for(eddy_event_wait(&server->idle), grace_seconds, &err);
    cancel_handlers(server);
    eddy_await(eddy_event_wait(&server->idle));
    left = NULL;
    free_server(server);
}

/* ==== facts ==== */

int eddy_server_port(const eddy_server *server)
{
    return server->port;
}

size_t eddy_server_connections(const eddy_server *server)
{
    return server->connection_count;
}
