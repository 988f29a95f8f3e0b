/* SPDX-License-Identifier: MIT */
/* server_start.c - eddy_start_server: from its options to a server that listens on each address. */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/impl.h"
#include "io/resolve.h"
#include "io/server.h"
#include "io/turn.h"
#include "os/memory.h"
#include "os/stranger.h"

enum {
    PORT_ATTEMPTS = 16,  /* tries to find a port that is free on all addresses */
    FIRST_INHERITED = 3  /* the first descriptor, by the rules of sd_listen_fds */
};

/* ==== the coroutine that is spawned for a connection ==== */

/* For a connection that must be prepared first (TLS): the coroutine that does so and then runs the handler, which
 * follows it in memory. */
struct upgraded {
    struct eddy_awaitable awaitable;
    eddy_void result;
    bool (*upgrade)(eddy_stream *s, void *argument, struct eddy_failure **failure);
    void *argument;
    size_t stream_offset; /* the parameter's place in the handler */
    uint64_t handler[];
};

static void run_upgraded(struct eddy_awaitable *a)
{
    struct upgraded *self = (struct upgraded *)(void *)a;
    struct eddy_awaitable *handler = (struct eddy_awaitable *)(void *)self->handler;
    eddy_stream *s;
    memcpy(&s, (char *)self->handler + self->stream_offset, sizeof s);
    if (s->draining)
        return;
    bool upgraded = self->upgrade(s, self->argument, &a->awaitable.failure);
    server_handshake_over(&s->connection);
    if (!upgraded)
        return;
    a->awaitable.failure = eddy_run_here(handler);
    if (a->awaitable.failure)
        return;
    struct eddy_stream_close orderly = eddy_stream_close(s); /* unless the handler has closed it */
    a->awaitable.failure = eddy_run_here(&orderly.awaitable);
}

static const struct eddy_awaitable_type upgraded_type = {
    .name = "connection", .run = run_upgraded, .kind = EDDY_COROUTINE, .size = sizeof(struct upgraded)};

/* The server takes over the prototype of the handler, wrapped by the upgrade if there is one. Returns 0 or ENOMEM. */
static int set_prototype(struct eddy_server *server, struct eddy_start_server *self)
{
    server->prototype = self->prototype;
    server->size = self->size;
    server->stream_offset = self->stream_offset;
    if (self->upgrade) {
        struct upgraded *outer = memory_alloc(sizeof *outer + self->size);
        server->prototype = outer;
        if (!outer)
            return ENOMEM;
        *outer = (struct upgraded){ED_HEADER(upgraded_type), .upgrade = self->upgrade,
                                   .argument = self->upgrade_argument, .stream_offset = self->stream_offset};
        memcpy(outer->handler, self->prototype, self->size);
        memory_free(self->prototype);
        server->size += sizeof *outer;
        server->stream_offset += sizeof *outer;
        server->upgrade_release = self->upgrade_release;
        server->upgrade_argument = self->upgrade_argument;
        self->upgrade_release = NULL;
    }
    self->prototype = NULL;
    return 0;
}

/* ==== the addresses to listen on ==== */

struct plan {
    struct eddy_address *items; /* NULL: no addresses so far */
    size_t count;
};

static void free_plan(struct plan *plan)
{
    memory_free(plan->items);
}

static bool add(struct plan *plan, const struct eddy_address *address)
{
    struct eddy_address *items = memory_grow(plan->items, (plan->count + 1) * sizeof *items);
    if (!items)
        return false;
    plan->items = items;
    items[plan->count++] = *address;
    return true;
}

/* Returns 0, or a code with the resolver's words in `reason`. */
eddy_async(int, add_host, (struct plan *, plan), (const char *, host), (int, port), (char *, reason))
{
    struct address_list list = eddy_await(resolve_host(host, port, true));
    if (list.code) {
        strcpy(reason, list.reason);
        return list.code;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct eddy_address address = address_public(&list.items[i]);
        if (!add(plan, &address))
            return ENOMEM;
    }
    return 0;
}

static bool names_nothing(const eddy_server_options *options)
{
    return !options->host && !options->hosts && !options->unix_path && !options->descriptor_count &&
           !options->inherited;
}

eddy_async(int, add_hosts, (struct plan *, plan), (const eddy_server_options *, options), (char *, reason))
{
    int error = 0;
    if (options->host || names_nothing(options))
        error = eddy_await(add_host(plan, options->host ? options->host : "", options->port, reason));
    for (const char *const *host = options->hosts; host && *host && !error; host++)
        error = eddy_await(add_host(plan, *host, options->port, reason));
    return error;
}

eddy_async(int, make_plan, (struct plan *, plan), (const eddy_server_options *, options), (char *, reason))
{
    struct eddy_address address;
    int error = eddy_await(add_hosts(plan, options, reason));
    if (error || !options->unix_path)
        return error;
    error = eddy_address_unix(&address, options->unix_path);
    if (error)
        return error;
    return add(plan, &address) ? 0 : ENOMEM;
}

/* ==== listening ==== */

static struct listener *next_listener(struct eddy_server *server)
{
    struct listener *listener = &server->listeners[server->listener_count];
    *listener = (struct listener){.server = server};
    return listener;
}

static void close_listeners(struct eddy_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++)
        listen_close(server->loop, &server->listeners[i].socket);
    server->listener_count = 0;
}

static void set_port(struct eddy_address *address, int port)
{
    union address host;
    if (!port || address_any(address)->sa_family == AF_UNIX)
        return;
    memcpy(&host, address->data, address->size);
    address_set_port(&host, port);
    memcpy(address->data, &host, address->size);
}

/* An address that this machine does not have is skipped if there is another. */
static int listen_on_all(struct eddy_server *server, const struct plan *plan, int port,
                         const struct listen_options *options)
{
    int last = EADDRNOTAVAIL;
    for (size_t i = 0; i < plan->count; i++) {
        struct eddy_address address = plan->items[i];
        struct listener *listener = next_listener(server);
        set_port(&address, port);
        int error = listen_at(server->loop, &listener->socket, &address, options);
        if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT) {
            last = error;
        } else if (error) {
            close_listeners(server);
            return error;
        } else {
            server->listener_count++;
            port = eddy_server_port(server);
        }
    }
    return server->listener_count || !plan->count ? 0 : last;
}

/* For servers that share, this is done under the lock of their share, so that a file that one of them has just made is
 * not taken for an old one. */
static void clear_files(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        listen_clear(&plan->items[i]);
}

/* A port that the kernel chose for the first address may be in use on the next one. */
static int find_port(struct eddy_server *server, const struct plan *plan, const eddy_server_options *options)
{
    struct listen_options how = {options->backlog, options->reuse_port, options->unix_mode};
    int error = EADDRINUSE;
    clear_files(plan);
    for (int i = 0; i < (options->port ? 1 : PORT_ATTEMPTS) && error == EADDRINUSE; i++)
        error = listen_on_all(server, plan, options->port, &how);
    return error;
}

/* The i-th of those that the server is given: first the inherited ones. */
static int given_descriptor(const eddy_server_options *options, size_t inherited, size_t i)
{
    return i < inherited ? FIRST_INHERITED + (int)i : options->descriptors[i - inherited];
}

static int take_descriptors(struct eddy_server *server, const eddy_server_options *options, size_t inherited)
{
    int error = 0;
    for (size_t i = 0; i < options->descriptor_count + inherited && !error; i++) {
        int fd = given_descriptor(options, inherited, i);
        error = listen_take(server->loop, &next_listener(server)->socket, fd);
        if (!error)
            server->listener_count++;
    }
    return error;
}

static int bind_sockets(struct eddy_server *server, const struct plan *plan, const eddy_server_options *options,
                        size_t inherited)
{
    int error = find_port(server, plan, options);
    return error ? error : take_descriptors(server, options, inherited);
}

static bool is_shared(const eddy_server_options *options)
{
    return options->shared || options->balance == EDDY_BALANCE_EXACT;
}

/* Sockets of its own, or those that a server of another loop has bound. */
static int find_sockets(struct eddy_server *server, struct eddy_start_server *self, const struct plan *plan,
                        size_t inherited, size_t room)
{
    const eddy_server_options *options = &self->options;
    server->exact = options->balance == EDDY_BALANCE_EXACT;
    if (!is_shared(options))
        return bind_sockets(server, plan, options, inherited);
    int error = share_note_place(server, self);
    if (error)
        return error;
    struct share *share = share_begin(server);
    error = share ? share_take(share, server, room) : bind_sockets(server, plan, options, inherited);
    if (!error)
        error = share_join(share, server);
    share_end();
    share_forget_place(server);
    return error;
}

/* Returns 0, or the code for why it failed. */
static int open_server(struct eddy_start_server *self, const struct plan *plan, eddy_server **result)
{
    const eddy_server_options *options = &self->options;
    size_t inherited = options->inherited ? listen_inherited() : 0;
    size_t count = plan->count + options->descriptor_count + inherited;
    if (count == 0)
        return ENOENT; /* nothing was inherited */
    struct eddy_server *server = server_new(current.loop, count);
    if (!server)
        return ENOMEM;
    server->max_connections = options->max_connections;
    server->max_handshakes = options->max_handshakes;
    server->shed = options->shed;
    server->stream_limit = options->stream_limit;
    int error = find_sockets(server, self, plan, inherited, count);
    if (!error)
        error = server_accept(server);
    if (!error)
        error = set_prototype(server, self);
    if (error) {
        server_drop(server);
        return error;
    }
    for (size_t i = 0; i < server->listener_count; i++)
        server->listeners[i].socket.lent = false;
    *result = server;
    return 0;
}

/* If two loops accept on a socket that blocks, the one that comes second waits in the kernel, and nothing ends that. */
static bool shares_what_blocks(const eddy_server_options *options)
{
    if (!is_shared(options))
        return false;
    size_t inherited = options->inherited ? listen_inherited() : 0;
    for (size_t i = 0; i < options->descriptor_count + inherited; i++)
        if (stranger_is_blocking(given_descriptor(options, inherited, i)))
            return true;
    return false;
}

/* ==== the awaitable ==== */

struct label {
    char text[160];
};

/* For messages: eddy_start_server("127.0.0.1", 80). */
static struct label label_of(const eddy_server_options *options)
{
    struct label label;
    bool others = !options->host && !names_nothing(options);
    if (others && options->hosts)
        snprintf(label.text, sizeof label.text, "eddy_start_server(\"%.100s\", ..., %d)",
                 options->hosts[0] ? options->hosts[0] : "", options->port);
    else if (others && options->unix_path)
        snprintf(label.text, sizeof label.text, "eddy_start_server(\"%.110s\")", options->unix_path);
    else if (others)
        snprintf(label.text, sizeof label.text, "eddy_start_server(%s descriptors)",
                 options->inherited ? "inherited" : "given");
    else
        snprintf(label.text, sizeof label.text, "eddy_start_server(\"%.100s\", %d)",
                 options->host ? options->host : "", options->port);
    return label;
}

/* NULL: nothing. Options without their size would be taken for none, and the server would listen everywhere. */
static const char *what_is_wrong(const eddy_server_options *options)
{
    if (options->size == 0 || options->size > sizeof *options)
        return "eddy_server_options.size must be sizeof(eddy_server_options)";
    if (options->port < 0 || options->port > 65535)
        return "ports go from 0 to 65535";
    if (options->descriptor_count && !options->descriptors)
        return "descriptors is NULL, and descriptor_count is not 0";
    if (options->balance != EDDY_BALANCE_KERNEL && options->balance != EDDY_BALANCE_EXACT)
        return "balance is neither EDDY_BALANCE_KERNEL nor EDDY_BALANCE_EXACT";
    return NULL;
}

eddy_async(eddy_server *, start_server, (struct eddy_start_server *, self))
{
    eddy_await(turn());
    eddy_server *server = NULL;
    const eddy_server_options *options = &self->options;
    char reason[sizeof(((struct address_list *)0)->reason)] = "";
    struct plan plan = {NULL, 0};
    eddy_defer(free_plan, &plan);
    if (self->refused)
        eddy_raise(self->refused, "%s: eddy_over_tls: %s", label_of(options).text,
                   self->refused == ENOSYS ? "Eddy was built without OpenSSL"
                                           : "no TLS context was given: eddy_tls_server_new(&options, &err) makes it, "
                                             "or says why it cannot");
    if (!self->prototype)
        eddy_raise(ENOMEM, "%s", label_of(options).text);
    const char *wrong = what_is_wrong(options);
    if (wrong)
        eddy_raise(EINVAL, "%s: %s", label_of(options).text, wrong);
    if (shares_what_blocks(options))
        eddy_raise(EINVAL, "%s: servers cannot share a socket that blocks: set O_NONBLOCK on it",
                   label_of(options).text);
    int error = eddy_await(make_plan(&plan, options, reason));
    if (!error)
        error = open_server(self, &plan, &server);
    if (error)
        eddy_raise(error, "%s%s%s", label_of(options).text, reason[0] ? ": " : "", reason);
    return server;
}

static void forget_prototype(struct eddy_awaitable *a)
{
    struct eddy_start_server *self = (struct eddy_start_server *)(void *)a;
    memory_free(self->prototype);
    self->prototype = NULL;
    if (self->upgrade_release)
        self->upgrade_release(self->upgrade_argument);
    self->upgrade_release = NULL;
}

static void run_start_server(struct eddy_awaitable *a)
{
    struct eddy_start_server *self = (struct eddy_start_server *)(void *)a;
    struct start_server inner = start_server(self);
    a->awaitable.failure = eddy_run_here(&inner.awaitable);
    self->result = inner.result;
    forget_prototype(a);
}

/* The result was never taken. */
static void drop_unclaimed(struct eddy_awaitable *a)
{
    server_drop(((struct eddy_start_server *)(void *)a)->result);
}

static const struct eddy_awaitable_type start_server_type = {.name = "eddy_start_server",
                                                             .run = run_start_server,
                                                             .undo = drop_unclaimed,
                                                             .destroy = forget_prototype,
                                                             .kind = EDDY_COROUTINE,
                                                             .size = sizeof(struct eddy_start_server)};

struct eddy_start_server eddy_start_server_with(const void *prototype, size_t size, size_t stream_offset,
                                                const eddy_server_options *options)
{
    struct eddy_start_server self = {ED_HEADER(start_server_type), .size = size, .stream_offset = stream_offset};
    self.options.size = options ? options->size : sizeof self.options;
    if (options && options->size <= sizeof self.options)
        memcpy(&self.options, options, options->size);
    self.prototype = memory_alloc(size);
    if (self.prototype)
        memcpy(self.prototype, prototype, size);
    return self;
}
