/* SPDX-License-Identifier: MIT */
/*
 * start.c - the life of a server. Its struct belongs to the eddy_server below it: it is freed when that has ended, or
 * has failed to start.
 */
#define EDDY_LIBRARY
#include <string.h>

#include "exchange.h"
#include "server.h"

/* ==== options ==== */

static size_t or_size(size_t value, size_t otherwise)
{
    return value ? value : otherwise;
}

static double or_seconds(double value, double otherwise)
{
    return value > 0 ? value : otherwise;
}

static void fill_options(struct eddy_http_server *server)
{
    eddy_http_server_options *options = &server->options;
    server->limits = (struct head_limits){.line = or_size(options->max_line, 8192),
                                          .size = or_size(options->max_head, 16384),
                                          .fields = or_size(options->max_fields, 100)};
    options->max_body = or_size(options->max_body, 1 << 20);
    options->idle_seconds = or_seconds(options->idle_seconds, 60);
    options->head_seconds = or_seconds(options->head_seconds, 10);
    options->body_seconds = or_seconds(options->body_seconds, 30);
    options->send_seconds = or_seconds(options->send_seconds, 60);
}

/* NULL: all of it is good. */
static const char *fault_of(const struct eddy_http_server *server)
{
    const char *name = server->options.name;
    if (server->limits.size > UINT16_MAX)
        return "max_head is above 65535";
    if (name && (strlen(name) > 100 || !head_is_value(name, strlen(name))))
        return "the name is too long, or has a character that no field may have";
    for (const eddy_http_route *route = server->options.routes; route && route->handler; route++)
        if (!target_is_route(route->path))
            return "the path of a route does not begin with \"/\", has more than 8 parameters, or goes on after \"*\"";
    return NULL;
}

/* ==== life ==== */

static void free_server(void *argument)
{
    struct eddy_http_server *server = argument;
    if (server->upgrade_release)
        server->upgrade_release(server->upgrade_argument);
    free((char *)(uintptr_t)server->options.name);
    deflater_free(server->deflater);
    free(server);
}

/* There always is an upgrade, also without TLS: only so the server below says when it has ended. */
static bool upgrade(eddy_stream *s, void *argument, struct eddy_failure **failure)
{
    struct eddy_http_server *server = argument;
    return server->upgrade ? server->upgrade(s, server->upgrade_argument, failure) : true;
}

static struct eddy_http_server *new_server(const eddy_http_server_options *options, size_t options_size)
{
    struct eddy_http_server *server = calloc(1, sizeof *server);
    if (!server)
        return NULL;
    if (options)
        memcpy(&server->options, options, options_size < sizeof *options ? options_size : sizeof *options);
    if (server->options.name && !(server->options.name = strdup(server->options.name))) {
        free(server);
        return NULL;
    }
    fill_options(server);
    return server;
}

/* What is called for each connection, and at the end of all. */
static struct eddy_start_server begin(struct eddy_http_server *server)
{
    const eddy_http_server_options *options = &server->options;
    const eddy_server_options own = {.size = sizeof own, .host = options->host, .port = options->port};
    struct eddy_start_server start =
        eddy_start_server_with_options(server_serve, (void *)server, options->listen ? options->listen : &own);
    if (options->tls)
        start = eddy_over_tls(start, options->tls);
    server->upgrade = start.upgrade;
    server->upgrade_release = start.upgrade_release;
    server->upgrade_argument = start.upgrade_argument;
    start.upgrade = upgrade;
    start.upgrade_argument = server;
    start.upgrade_release = free_server;
    return start;
}

async_define(eddy_http_server *, eddy_http_start_server_with, (const eddy_http_server_options *, options),
             (size_t, options_size))
{
    struct eddy_http_server *server = new_server(options, options_size);
    if (!server)
        throw(ENOMEM, "a server of HTTP");
    const char *fault = fault_of(server);
    if (fault) {
        free_server(server);
        throw(EINVAL, "eddy_http_start_server: %s", fault);
    }
    server->listening = await(begin(server));
    server->options.listen = NULL;
    server->options.tls = NULL;
    return server;
}

eddy_server *eddy_http_server_of(const eddy_http_server *server)
{
    return server->listening;
}

async_define(void, eddy_http_server_close, (eddy_http_server *, server), (double, grace_seconds))
{
    await(eddy_server_close(server ? server->listening : NULL, grace_seconds));
}
