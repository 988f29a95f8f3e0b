/* SPDX-License-Identifier: MIT */
/*
 * protocol_host.c - transports that connect to a host by its name: a task of the transport looks it up and connects.
 *
 * Invariant: the transport lives until that task has ended. The task has called nothing of the protocol by then.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <string.h>

#include "core/impl.h"
#include "io/connect.h"
#include "io/protocol.h"
#include "os/memory.h"

struct host_connector {
    struct connector connector;
    struct eddy_transport *t;
    struct task *task;
    struct watch watch;              /* of the task's end */
    bool stopped;                    /* it was asked to end */
    int port;
    eddy_connection_options options;
    int error;                       /* why there is no connection */
    char *words;                     /* the sentence for it; NULL: none */
    const char *host;                /* the names lie after this struct */
};

eddy_async(void, reach, (struct host_connector *, c))
{
    struct host_name peer;
    eddy_error err;
    int fd = eddy_await(connect_to_host("eddy_transport_connect_host", c->host, c->port, &c->options, &peer), &err);
    if (err.code) {
        c->error = err.code;
        c->words = memory_copy_string(err.message);
        return;
    }
    c->t->fd = fd;
}

/* A task that could not run has not set anything. */
static void report(struct host_connector *c)
{
    struct eddy_transport *t = c->t;
    if (t->fd >= 0 && !t->closing) {
        protocol_begin_later(t);
        return;
    }
    if (!t->closing)
        protocol_fail(t, c->error ? c->error : ENOMEM, c->words);
    protocol_break_off(t, 0);
}

static void task_has_ended(struct watch *watch)
{
    struct host_connector *c = container_of(watch, struct host_connector, watch);
    c->t->connector = NULL;
    report(c);
    memory_free(c->words);
    memory_free(c);
}

static void stop_connecting(struct connector *connector)
{
    struct host_connector *c = container_of(connector, struct host_connector, connector);
    if (c->stopped)
        return;
    c->stopped = true;
    task_cancel(c->task, "the transport closes");
}

static bool start(struct host_connector *c)
{
    static const struct eddy_site site = {NULL, "eddy_transport_connect_host", 0};
    struct reach coroutine = reach(c);
    c->task = task_spawn_into(NULL, &coroutine, sizeof coroutine, &site);
    if (!c->task)
        return false;
    watch_add(&c->task->watches, &c->watch, task_has_ended);
    task_give_up_handle(c->task);
    return true;
}

/* Copies of the names stand after the struct. NULL: no memory. */
static struct host_connector *new_connector(const char *host, int port, const eddy_connection_options *options)
{
    eddy_connection_options all = {.size = sizeof all};
    if (options)
        memcpy(&all, options, options->size);
    size_t size = strlen(host) + 1, local = all.local_host ? strlen(all.local_host) + 1 : 0;
    struct host_connector *c = memory_alloc_zeroed(sizeof *c + size + local);
    if (!c)
        return NULL;
    char *names = (char *)(c + 1);
    c->host = memcpy(names, host, size);
    if (local)
        all.local_host = memcpy(names + size, all.local_host, local);
    c->connector.stop = stop_connecting;
    c->port = port;
    c->options = all;
    return c;
}

static int begin(struct eddy_transport **transport, struct host_connector *c, const struct eddy_protocol *protocol,
                 void *argument)
{
    struct eddy_transport *t = c->t = protocol_transport(current.loop, -1, protocol, argument);
    if (!t)
        return ENOMEM;
    t->stage = CONNECTING;
    if (!start(c)) {
        protocol_drop(t);
        return ENOMEM;
    }
    t->connector = &c->connector;
    if (transport)
        *transport = t;
    return 0;
}

int eddy_transport_connect_host(struct eddy_transport **transport, const char *host, int port,
                                const eddy_connection_options *options, const struct eddy_protocol *protocol,
                                void *argument)
{
    int error = protocol_refusal(current.loop, "eddy_transport_connect_host");
    if (error || port < 1 || port > 65535 || !connection_options_fit(options))
        return error ? error : EINVAL;
    struct host_connector *c = new_connector(host ? host : "", port, options);
    error = c ? begin(transport, c, protocol, argument) : ENOMEM;
    if (error)
        memory_free(c);
    return error;
}
