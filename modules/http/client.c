/* SPDX-License-Identifier: MIT */
/* client.c - the life of a client, and its connections. */
#define EDDY_LIBRARY
#include "client.h"

#include <string.h>

/* ==== connections ==== */

void link_free(struct link *link)
{
    if (!link)
        return;
    eddy_stream_abort(link->input.stream);
    input_end(&link->input);
    url_free(&link->place);
    free(link);
}

/* Those that have been idle for too long are closed by their servers at any moment. */
static void drop_old(eddy_http_client *client)
{
    double oldest = eddy_time() - client->options.idle_seconds;
    for (struct link **at = &client->idle; *at;) {
        struct link *link = *at;
        if (link->since >= oldest) {
            at = &link->next;
            continue;
        }
        *at = link->next;
        client->idle_count--;
        link_free(link);
    }
}

static struct link *take_idle(eddy_http_client *client, const struct url *url)
{
    drop_old(client);
    for (struct link **at = &client->idle; *at; at = &(*at)->next) {
        struct link *link = *at;
        if (!url_same_origin(&link->place, url))
            continue;
        *at = link->next;
        client->idle_count--;
        return link;
    }
    return NULL;
}

void link_give_back(eddy_http_client *client, struct link *link)
{
    link->is_used = true;
    link->since = eddy_time();
    drop_old(client);
    if (client->closed || client->idle_count >= client->options.max_idle || input_size(&link->input)) {
        link_free(link);
        return;
    }
    link->next = client->idle;
    client->idle = link;
    client->idle_count++;
}

static void free_unless_taken(struct link **link)
{
    link_free(*link);
}

/* Its stream is awaited here, since await_for takes one coroutine. */
async(eddy_stream *, connect_to, (eddy_http_client *, client), (const struct url *, url))
{
    if (url->secure)
        return await(eddy_open_tls_connection(url->host, url->port, client->options.tls));
    return await(eddy_open_connection(url->host, url->port));
}

async_free(connect_to, eddy_stream_abort);

async_define(struct link *, link_open, (eddy_http_client *, client), (const struct url *, url), (bool, fresh))
{
    struct link *link = fresh ? NULL : take_idle(client, url);
    if (link)
        return link;
    link = calloc(1, sizeof *link);
    if (!link || url_make(&link->place, NULL, url->text) != 0) {
        free(link);
        throw(ENOMEM, "a connection to %s", url->place);
    }
    defer(free_unless_taken, &link);
    link->input.stream = await_for(connect_to(client, url), client->options.connect_seconds);
    link->input.deadline = -1;
    struct link *opened = link;
    link = NULL;
    return opened;
}

/* ==== the client ==== */

static double or_seconds(double value, double otherwise)
{
    return value > 0 ? value : otherwise;
}

static void fill_options(eddy_http_client_options *options)
{
    options->connect_seconds = or_seconds(options->connect_seconds, 30);
    options->head_seconds = or_seconds(options->head_seconds, 60);
    options->body_seconds = or_seconds(options->body_seconds, 30);
    options->send_seconds = or_seconds(options->send_seconds, 60);
    options->idle_seconds = or_seconds(options->idle_seconds, 15);
    if (options->max_redirects == 0)
        options->max_redirects = 10;
    if (!options->max_idle)
        options->max_idle = 8;
    if (!options->max_body)
        options->max_body = (size_t)64 << 20;
}

static void close_idle(eddy_http_client *client)
{
    for (struct link *link; (link = client->idle);) {
        client->idle = link->next;
        link_free(link);
    }
    client->idle_count = 0;
}

void client_settle(eddy_http_client *client)
{
    if (!client->closed || client->replies)
        return;
    url_free(&client->base);
    free((char *)(uintptr_t)client->options.agent);
    free(client);
}

void eddy_http_client_free(eddy_http_client *client)
{
    if (!client)
        return;
    close_idle(client);
    client->closed = true;
    client_settle(client);
}

async_define(void, eddy_http_close, (eddy_http_client *, client))
{
    if (client)
        close_idle(client);
    eddy_http_client_free(client);
}

/* Returns 0 or a code. */
static int set_up(eddy_http_client *client, const char *url, const eddy_http_client_options *options)
{
    const char *agent = options && options->agent ? options->agent : "eddy";
    if (options)
        client->options = *options;
    fill_options(&client->options);
    client->options.agent = strdup(agent);
    if (!client->options.agent)
        return ENOMEM;
    if (!head_is_value(agent, strlen(agent)))
        return EINVAL;
    return url_make(&client->base, NULL, url ? url : "");
}

/* Opening makes no connection yet: it never waits. */
static eddy_http_client *open_client(const char *url, const eddy_http_client_options *options, int *error)
{
    eddy_http_client *client = calloc(1, sizeof *client);
    *error = client ? set_up(client, url, options) : ENOMEM;
    if (client && *error) {
        eddy_http_client_free(client);
        client = NULL;
    }
    return client;
}

static void start(struct eddy_awaitable *a)
{
    struct eddy_http_open *self = (struct eddy_http_open *)(void *)a;
    int error;
    self->result = open_client(self->url, &self->options, &error);
    if (self->result)
        eddy_complete(self);
    else
        eddy_complete_error(self, error, "eddy_http_open(\"%s\")%s", self->url ? self->url : "NULL",
                            error == EINVAL ? ": a URL as http://host:port/path is needed" : "");
}

static void undo(struct eddy_awaitable *a)
{
    struct eddy_http_open *self = (struct eddy_http_open *)(void *)a;
    eddy_http_client_free(self->result);
    self->result = NULL;
}

static const struct eddy_awaitable_type open_type = {
    .name = "eddy_http_open", .start = start, .undo = undo, .size = sizeof(struct eddy_http_open)};

static struct eddy_http_open *of_manager(struct eddy_manager *manager)
{
    return (struct eddy_http_open *)(void *)((char *)manager - offsetof(struct eddy_http_open, manager));
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_http_open *self = of_manager(manager);
    int error;
    self->value = open_client(self->url, &self->options, &error);
    if (!self->value)
        eddy_error_set(err, error, "eddy_http_open(\"%s\")", self->url ? self->url : "NULL");
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    (void)err;
    eddy_http_client_free(of_manager(manager)->value);
}

struct eddy_http_open eddy_http_open_with(const char *url, const eddy_http_client_options *options, size_t options_size)
{
    struct eddy_http_open self = {EDDY_AWAITABLE_INIT(&open_type), .url = url};
    self.manager = (struct eddy_manager){.enter = enter, .exit = leave};
    if (options)
        memcpy(&self.options, options, options_size < sizeof self.options ? options_size : sizeof self.options);
    return self;
}
