/* SPDX-License-Identifier: MIT */
/*
 * remote.c - see remote.h.
 *
 * A caller subscribes to the subject of its result before it stores the job, and looks into the stream of results now
 * and then: a result that came while the connection was lost is found there.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "remote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { SUBJECT = 300, PATIENCE = 30 }; /* PATIENCE: seconds in which a job must have been stored */
#define LOOK 2.0                       /* seconds between two looks into the stream of results */

const char *remote_url(void)
{
    const char *url = getenv("EDDY_JOBS");
    return url && *url ? url : NULL;
}

/* ==== connecting ==== */

static void close_unless_ready(eddy_nats **n)
{
    eddy_nats_free(*n);
}

eddy_async(void, create_streams, (eddy_nats *, n))
{
    const eddy_nats_stream_options streams[] = {
        {.size = sizeof streams[0], .name = JOBS, .subjects = {"eddy.jobs.>"}, .retention = EDDY_NATS_WORK_QUEUE,
         .duplicate_window = 3600},
        {.size = sizeof streams[0], .name = RESULTS, .subjects = {"eddy.results.>"}, .max_age = 600},
        {.size = sizeof streams[0], .name = KEPT, .subjects = {"eddy.kept.>"}, .max_age = 86400, .max_per_subject = 1},
        {.size = sizeof streams[0], .name = DEAD, .subjects = {"eddy.dead.>"}},
    };
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        eddy_await(eddy_nats_stream_create(n, &streams[i]));
}

eddy_async_define(eddy_nats *, remote_connect, (const char *, name))
{
    eddy_nats_options options = {.size = sizeof options, .name = name};
    eddy_nats *n = eddy_await(eddy_nats_open(remote_url(), &options)), *ready = n;
    eddy_defer(close_unless_ready, &n);
    eddy_await(create_streams(n));
    n = NULL;
    return ready;
}

eddy_async_free(remote_connect, eddy_nats_free);

/* The client of one loop. */
struct caller {
    eddy_nats *client;      /* NULL: not connected yet */
    eddy_lock connecting;
    char name[33];          /* what the ids of its jobs begin with */
    unsigned long long last; /* job */
};

static void end_caller(void *argument)
{
    struct caller *c = argument;
    eddy_nats_free(c->client);
    free(c);
}

static struct caller *this_loop(void)
{
    static const char key;
    unsigned char random[16];
    void **slot = eddy_loop_slot(&key);
    if (!slot || *slot)
        return slot ? *slot : NULL;
    struct caller *c = calloc(1, sizeof *c);
    if (!c || getrandom(random, sizeof random, 0) != sizeof random || eddy_at_loop_end(end_caller, c) != 0) {
        free(c);
        return NULL;
    }
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(c->name + 2 * i, 3, "%02x", random[i]);
    *slot = c;
    return c;
}

eddy_async(struct caller *, caller_of_loop)
{
    struct caller *c = this_loop();
    if (!c)
        eddy_raise(ENOMEM, "EDDY_JOBS=%s: there is no memory for a client", remote_url());
    if (c->client)
        return c;
    eddy_async_with (held, eddy_lock_hold(&c->connecting)) {
        (void)held;
        if (!c->client)
            c->client = eddy_await(remote_connect("eddy jobs"));
    }
    return c;
}

/* ==== one call ==== */

/* A job as it is sent. */
struct sent {
    struct caller *caller;
    struct eddy_remote_function *f;
    const char *key;
    const struct eddy_wire *args;
    char id[64];
    char unique[160];       /* a job with it that is stored already is not stored again */
    char result[SUBJECT];   /* subject of the result */
    char job[SUBJECT];      /* and of the job */
    uint64_t sequence;      /* of the job in its stream; 0: not stored */
};

static void digest(const char *text, char to[33])
{
    uint64_t a = 0xcbf29ce484222325, b = 0x84222325cbf29ce4;
    for (; *text; text++) {
        a = (a ^ (unsigned char)*text) * 0x100000001b3;
        b = (b ^ (unsigned char)*text) * 0x100000001b3 + 0x9e3779b97f4a7c15;
    }
    snprintf(to, 33, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
}

static void name_job(struct sent *s)
{
    char of_key[33];
    snprintf(s->id, sizeof s->id, "%s-%llu", s->caller->name, ++s->caller->last);
    snprintf(s->job, sizeof s->job, "eddy.jobs.%.200s.%s", s->f->name, function_signature(s->f));
    if (s->key) {
        digest(s->key, of_key);
        snprintf(s->result, sizeof s->result, "eddy.kept.%.200s.%s", s->f->name, of_key);
    } else {
        snprintf(s->result, sizeof s->result, "eddy.results.%s", s->id);
    }
    snprintf(s->unique, sizeof s->unique, "%s", s->id);
}

static void free_message(eddy_nats_message **m)
{
    eddy_nats_message_free(*m);
}

/* The result, or the error, that a message holds. */
eddy_async(void, take_result, (struct sent *, s), (const eddy_nats_message *, m), (struct eddy_wire *, result))
{
    const char *code = eddy_nats_header_of(m, "Eddy-Error"), *worker = eddy_nats_header_of(m, "Eddy-Worker");
    if (code)
        eddy_raise(atoi(code) > 0 ? atoi(code) : EBADMSG, "%s, on worker %s: %.*s", s->f->name, worker ? worker : "?",
                   m->data.size < 1500 ? (int)m->data.size : 1500, m->data.data);
    result->data = malloc(m->data.size + 1);
    if (!result->data)
        eddy_raise(ENOMEM, "%s: there is no memory for the result", s->f->name);
    memcpy(result->data, m->data.data, m->data.size);
    result->size = m->data.size;
}

bool remote_is_over(const eddy_nats_message *result)
{
    const char *until = eddy_nats_header_of(result, "Eddy-Until");
    return eddy_nats_header_of(result, "Eddy-Error") || (until && strtod(until, NULL) <= (double)time(NULL));
}

/* Looks for a result of the key. One that is over is removed, and the job runs again. True: there is one. */
eddy_async(bool, find_kept, (struct sent *, s), (struct eddy_wire *, result))
{
    char of_key[33];
    eddy_nats *n = s->caller->client;
    eddy_nats_message *m = eddy_await(eddy_nats_stream_last(n, KEPT, s->result));
    eddy_defer(free_message, &m);
    bool is_over = m && remote_is_over(m);
    if (m && !is_over)
        eddy_await(take_result(s, m, result));
    if (is_over)
        eddy_await(eddy_nats_stream_remove(n, KEPT, m->revision));
    digest(s->result, of_key);
    snprintf(s->unique, sizeof s->unique, "%s-%llu", of_key, is_over ? (unsigned long long)m->revision : 0);
    return m && !is_over;
}

/* It may be tried again, since a second job of the same id is dropped. */
static bool is_passing(int code)
{
    return code == ECONNRESET || code == EHOSTUNREACH || code == EIO;
}

eddy_async(void, store_job, (struct sent *, s))
{
    eddy_error err;
    eddy_nats_header headers[] = {{"Eddy-Id", s->id}, {"Eddy-Result", s->result}};
    eddy_nats_outgoing message = {.subject = s->job, .id = s->unique, .headers = headers, .header_count = 2,
                                  .data = {(const char *)s->args->data, s->args->size}};
    for (double until = eddy_time() + PATIENCE;;) {
        eddy_nats_stored stored = eddy_await(eddy_nats_store(s->caller->client, &message), &err);
        s->sequence = stored.sequence;
        if (!err.code)
            return;
        if (err.code == EMSGSIZE)
            eddy_raise(EMSGSIZE, "%s: its arguments have %zu bytes, and the server takes %zu: pass the name of a file, "
                                 "or a part",
                       s->f->name, s->args->size, eddy_nats_message_limit(s->caller->client));
        if (!is_passing(err.code) || eddy_time() > until)
            eddy_reraise(&err);
        eddy_await(eddy_sleep(0.1));
    }
}

static void end_subscription(eddy_nats_subscription **s)
{
    eddy_nats_unsubscribe(*s);
}

eddy_async(eddy_nats_message *, wait_for_result, (struct sent *, s), (eddy_nats_subscription *, inbox))
{
    eddy_error err;
    for (;;) {
        eddy_nats_message *m = eddy_await_for(eddy_nats_receive(inbox), LOOK, &err);
        if (!err.code)
            return m;
        if (err.code != ETIMEDOUT)
            eddy_reraise(&err);
        m = eddy_await(eddy_nats_stream_last(s->caller->client, s->key ? KEPT : RESULTS, s->result), &err);
        if (!err.code && m)
            return m;
        if (err.code && !is_passing(err.code))
            eddy_reraise(&err);
    }
}

eddy_async_free(wait_for_result, eddy_nats_message_free);

eddy_async(void, send_and_wait, (struct sent *, s), (struct eddy_wire *, result))
{
    eddy_nats_subscription *inbox = eddy_await(eddy_nats_subscribe(s->caller->client, s->result));
    eddy_defer(end_subscription, &inbox);
    eddy_await(store_job(s));
    eddy_nats_message *m = eddy_await(wait_for_result(s, inbox));
    eddy_defer(free_message, &m);
    eddy_await(take_result(s, m, result));
}

/* A job that waits is taken out of its stream; one that runs is told. That of a key may be another caller's, too. */
eddy_async(void, withdraw, (struct sent *, s))
{
    char text[64], subject[SUBJECT];
    if (s->key || !s->caller->client)
        return;
    snprintf(text, sizeof text, "{\"seq\":%llu,\"no_erase\":true}", (unsigned long long)s->sequence);
    snprintf(subject, sizeof subject, "eddy.cancel.%s", s->id);
    if (s->sequence)
        eddy_await(eddy_nats_publish(s->caller->client, "$JS.API.STREAM.MSG.DELETE." JOBS, text));
    eddy_await(eddy_nats_publish(s->caller->client, subject, ""));
}

eddy_async_define(void, remote_run, (struct eddy_remote_function *, f), (const char *, key),
                  (const struct eddy_wire *, args), (struct eddy_wire *, result))
{
    eddy_error err, late;
    struct sent s = {.caller = eddy_await(caller_of_loop()), .f = f, .key = key, .args = args};
    name_job(&s);
    if (key && eddy_await(find_kept(&s, result)))
        return;
    eddy_await_always(send_and_wait(&s, result), &err);
    if (err.code == ECANCELED && s.sequence)
        eddy_await_always(withdraw(&s), &late);
    if (err.code)
        eddy_reraise(&err);
}
