/* SPDX-License-Identifier: MIT */
/*
 * remote.c - see remote.h.
 *
 * A caller subscribes to the subject of its result before it stores the job, and looks into the stream of results now
 * and then: a result that came while the connection was lost is found there.
 *
 * A key has one subject for its jobs and one for its results. A job is stored only if none of its key is queued or
 * runs; it names the result after which it comes, which its own result replaces. So a key runs at most once at a time,
 * all who ask meanwhile get what comes of that try, and the result of an earlier try is no answer to a later one.
 *
 * In a cluster, a server that was cut off answers for some seconds as if nothing had come since then, and a new leader
 * may not have all messages yet. So "there is no such message" counts only after it was said for PATIENCE. Then the
 * servers have lost what they had acknowledged, and the job is stored again in another message, since they may take a
 * second one of the same id for a duplicate. It keeps its own id and the subject of its result: if the first message
 * turns up, one of the two results is refused.
 *
 * Invariant: no wait for the servers is longer than patience() before the job is stored, and than the time for which
 * results are kept after that. So every caller gets a result or an error, also without a server.
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

#include "../../src/cli/sha256.h"

enum { SUBJECT = 320 };
enum { PATIENCE = 30 };                /* seconds in which a job must have been stored */
enum { ELECTION = 90 };                /* the same on a cluster */
enum { SILENCE = 5 };                  /* seconds after which a silent server is asked; twice that, and it is left */
enum { ANSWER = 4 };                   /* seconds for one request: a cluster without a leader drops it */
enum { RESULTS_AGE = 600 };            /* seconds for which results are kept, unless EDDY_JOBS_RESULTS says otherwise */
#define LOOK 2.0                       /* seconds until the first look into the stream of results */
#define MOST_LOOK 64.0                 /* seconds between two looks, unless the connection was lost */

const char *remote_url(void)
{
    const char *url = getenv("EDDY_JOBS");
    return url && *url ? url : NULL;
}

double remote_setting(const char *name, double usual)
{
    const char *text = getenv(name);
    double value = text ? strtod(text, NULL) : 0;
    return value > 0 ? value : usual;
}

size_t remote_count(const char *name, size_t usual)
{
    double value = remote_setting(name, 0);
    if (!(value > 0))
        return usual;
    return value < 1 ? 1 : value > REMOTE_MOST ? REMOTE_MOST : (size_t)value;
}

static double results_age(void)
{
    return remote_setting("EDDY_JOBS_RESULTS", RESULTS_AGE);
}

/* ==== connecting ==== */

static void close_unless_ready(eddy_nats **n)
{
    eddy_nats_free(*n);
}

/* Three, if EDDY_JOBS names as many servers: then the jobs outlive one of them. */
static int replicas(void)
{
    int servers = 1;
    for (const char *at = remote_url(); (at = strchr(at, ',')); at++)
        servers++;
    return (int)remote_count("EDDY_JOBS_REPLICAS", servers >= 3 ? 3 : 1);
}

/* Seconds in which a job must have been stored. When a host is cut off, nats-server 2.9 needs up to half a minute until
 * each stream has a leader again, and more if the next one is lost then. */
static int patience(void)
{
    return replicas() > 1 ? ELECTION : PATIENCE;
}

/* What a limit of `asked` messages can be now. nats-server deletes the oldest of those above a new limit, also of those
 * that come while it is asked: so a limit that is set or lowered leaves room for as many as are stored. */
static uint64_t safe_limit(uint64_t asked, uint64_t now, uint64_t stored)
{
    uint64_t limit = asked > 2 * stored ? asked : 2 * stored;
    if (now && asked >= now)
        return asked;
    return now && now < limit ? now : limit;
}

/* The limit of a stream with jobs: as the environment says it, or as it is. True: it is to be changed. */
static bool limit_queue(eddy_nats_stream_options *options, const char *json)
{
    uint64_t now = 0, stored = 0, asked = options->max_messages;
    bool is_set = asked > 0, refuses = strstr(json, "\"discard\":\"new\"");
    eddy_nats_json_number(json, "config.max_msgs", &now); /* -1: no limit */
    eddy_nats_json_number(json, "state.messages", &stored);
    options->max_messages = is_set ? safe_limit(asked, now, stored) : now;
    options->discard_new = is_set || refuses;
    return is_set && (options->max_messages != now || !refuses);
}

/* What is said about a stream that exists, unless the environment says otherwise. True: it is to be changed. */
static bool keep_as_it_is(eddy_nats_stream_options *options, const char *json)
{
    bool has_replicas = getenv("EDDY_JOBS_REPLICAS");
    bool has_age = getenv("EDDY_JOBS_RESULTS") && strcmp(options->name, RESULTS) == 0;
    bool has_queue = limit_queue(options, json);
    uint64_t replicas = 0, age = 0;
    eddy_nats_json_number(json, "config.num_replicas", &replicas);
    eddy_nats_json_number(json, "config.max_age", &age);
    if (!has_replicas)
        options->replicas = (int)replicas;
    if (!has_age)
        options->max_age = (double)age / 1e9;
    return has_replicas || has_age || has_queue;
}

/* A stream that exists stays as it is, but for what the environment asks for. */
eddy_async(void, create_stream, (eddy_nats *, n), (eddy_nats_stream_options *, options))
{
    char name[64];
    eddy_error err;
    snprintf(name, sizeof name, "STREAM.INFO.%s", options->name);
    eddy_nats_message *info = eddy_await(eddy_nats_api(n, name, ""), &err);
    if (err.code && err.code != ENOENT)
        eddy_reraise(&err);
    bool is_to_change = err.code || keep_as_it_is(options, info->data.data);
    if (!err.code)
        eddy_nats_message_free(info);
    if (is_to_change)
        eddy_await(eddy_nats_stream_create(n, options));
}

bool remote_is_passing(int code)
{
    return code == ECONNRESET || code == EHOSTUNREACH || code == EIO || code == ETIMEDOUT;
}

eddy_async(void, create_streams, (eddy_nats *, n))
{
    int copies = replicas();
    uint64_t queue = remote_count("EDDY_JOBS_QUEUE", 0);
    eddy_nats_stream_options streams[] = {
        {.size = sizeof streams[0], .name = JOBS, .subjects = {"eddy.jobs.>"}, .retention = EDDY_NATS_WORK_QUEUE,
         .duplicate_window = 3600, .replicas = copies, .max_messages = queue, .discard_new = queue > 0},
        {.size = sizeof streams[0], .name = LATER, .subjects = {"eddy.later.>"}, .retention = EDDY_NATS_WORK_QUEUE,
         .duplicate_window = 3600, .replicas = copies, .max_messages = queue, .discard_new = queue > 0},
        {.size = sizeof streams[0], .name = RESULTS, .subjects = {"eddy.results.>"}, .max_age = results_age(),
         .replicas = copies},
        {.size = sizeof streams[0], .name = KEPT, .subjects = {"eddy.kept.>"}, .max_age = 86400, .max_per_subject = 1,
         .replicas = copies},
        {.size = sizeof streams[0], .name = DEAD, .subjects = {"eddy.dead.>"}, .replicas = copies},
    };
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        eddy_await(create_stream(n, &streams[i]));
}

/* A server that has just begun may refuse it for a while, and a cluster without a leader does not answer. */
eddy_async(void, create_streams_surely, (eddy_nats *, n))
{
    eddy_error err;
    for (double until = eddy_time() + patience();;) {
        eddy_await_for(create_streams(n), ANSWER, &err);
        if (!err.code)
            return;
        bool may_pass = remote_is_passing(err.code) || err.code == EINVAL || err.code == ENOSPC;
        if (!may_pass || eddy_time() > until)
            eddy_reraise(&err);
        eddy_await(eddy_sleep(0.1));
    }
}

eddy_async_define(eddy_nats *, remote_connect, (const char *, name))
{
    eddy_nats_options options = {.size = sizeof options, .name = name, .ping_seconds = SILENCE,
                                 .connect_seconds = SILENCE};
    eddy_nats *n = eddy_await(eddy_nats_open(remote_url(), &options)), *ready = n;
    eddy_defer(close_unless_ready, &n);
    eddy_await(create_streams_surely(n));
    n = NULL;
    return ready;
}

eddy_async_free(remote_connect, eddy_nats_free);

/* The client of one loop. */
struct caller {
    eddy_nats *client;      /* NULL: not connected yet */
    eddy_lock connecting;
    unsigned failures;      /* attempts to connect that failed */
    int failure;            /* of the last one, an errno value */
    char why[200];
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

/* A failure is also that of all who waited meanwhile. */
eddy_async(void, connect_caller, (struct caller *, c))
{
    eddy_error err;
    c->client = eddy_await(remote_connect("eddy jobs"), &err);
    if (!err.code)
        return;
    c->client = NULL;
    c->failures++;
    c->failure = err.code;
    snprintf(c->why, sizeof c->why, "%s", err.message);
    eddy_reraise(&err);
}

eddy_async(void, connect_in_turn, (struct caller *, c))
{
    unsigned failures = c->failures;
    eddy_async_with (held, eddy_lock_hold(&c->connecting)) {
        (void)held;
        if (!c->client && c->failures != failures)
            eddy_raise(c->failure, "%s", c->why);
        if (!c->client)
            eddy_await(connect_caller(c));
    }
}

eddy_async(struct caller *, caller_of_loop)
{
    eddy_error err;
    struct caller *c = this_loop();
    if (!c)
        eddy_raise(ENOMEM, "EDDY_JOBS=%s: there is no memory for a client", remote_url());
    if (c->client)
        return c;
    eddy_await_for(connect_in_turn(c), patience(), &err);
    if (err.code == ETIMEDOUT)
        eddy_raise(EHOSTUNREACH, "EDDY_JOBS: no server has answered in time");
    if (err.code)
        eddy_reraise(&err);
    return c;
}

/* ==== one call ==== */

/* A job as it is sent. */
struct sent {
    struct caller *caller;
    const struct job_asked *job;
    const char *key;
    char id[64];
    char message[80];       /* id of the message that holds it: the job's, until it has to be stored again */
    char result[SUBJECT];   /* subject of the result */
    char subject[SUBJECT];  /* of the job */
    char later[SUBJECT];    /* of the job as long as it may not begin; "": it may */
    char due[32];           /* when it may begin, in seconds since 1970 */
    bool is_sent;           /* it may be stored */
    bool is_alone;          /* no other job has its subject: it has a key, or a delay */
    uint64_t sequence;      /* of the job in its stream; 0: not stored, or another caller of the key has stored it */
    uint64_t after;         /* of a key: revision of the result of the last try; 0: there is none */
    double known_at;        /* when it was stored, or seen in its stream for the last time, by eddy_time() */
    double missing_since;   /* neither the job nor a result has been found since then, by eddy_time(); 0: one was */
    bool is_gone;           /* neither exists */
    bool is_lost;           /* the number of its message is that of another one, or of none yet */
    int copies;             /* how often it was stored again */
    uint64_t servers;       /* that hold the stream of jobs */
};

const char *remote_priority_name(int priority)
{
    return priority < 0 ? "low" : priority > 0 ? "high" : "normal";
}

static void name_job_alone(struct sent *s, const char *alone)
{
    struct eddy_remote_function *f = s->job->f;
    const char *sign = function_signature(f), *priority = remote_priority_name(s->job->options.priority);
    snprintf(s->subject, sizeof s->subject, "eddy.jobs.%.200s.%s.%s.%s", f->name, sign, priority, alone);
    if (!(s->job->options.delay > 0))
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(s->due, sizeof s->due, "%.3f", (double)now.tv_sec + (double)now.tv_nsec / 1e9 + s->job->options.delay);
    snprintf(s->later, sizeof s->later, "eddy.later.%.200s.%s.%s.%s", f->name, sign, priority, alone);
}

static void name_message(struct sent *s)
{
    if (s->copies)
        snprintf(s->message, sizeof s->message, "%s-again-%d", s->id, s->copies);
    else
        snprintf(s->message, sizeof s->message, "%s", s->id);
}

static void name_job(struct sent *s)
{
    char of_key[65];
    struct sha256 hash;
    const char *name = s->job->f->name;
    snprintf(s->id, sizeof s->id, "%s-%llu", s->caller->name, ++s->caller->last);
    if (s->key) {
        sha256_start(&hash);
        sha256_add_string(&hash, name);
        sha256_add_string(&hash, s->key);
        sha256_finish(&hash, of_key);
        snprintf(s->result, sizeof s->result, "eddy.kept.%.200s.%s", name, of_key);
    } else {
        snprintf(s->result, sizeof s->result, "eddy.results.%s", s->id);
    }
    name_message(s);
    s->is_alone = s->key || s->job->options.delay > 0;
    name_job_alone(s, s->key ? of_key : s->is_alone ? s->id : "-");
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
        eddy_raise(atoi(code) > 0 ? atoi(code) : EBADMSG, "%s, on worker %s: %.*s", s->job->f->name,
                   worker ? worker : "?", m->data.size < 1500 ? (int)m->data.size : 1500, m->data.data);
    result->data = malloc(m->data.size + 1);
    if (!result->data)
        eddy_raise(ENOMEM, "%s: there is no memory for the result", s->job->f->name);
    memcpy(result->data, m->data.data, m->data.size);
    result->size = m->data.size;
}

uint64_t remote_after(const eddy_nats_message *m)
{
    const char *after = eddy_nats_header_of(m, "Eddy-After");
    return after ? strtoull(after, NULL, 10) : 0;
}

/* A failure, or a result whose time is over: so the job may run again. */
static bool is_over(const eddy_nats_message *result)
{
    const char *until = eddy_nats_header_of(result, "Eddy-Until");
    return eddy_nats_header_of(result, "Eddy-Error") || (until && strtod(until, NULL) <= (double)time(NULL));
}

/* Looks for a result of the key. True: there is one. One that is over stays until that of the next try replaces it. */
eddy_async(bool, find_kept, (struct sent *, s), (struct eddy_wire *, result))
{
    eddy_nats *n = s->caller->client;
    eddy_nats_message *m = eddy_await(eddy_nats_stream_last(n, KEPT, s->result));
    eddy_defer(free_message, &m);
    s->after = m ? m->revision : 0;
    if (!m || is_over(m))
        return false;
    eddy_await(take_result(s, m, result));
    return true;
}

eddy_async(bool, find_kept_in_time, (struct sent *, s), (struct eddy_wire *, result))
{
    eddy_error err;
    bool found = eddy_await_for(find_kept(s, result), patience(), &err);
    if (err.code == ETIMEDOUT)
        eddy_raise(EHOSTUNREACH, "%s: no server has answered for %d seconds", s->job->f->name, patience());
    if (err.code)
        eddy_reraise(&err);
    return found;
}

/* Why a job was not stored. */
eddy_async(void, say_why_not, (struct sent *, s), (eddy_error *, err))
{
    const char *name = s->job->f->name;
    if (err->code == EMSGSIZE)
        eddy_raise(EMSGSIZE, "%s: its arguments have %zu bytes, and the server takes %zu: pass the name of a file, or "
                             "a part",
                   name, s->job->args->size, eddy_nats_message_limit(s->caller->client));
    if (err->code == ENOSPC && strstr(err->message, "maximum messages"))
        eddy_raise(ENOSPC, REMOTE_FULL, name, err->message);
    if (err->code == ENOSPC)
        eddy_raise(ENOSPC, "%s: the server has no room for the job (%s): give it storage, or ask again later", name,
                   err->message);
    if (!remote_is_passing(err->code))
        eddy_reraise(err);
}

/* Headers of a job; returns how many. */
static size_t put_headers(const struct sent *s, eddy_nats_header headers[5], char after[24])
{
    snprintf(after, 24, "%llu", (unsigned long long)s->after);
    size_t count = remote_job_headers(headers, s->id, s->result, s->key ? after : NULL);
    if (*s->later)
        headers[count++] = (eddy_nats_header){"Eddy-Due", s->due};
    return count;
}

/* False: a job of its key is queued or runs. */
eddy_async(bool, store_job, (struct sent *, s))
{
    char after[24];
    eddy_error err;
    eddy_nats_header headers[5];
    eddy_nats_outgoing message = {.subject = *s->later ? s->later : s->subject, .id = s->message, .headers = headers,
                                  .data = {(const char *)s->job->args->data, s->job->args->size}};
    message.header_count = put_headers(s, headers, after);
    s->is_sent = true;
    s->known_at = eddy_time();
    for (;;) {
        eddy_nats_stored stored = eddy_await_for(eddy_nats_store(s->caller->client, &message), ANSWER, &err);
        s->sequence = stored.sequence;
        if (!err.code || (s->key && err.code == EEXIST))
            return !err.code;
        eddy_await(say_why_not(s, &err));
        eddy_await(eddy_sleep(0.1));
    }
}

eddy_async(bool, store_in_time, (struct sent *, s))
{
    eddy_error err;
    bool is_stored = eddy_await_for(store_job(s), patience(), &err);
    if (err.code == ETIMEDOUT)
        eddy_raise(EHOSTUNREACH, "%s: no server has taken the job in %d seconds", s->job->f->name, patience());
    if (err.code)
        eddy_reraise(&err);
    return is_stored;
}

/* The job that is alone with its subject, or the other one of its key, while it is queued or runs; NULL: there is none.
 * One that may begin is stored among the jobs before it leaves the other stream. */
eddy_async(eddy_nats_message *, find_job, (struct sent *, s))
{
    eddy_nats *n = s->caller->client;
    eddy_nats_message *m = *s->later ? eddy_await(eddy_nats_stream_last(n, LATER, s->later)) : NULL;
    return m ? m : eddy_await(eddy_nats_stream_last(n, JOBS, s->subject));
}

eddy_async_free(find_job, eddy_nats_message_free);

/* Stores the job, or leaves it to one of the same key. One whose result is known is waited for: its worker has yet to
 * say that it is done, or is lost, and then another worker says it. */
eddy_async(void, store_or_join, (struct sent *, s))
{
    eddy_error err;
    while (!eddy_await(store_in_time(s))) {
        eddy_nats_message *job = eddy_await_for(find_job(s), ANSWER, &err);
        if (err.code && !remote_is_passing(err.code))
            eddy_reraise(&err);
        bool joins = !err.code && job && remote_after(job) >= s->after;
        if (!err.code)
            eddy_nats_message_free(job);
        if (joins)
            return;
        eddy_await(eddy_sleep(0.05));
    }
}

static void end_subscription(eddy_nats_subscription **s)
{
    eddy_nats_unsubscribe(*s);
}

/* NULL: it is time to look into the stream, after `look` seconds, or soon after the connection was made again. */
eddy_async(eddy_nats_message *, receive_until_look, (struct sent *, s), (eddy_nats_subscription *, inbox),
           (double, look))
{
    eddy_error err;
    uint64_t reconnects = eddy_nats_reconnects(s->caller->client);
    for (double until = eddy_time() + look; eddy_time() < until;) {
        eddy_nats_message *m = eddy_await_for(eddy_nats_receive(inbox), LOOK, &err);
        if (!err.code && (!s->key || remote_after(m) >= s->after))
            return m;
        if (!err.code)
            eddy_nats_message_free(m); /* a lost worker ends an earlier try now */
        if (err.code && err.code != ETIMEDOUT)
            eddy_reraise(&err);
        if (eddy_nats_reconnects(s->caller->client) != reconnects)
            break;
    }
    return NULL;
}

eddy_async_free(receive_until_look, eddy_nats_message_free);

/* A result that has come meanwhile; NULL: none. */
eddy_async(eddy_nats_message *, receive_late, (eddy_nats_subscription *, inbox))
{
    eddy_error err;
    eddy_nats_message *m = eddy_await_for(eddy_nats_receive(inbox), 0.01, &err);
    if (err.code && err.code != ETIMEDOUT)
        eddy_reraise(&err);
    return err.code ? NULL : m;
}

eddy_async_free(receive_late, eddy_nats_message_free);

/* The result of this job; of a key, that of the try before is none. NULL: there is none yet. */
eddy_async(eddy_nats_message *, stored_result, (struct sent *, s))
{
    eddy_nats_message *m = eddy_await(eddy_nats_stream_last(s->caller->client, s->key ? KEPT : RESULTS, s->result));
    if (!m || !s->key || m->revision != s->after)
        return m;
    eddy_nats_message_free(m);
    return NULL;
}

eddy_async_free(stored_result, eddy_nats_message_free);

static bool is_mine(const struct sent *s, const eddy_nats_message *job)
{
    const char *id = eddy_nats_header_of(job, "Eddy-Id");
    return id && strcmp(id, s->id) == 0;
}

/* The job, or the other one of its key, while it is queued or runs. NULL: it is not there; a server that has lost it
 * gives its number to another job. */
eddy_async(eddy_nats_message *, find_queued, (struct sent *, s))
{
    if (s->is_alone)
        return eddy_await(find_job(s));
    eddy_nats_message *m = eddy_await(eddy_nats_stream_get(s->caller->client, JOBS, s->sequence));
    s->is_lost = m && !is_mine(s, m);
    if (!s->is_lost)
        return m;
    eddy_nats_message_free(m);
    return NULL;
}

eddy_async_free(find_queued, eddy_nats_message_free);

/* Neither the job nor a result was found. True: neither exists; false: perhaps this server does not know of it yet. */
eddy_async(bool, is_missing_surely, (struct sent *, s))
{
    uint64_t last = s->sequence;
    if (!(s->missing_since > 0))
        s->missing_since = eddy_time();
    eddy_nats_message *m = eddy_await(eddy_nats_api(s->caller->client, "STREAM.INFO." JOBS, ""));
    s->servers = 1;
    eddy_nats_json_number(m->data.data, "config.num_replicas", &s->servers);
    eddy_nats_json_number(m->data.data, "state.last_seq", &last);
    eddy_nats_message_free(m);
    s->is_lost |= !s->is_alone && last < s->sequence;
    return s->servers < 2 || eddy_time() - s->missing_since >= PATIENCE;
}

/* The job is looked for first: it leaves its stream after its result was stored. NULL: there is no result yet. */
eddy_async(eddy_nats_message *, look_for_result, (struct sent *, s), (eddy_nats_subscription *, inbox))
{
    double now = eddy_time();
    eddy_nats_message *job = eddy_await(find_queued(s));
    bool was_queued = job != NULL;
    eddy_nats_message_free(job);
    eddy_nats_message *m = eddy_await(stored_result(s));
    bool is_missing = !m && !was_queued && eddy_await(is_missing_surely(s));
    if (is_missing && !s->key)
        m = eddy_await(receive_late(inbox));
    if (m || was_queued)
        s->missing_since = 0;
    if (was_queued)
        s->known_at = now;
    s->is_gone = is_missing && !m;
    return m;
}

eddy_async_free(look_for_result, eddy_nats_message_free);

/* A single server loses nothing as long as it keeps its files: there, a job that is missing was deleted. A result that
 * was stored after known_at would still be kept, or else nobody knows whether the job has ended. */
static bool was_lost(const struct sent *s)
{
    return (s->servers >= 2 || s->is_lost) && eddy_time() - s->known_at < results_age();
}

/* Neither the job nor a result exists. The job of a key is stored again for any reason: it may have been deleted, or
 * the result before it was dropped as it ended. But not for ever: somebody may delete it again and again. */
eddy_async(void, queue_anew, (struct sent *, s))
{
    const char *name = s->job->f->name;
    if (!s->key && !was_lost(s))
        eddy_raise(ENODATA, "%s: the job has ended, and its result is gone: it was kept for %.0f seconds, and this "
                            "program had no connection for longer, or it was deleted",
                   name, results_age());
    if (s->copies >= function_tries(s->job->f))
        eddy_raise(ENODATA, "%s: the job was stored %d times, and each time the servers had neither the job nor a "
                            "result after that: they have lost it, or it is deleted again and again",
                   name, s->copies + 1);
    s->copies++;
    s->missing_since = 0;
    name_message(s);
    eddy_await(store_or_join(s));
}

static bool is_uncertain(const struct sent *s, double lost)
{
    return lost > 0 || s->missing_since > 0;
}

eddy_async(eddy_nats_message *, wait_for_result, (struct sent *, s), (eddy_nats_subscription *, inbox))
{
    eddy_error err;
    double lost = 0; /* since when no server answers; 0: one did */
    for (double look = LOOK;; look = is_uncertain(s, lost) ? LOOK : look < MOST_LOOK ? look * 2 : look) {
        eddy_nats_message *m = eddy_await(receive_until_look(s, inbox, look));
        if (m)
            return m;
        double begun = eddy_time();
        m = eddy_await_for(look_for_result(s, inbox), ANSWER, &err);
        if (!err.code && m)
            return m;
        if (!err.code && s->is_gone)
            eddy_await(queue_anew(s));
        lost = !err.code ? 0 : lost > 0 ? lost : begun;
        s->missing_since = lost > 0 ? 0 : s->missing_since;
        if (lost > 0 && remote_is_passing(err.code) && eddy_time() - lost >= results_age())
            eddy_raise(EHOSTUNREACH, "%s: no server could be reached for %.0f seconds; its result is not kept longer",
                       s->job->f->name, results_age());
        if (err.code && !remote_is_passing(err.code))
            eddy_reraise(&err);
    }
}

eddy_async_free(wait_for_result, eddy_nats_message_free);

eddy_async(void, send_and_wait, (struct sent *, s), (struct eddy_wire *, result))
{
    eddy_nats_subscription *inbox = eddy_await(eddy_nats_subscribe(s->caller->client, s->result));
    eddy_defer(end_subscription, &inbox);
    eddy_await(store_or_join(s));
    eddy_nats_message *m = eddy_await(wait_for_result(s, inbox));
    eddy_defer(free_message, &m);
    eddy_await(take_result(s, m, result));
}

/* A job that waits is taken out of its stream; never another one, that has got its number after a loss. */
eddy_async(void, ask_to_delete, (struct sent *, s), (const char *, stream), (uint64_t, sequence))
{
    char text[64], subject[64];
    eddy_nats_message *job = eddy_await_for(eddy_nats_stream_get(s->caller->client, stream, sequence), 1);
    eddy_defer(free_message, &job);
    if (!job || !is_mine(s, job))
        return;
    snprintf(subject, sizeof subject, "$JS.API.STREAM.MSG.DELETE.%s", stream);
    snprintf(text, sizeof text, "{\"seq\":%llu,\"no_erase\":true}", (unsigned long long)sequence);
    eddy_await_for(eddy_nats_publish(s->caller->client, subject, text), 1);
}

/* A job that was delayed may be in the other stream by now. Not by a purge of its subject: nats-server 2.9 then forgets
 * which other messages a consumer has given back. */
eddy_async(void, take_out, (struct sent *, s))
{
    eddy_await(ask_to_delete(s, *s->later ? LATER : JOBS, s->sequence));
    if (!*s->later)
        return;
    eddy_nats_message *job = eddy_await_for(eddy_nats_stream_last(s->caller->client, JOBS, s->subject), 1);
    eddy_defer(free_message, &job);
    if (job)
        eddy_await(ask_to_delete(s, JOBS, job->revision));
}

/* Of a job whose answer was not waited for. A stream looks for the id of a message first, and says the number of the
 * message that has it; another one would not be stored, since no message has the id "-". */
eddy_async(void, ask_for_number, (struct sent *, s))
{
    eddy_error err;
    eddy_nats_header never = {"Nats-Expected-Last-Msg-Id", "-"};
    eddy_nats_outgoing question = {.subject = *s->later ? s->later : s->subject, .id = s->message, .headers = &never,
                                   .header_count = 1};
    eddy_nats_stored stored = eddy_await_for(eddy_nats_store(s->caller->client, &question), 1, &err);
    s->sequence = err.code ? 0 : stored.sequence;
}

/* One that runs is told. That of a key may be another caller's, too. Without a server for long too much may be unsent:
 * then the job runs. */
eddy_async(void, withdraw, (struct sent *, s))
{
    char subject[SUBJECT];
    eddy_error err;
    if (s->key || !s->caller->client)
        return;
    if (!s->sequence)
        eddy_await(ask_for_number(s));
    if (s->sequence)
        eddy_await(take_out(s), &err); /* one that runs is told also if no server answers that */
    snprintf(subject, sizeof subject, "eddy.cancel.%s", s->id);
    eddy_await_for(eddy_nats_publish(s->caller->client, subject, ""), 1);
}

eddy_async_define(void, remote_run, (const struct job_asked *, job), (struct eddy_wire *, result))
{
    eddy_error err, late;
    struct sent s = {.caller = eddy_await(caller_of_loop()), .job = job, .key = job->options.key};
    name_job(&s);
    if (s.key && eddy_await(find_kept_in_time(&s, result)))
        return;
    eddy_await_always(send_and_wait(&s, result), &err);
    if (err.code == ECANCELED && s.is_sent)
        eddy_await_always(withdraw(&s), &late);
    if (err.code)
        eddy_reraise(&err);
}
