/* SPDX-License-Identifier: MIT */
/*
 * worker.c - runs the jobs of this program's functions.
 *
 * A job is acknowledged after its result was stored: if the worker is lost before that, the job runs again elsewhere.
 * The first result of a job counts: a later one is refused by the stream.
 *
 * Each function has a consumer for each priority. A job that was fetched waits for its turn, if its function has a
 * rate, and for a slot; those of a higher priority come first.
 *
 * Invariant: a message that was fetched has a lease until it is acknowledged or given back.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "later.h"
#include "lease.h"
#include "mend.h"
#include "places.h"
#include "remote.h"

enum { WAITERS = 4, STALL = 60, SLOTS = 64, TEXT = 2048, MOST_PENDING = 100000 };

struct worker {
    eddy_nats *client;
    struct places slots;
    size_t slot_count;
    struct running *first;
    bool is_ending;         /* jobs that run are cancelled, to be run elsewhere */
    char name[96];          /* HOST:PID */
};

/* What is done for one function. */
struct service {
    struct worker *worker;
    struct eddy_remote_function *f;
    eddy_group *jobs;
    struct pace pace;
};

/* Where jobs of one priority come from. */
struct source {
    struct service *service;
    int priority;
    eddy_nats_consumer *consumer;
};

/* A job that was fetched. */
struct running {
    struct running *next, **link;
    struct worker *worker;
    struct eddy_remote_function *f;
    eddy_nats_message *message;
    struct lease lease;
    eddy_task *task;         /* NULL: it does not run yet */
    const struct source *waits_from; /* where it came from, while it waits for a slot; else NULL */
    bool is_withdrawn;       /* by its caller */
    const char *id, *result; /* of its headers */
    uint64_t after;          /* of a key: its header Eddy-After */
    uint64_t expected;       /* the revision that its result replaces; 0: there is no result */
};

/* ==== results ==== */

/* Another attempt may succeed: after an error of the connection or the server, or when there is room again. */
static bool may_pass(int code)
{
    return remote_is_passing(code) || code == ENOSPC || code == ENOMEM || code == ECANCELED;
}

/* One attempt. Its error is looked at by store_result. */
eddy_async(void, try_to_store, (struct running *, job), (const eddy_nats_outgoing *, m), (eddy_error *, err))
{
    (void)eddy_await_for(eddy_nats_store(job->worker->client, m), lease_seconds(), err);
    if (err->code && err->code != EEXIST && err->code != EMSGSIZE && !job->worker->is_ending)
        eddy_await(eddy_sleep(0.1));
}

/* A result as it is sent. */
struct answer {
    eddy_nats_outgoing message;
    eddy_nats_header headers[5];
    char code[16], until[32], after[24], expected[24];
    char words[200];             /* instead of a result that is too large */
};

static void add_header(struct answer *a, const char *name, const char *value)
{
    a->headers[a->message.header_count++] = (eddy_nats_header){name, value};
}

static void answer_begin(struct answer *a, const struct running *job, eddy_slice data, int code)
{
    double keep = function_limits(job->f).keep;
    a->message = (eddy_nats_outgoing){.subject = job->result, .data = data, .headers = a->headers};
    snprintf(a->code, sizeof a->code, "%d", code);
    snprintf(a->until, sizeof a->until, "%.0f", (double)time(NULL) + keep);
    snprintf(a->after, sizeof a->after, "%llu", (unsigned long long)job->after);
    snprintf(a->expected, sizeof a->expected, "%llu", (unsigned long long)job->expected);
    add_header(a, "Nats-Expected-Last-Subject-Sequence", a->expected);
    add_header(a, "Eddy-Worker", job->worker->name);
    add_header(a, "Eddy-After", a->after);
    if (code)
        add_header(a, "Eddy-Error", a->code);
    else if (keep > 0)
        add_header(a, "Eddy-Until", a->until);
}

static void answer_is_too_large(struct answer *a, const struct running *job, size_t size)
{
    int used = snprintf(a->words, sizeof a->words,
                        "its result has %zu bytes, and the server takes %zu: return the name of a file, or a part",
                        size, eddy_nats_message_limit(job->worker->client));
    answer_begin(a, job, (eddy_slice){a->words, (size_t)used}, EMSGSIZE);
}

/* Stores a result; tries again while the job is this worker's, and once if the worker ends. True: it was stored, or
 * another one was before. False, and *refused, an errno value: it never will be. */
eddy_async(bool, store_result, (struct running *, job), (eddy_slice, data), (int, code), (int *, refused))
{
    struct answer a;
    eddy_error err = {0};
    bool is_short = false;
    answer_begin(&a, job, data, code);
    while (lease_is_held(&job->lease) && !(err.code && job->worker->is_ending)) {
        eddy_await(try_to_store(job, &a.message, &err));
        if (err.code == 0 || err.code == EEXIST)
            return true;
        if (!may_pass(err.code) && (err.code != EMSGSIZE || is_short)) {
            *refused = err.code;
            return false;
        }
        if (err.code == EMSGSIZE) {
            is_short = true;
            answer_is_too_large(&a, job, data.size);
        }
    }
    return false;
}

/* Into the dead letters, with all that is needed to run it again. False: no server took it, and it comes again. */
eddy_async(bool, bury, (struct running *, job), (const char *, reason))
{
    char subject[300];
    eddy_error err;
    snprintf(subject, sizeof subject, "eddy.dead.%.200s", job->f->name);
    eddy_nats_header headers[5] = {{"Eddy-Subject", job->message->subject}, {"Eddy-Id", job->id},
                                   {"Eddy-Result", job->result}, {"Eddy-Reason", reason}};
    eddy_nats_outgoing m = {.subject = subject, .data = job->message->data, .headers = headers, .header_count = 4,
                            .id = job->id};
    (void)eddy_await_for(eddy_nats_store(job->worker->client, &m), lease_seconds(), &err);
    if (err.code == EMSGSIZE) { /* the reason is one header more than the job had */
        m.data = (eddy_slice){"", 0};
        headers[m.header_count++] = (eddy_nats_header){"Eddy-Without", "arguments"};
        (void)eddy_await_for(eddy_nats_store(job->worker->client, &m), lease_seconds(), &err);
    }
    return !err.code || !may_pass(err.code);
}

eddy_async(void, finish, (struct running *, job), (eddy_slice, data), (int, code))
{
    char text[200];
    int refused = 0;
    if (eddy_await(store_result(job, data, code, &refused)))
        eddy_nats_ack(job->message);
    if (!refused)
        return;
    snprintf(text, sizeof text, "it ran, and the server refuses its result (%s)", eddy_error_name(refused));
    if (eddy_await(bury(job, text)))
        eddy_nats_terminate(job->message);
}

eddy_async(void, fail, (struct running *, job), (int, code), (const char *, text))
{
    eddy_slice data = {text, strlen(text)};
    eddy_await(finish(job, data, code));
}

eddy_async(void, give_up, (struct running *, job), (uint64_t, tries))
{
    char text[200];
    snprintf(text, sizeof text,
             "it was given up, since %llu %s lost while running it; the stream EDDY_DEAD keeps it",
             (unsigned long long)tries, tries == 1 ? "worker was" : "workers were");
    if (eddy_await(bury(job, text)))
        eddy_await(fail(job, EOWNERDEAD, text));
}

/* ==== jobs that are given back ==== */

/* Not for ever, if too much is unsent. */
eddy_async(void, mark, (struct running *, job), (const char *, subject))
{
    eddy_await_for(eddy_nats_publish(job->worker->client, subject, ""), 1);
}

/* To another worker, as this one ends. JetStream counts that as a delivery; a mark says that no worker was lost.
 * A job that is another worker's by now stays there. */
eddy_async(void, give_back, (struct running *, job))
{
    char subject[300];
    eddy_error err;
    if (!lease_is_held(&job->lease))
        return;
    uint64_t delivery = eddy_nats_delivery_of(job->message).deliveries;
    snprintf(subject, sizeof subject, BACK ".%.200s.%llu", job->id ? job->id : "-", (unsigned long long)delivery);
    eddy_await_always(mark(job, subject), &err);
    eddy_nats_nak(job->message, 0);
}

/* How often it was given back. */
eddy_async(uint64_t, count_given_back, (struct running *, job))
{
    static const char mark[] = "\"" BACK ".";
    char json[300];
    uint64_t count = 0;
    if (strpbrk(job->id, "\"\\"))
        return 0;
    snprintf(json, sizeof json, "{\"subjects_filter\":\"" BACK ".%.200s.*\"}", job->id);
    eddy_nats *n = job->worker->client;
    eddy_nats_message *m = eddy_await_for(eddy_nats_api(n, "STREAM.INFO." KEPT, json), lease_seconds());
    for (const char *at = m->data.data; (at = strstr(at, mark)); at += sizeof mark - 1)
        count++;
    eddy_nats_message_free(m);
    return count;
}

/* ==== one job ==== */

static void free_wire(struct eddy_wire *w)
{
    free(w->data);
}

eddy_async(void, run_body, (struct running *, job), (struct eddy_wire *, result))
{
    struct job_body body;
    double limit = function_limits(job->f).time_limit;
    int code = job_prepare(&body, job->f, job->message->data.data, job->message->data.size);
    eddy_defer(job_free, &body);
    if (code)
        eddy_raise(code, "%s: its arguments cannot be read", job->f->name);
    if (limit > 0)
        eddy_await_for(job_run(&body, result), limit);
    else
        eddy_await(job_run(&body, result));
}

eddy_async(void, run_and_tell, (struct running *, job))
{
    char text[TEXT];
    eddy_error err;
    struct eddy_wire result = {0};
    eddy_defer(free_wire, &result);
    lease_run(&job->lease);
    eddy_await_always(run_body(job, &result), &err);
    lease_ran(&job->lease);
    eddy_slice data = {(const char *)result.data, result.size};
    if (err.code == ECANCELED && job->worker->is_ending && !job->is_withdrawn) {
        eddy_await(give_back(job));
    } else if (err.code) {
        eddy_error_format(&err, text, sizeof text);
        eddy_await(fail(job, err.code, text));
    } else {
        eddy_await(finish(job, data, 0));
    }
}

/* A job of a key that has another result than the one after which it was asked for has run. */
eddy_async(bool, has_result, (struct running *, job))
{
    if (!remote_is_kept(job->result))
        return false;
    eddy_nats *n = job->worker->client;
    eddy_nats_message *m = eddy_await_for(eddy_nats_stream_last(n, KEPT, job->result), lease_seconds());
    bool has = m && m->revision != job->after;
    job->expected = m ? m->revision : 0; /* that one may be gone: no result is kept for ever */
    eddy_nats_message_free(m);
    return has;
}

static void end_job(struct running *job)
{
    *job->link = job->next;
    if (job->next)
        job->next->link = job->link;
    lease_end(&job->lease);
    eddy_nats_message_free(job->message);
    free(job);
}

/* What is to be done with a job; *lost: workers that were lost with it. */
enum fate { RUN, GIVE_UP, DONE };

eddy_async(enum fate, decide, (struct running *, job), (uint64_t *, lost))
{
    uint64_t tries = (uint64_t)function_tries(job->f);
    *lost = eddy_nats_delivery_of(job->message).deliveries - 1;
    if (*lost >= tries) {
        uint64_t back = eddy_await(count_given_back(job));
        *lost -= back < *lost ? back : *lost;
    }
    if (*lost >= tries)
        return GIVE_UP;
    return eddy_await(has_result(job)) ? DONE : RUN;
}

/* False: it is not a job of Eddy's, and this worker publishes nothing to where its result should go. */
static bool is_sound(const struct running *job)
{
    static const char kept[] = "eddy.kept.", results[] = "eddy.results.";
    const char *result = job->result;
    if (!job->id || !*job->id || !result || strlen(result) > 320 || strpbrk(result, "*>") || strstr(result, ".."))
        return false;
    for (const char *at = result; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 127)
            return false;
    return result[strlen(result) - 1] != '.' && strncmp(result, BACK ".", sizeof BACK) != 0 &&
           (strncmp(result, kept, sizeof kept - 1) == 0 || strncmp(result, results, sizeof results - 1) == 0);
}

eddy_async(void, run_job, (struct running *, job))
{
    eddy_error err;
    eddy_defer(places_leave, &job->worker->slots);
    eddy_defer(end_job, job);
    job->task = eddy_current_task();
    uint64_t lost;
    if (!lease_is_held(&job->lease)) /* it waited here for so long that it is another worker's */
        return;
    if (!is_sound(job) || job->is_withdrawn) {
        eddy_nats_terminate(job->message);
        return;
    }
    enum fate fate = eddy_await_always(decide(job, &lost), &err);
    if (err.code == ECANCELED && job->worker->is_ending)
        eddy_await_always(give_back(job), &err);
    else if (err.code) /* it comes again */
        return;
    else if (fate == GIVE_UP)
        eddy_await_always(give_up(job, lost), &err);
    else if (fate == DONE)
        eddy_nats_ack(job->message);
    else
        eddy_await_always(run_and_tell(job), &err);
}

/* It takes the message. NULL: no memory. */
static struct running *new_job(struct worker *w, struct eddy_remote_function *f, eddy_nats_message *m)
{
    struct running *job = calloc(1, sizeof *job);
    if (!job) {
        eddy_nats_nak(m, 1);
        eddy_nats_message_free(m);
        return NULL;
    }
    *job = (struct running){.next = w->first, .link = &w->first, .worker = w, .f = f, .message = m};
    job->id = eddy_nats_header_of(m, "Eddy-Id");
    job->result = eddy_nats_header_of(m, "Eddy-Result");
    job->after = job->expected = remote_after(m);
    eddy_job_limits limits = function_limits(f);
    job->lease.time_limit = limits.time_limit;
    job->lease.stall_limit = limits.stall_limit > 0 ? limits.stall_limit : STALL;
    snprintf(job->lease.ack, sizeof job->lease.ack, "%s", m->reply);
    if (job->next)
        job->next->link = &job->next;
    w->first = job;
    lease_begin(&job->lease);
    return job;
}

/* ==== fetching ==== */

eddy_async(void, fetch_one, (const struct source *, from))
{
    struct service *s = from->service;
    eddy_error late;
    struct running *job = new_job(s->worker, s->f, eddy_await(eddy_nats_next(from->consumer)));
    if (!job)
        return;
    job->waits_from = from;
    eddy_await(pace_enter(&s->pace, &s->worker->slots, from->priority));
    job->waits_from = NULL;
    if (eddy_group_spawn(s->jobs, run_job(job)) == 0)
        return;
    places_leave(&s->worker->slots);
    eddy_await_always(give_back(job), &late);
    end_job(job);
}

eddy_async(void, fetch_all, (const struct source *, from))
{
    for (;;)
        eddy_await(fetch_one(from));
}

static struct running *find_waiting(const struct source *from)
{
    struct running *job = from->service->worker->first;
    while (job && job->waits_from != from)
        job = job->next;
    return job;
}

/* After the consumer is gone: the server would send them to it again, and that would count as the loss of a worker. */
eddy_async(void, give_back_waiting, (const struct source *, from))
{
    eddy_error err;
    for (struct running *job; (job = find_waiting(from));) {
        eddy_await_always(give_back(job), &err);
        end_job(job);
    }
}

/* Jobs that wait for their turn are fetched one by one, so that another worker can have the next. */
eddy_async(void, fetch_until_failure, (const struct source *, from))
{
    eddy_async_with (waiters, eddy_task_group())
        for (int i = 0; i < (from->service->pace.rate > 0 ? 1 : WAITERS); i++)
            eddy_group_spawn(waiters, fetch_all(from));
}

/* Ends without an error when the consumer is gone, or a server that was cut off says so: it is created again. */
eddy_async(void, serve_once, (struct service *, s), (int, priority))
{
    char name[250], filter[300];
    eddy_error err, late;
    const char *sign = function_signature(s->f), *word = remote_priority_name(priority);
    int at_once = function_limits(s->f).at_once;
    snprintf(name, sizeof name, "%.200s-%s-%s", s->f->name, sign, word);
    snprintf(filter, sizeof filter, "eddy.jobs.%.200s.%s.%s.>", s->f->name, sign, word);
    eddy_nats_consumer_options options = {.size = sizeof options, .stream = JOBS, .name = name, .filter = filter,
                                          .ack_wait = lease_seconds(),
                                          .max_pending = at_once > 0 ? (uint64_t)at_once : MOST_PENDING};
    struct source from = {s, priority, NULL};
    from.consumer = eddy_await_for(eddy_nats_consume(s->worker->client, &options), lease_seconds());
    eddy_await_always(fetch_until_failure(&from), &err);
    eddy_nats_consumer_free(from.consumer);
    eddy_await_always(give_back_waiting(&from), &late);
    if (err.code && err.code != ENOENT)
        eddy_reraise(&err);
}

/* A server that goes away while the consumer is created is asked again. */
eddy_async(void, serve_priority, (struct service *, s), (int, priority))
{
    eddy_error err;
    for (;;) {
        eddy_await(serve_once(s, priority), &err);
        if (err.code && !remote_is_passing(err.code))
            eddy_reraise(&err);
        eddy_await(eddy_sleep(0.1));
    }
}

/* The consumer of normal jobs counts those of a function with at_once. What it had of other priorities before that is
 * run, too. */
eddy_async(void, serve_function, (struct worker *, w), (struct eddy_remote_function *, f), (eddy_group *, jobs))
{
    eddy_job_limits limits = function_limits(f);
    struct service s = {.worker = w, .f = f, .jobs = jobs, .pace = PACE_INIT(limits.rate)};
    eddy_async_with (priorities, eddy_task_group())
        for (int priority = EDDY_JOB_HIGH; priority >= EDDY_JOB_LOW; priority--)
            eddy_group_spawn(priorities, serve_priority(&s, priority));
}

/* ==== the rest ==== */

static void end_subscription(eddy_nats_subscription **s)
{
    eddy_nats_unsubscribe(*s);
}

eddy_async(void, obey_cancellations, (struct worker *, w))
{
    eddy_nats_subscription *s = eddy_await(eddy_nats_subscribe(w->client, "eddy.cancel.*"));
    eddy_defer(end_subscription, &s);
    eddy_async_for (m, eddy_nats_messages(s)) {
        const char *id = m->subject + sizeof "eddy.cancel." - 1;
        for (struct running *job = w->first; job; job = job->next)
            if (job->id && strcmp(job->id, id) == 0) {
                job->is_withdrawn = true;
                if (job->task)
                    (eddy_cancel)(job->task, "cancelled by the caller");
            }
    }
}

/* For `eddy jobs top`. */
eddy_async(void, tell_load, (struct worker *, w))
{
    char text[160];
    eddy_nats_subscription *s = eddy_await(eddy_nats_subscribe(w->client, REMOTE_WORKERS));
    eddy_defer(end_subscription, &s);
    eddy_async_for (m, eddy_nats_messages(s)) {
        snprintf(text, sizeof text, "%s %zu %zu", w->name, w->slot_count - w->slots.free, w->slot_count);
        if (*m->reply)
            eddy_await(eddy_nats_respond(m, text));
    }
}

eddy_async(void, turn)
{
    for (;;) {
        leases_turn();
        eddy_await(eddy_sleep(0.1));
    }
}

eddy_async(void, work, (struct worker *, w), (eddy_group *, jobs))
{
    struct eddy_remote_function *f;
    eddy_async_with (tasks, eddy_task_group()) {
        eddy_group_spawn(tasks, turn());
        eddy_group_spawn(tasks, obey_cancellations(w));
        eddy_group_spawn(tasks, tell_load(w));
        eddy_group_spawn(tasks, later_serve(w->client));
        eddy_group_spawn(tasks, consumers_mend(w->client));
        for (size_t i = 0; (f = function_at(i)); i++)
            eddy_group_spawn(tasks, serve_function(w, f, jobs));
    }
}

eddy_async(void, wait_for_signal)
{
    eddy_async_for (number, eddy_signals(SIGTERM, SIGINT)) {
        (void)number;
        break;
    }
}

/* Fails when no server has answered for the time of a lease: by then all jobs of this worker are others'. */
eddy_async(void, watch_server, (struct worker *, w))
{
    eddy_error err;
    for (;;) {
        eddy_await_for(eddy_nats_flush(w->client), lease_seconds(), &err);
        if (err.code == ETIMEDOUT)
            eddy_raise(EHOSTUNREACH, "eddy_worker: no server answers, so it ends before its jobs; other workers run "
                                     "them");
        eddy_await(eddy_sleep(0.5));
    }
}

eddy_async(void, turn_until_done, (struct worker *, w))
{
    eddy_error err;
    __auto_type watching = eddy_spawn(watch_server(w));
    while (w->first && !eddy_done(watching)) {
        leases_turn();
        eddy_await(eddy_sleep(0.05));
    }
    (eddy_cancel)(watching, NULL);
    eddy_await_always(watching, &err);
    if (w->first)
        eddy_reraise(&err);
}

static void end_jobs(struct worker *w)
{
    w->is_ending = true;
}

/* No more jobs are fetched after a signal; those that run are ended. */
eddy_async(void, work_until_signal, (struct worker *, w))
{
    eddy_error err, cancelled = {0};
    eddy_async_with (jobs, eddy_task_group()) {
        eddy_defer(end_jobs, w);
        __auto_type working = eddy_spawn(work(w, jobs));
        __auto_type signalled = eddy_spawn(wait_for_signal());
        eddy_task *both[] = {eddy_task_of(signalled), eddy_task_of(working)};
        eddy_await_always(eddy_wait(both, 2, EDDY_FIRST_COMPLETED), &cancelled); /* they end before this task does */
        bool has_failed = eddy_done(working);
        (eddy_cancel)(signalled, NULL);
        eddy_await_always(signalled, &err);
        (eddy_cancel)(working, NULL);
        eddy_await_always(working, &err);
        if (cancelled.code)
            eddy_reraise(&cancelled);
        if (has_failed && err.code)
            eddy_reraise(&err);
        eddy_await(turn_until_done(w));
    }
}

static void end_worker(struct worker *w)
{
    leases_stop();
    eddy_nats_free(w->client);
}

eddy_async_define(void, eddy_worker)
{
    char host[64] = "";
    size_t slots = remote_count("EDDY_JOBS_SLOTS", SLOTS);
    struct worker w = {.slots = PLACES_INIT(slots), .slot_count = slots};
    if (!remote_url())
        eddy_raise(EINVAL, "eddy_worker: EDDY_JOBS says from where jobs come: set it to nats://HOST");
    gethostname(host, sizeof host - 1);
    snprintf(w.name, sizeof w.name, "%s:%d", host, (int)getpid());
    w.client = eddy_await(remote_connect("eddy worker"));
    int code = leases_start(remote_url());
    if (code) {
        eddy_nats_free(w.client);
        eddy_raise(code, "eddy_worker: the thread of the leases");
    }
    eddy_defer(end_worker, &w);
    eddy_await(work_until_signal(&w));
}
