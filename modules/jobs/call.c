/* SPDX-License-Identifier: MIT */
/*
 * call.c - await(eddy_remote(f(x))), here or elsewhere.
 *
 * Invariant: arguments and result are written and read in each case, so that a job sees copies of its own, wherever it
 * runs, and a type that does not travel is found without a server.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"
#include "lease.h"
#include "luck.h"
#include "places.h"
#include "remote.h"

/* ==== results that are kept in this process, by key ==== */

struct kept {
    struct kept *next;
    const struct eddy_remote_function *function;
    char *key;
    struct eddy_wire result;
    double until;          /* in the time of eddy_time() */
    bool is_running;
    bool has_ended;        /* the last run, by itself: it was not cancelled */
    int code;              /* of its failure; 0: it has a result */
    char *why;             /* of its failure; NULL: there was no memory for it */
    size_t users;          /* calls that look at it */
    eddy_event ended;      /* the run */
};

/* What limits the jobs of a function. */
struct service {
    struct service *next;
    const struct eddy_remote_function *function;
    struct places places;    /* those of at_once */
    struct pace pace;
};

/* What one loop knows of its jobs. */
struct here {
    struct kept *first;
    struct service *services;
    struct places slots;     /* of EDDY_JOBS_SLOTS, for all functions together */
    size_t queue;          /* jobs in each of the next two, at most; 0: no limit */
    size_t count;          /* jobs that wait or run */
    size_t delayed;        /* jobs that may not begin yet */
    uint64_t drawn;        /* numbers of its luck, in the simulation */
};

static void free_kept(struct kept *k)
{
    free(k->key);
    free(k->why);
    free(k->result.data);
    free(k);
}

static void free_here(void *argument)
{
    struct here *here = argument;
    for (struct kept *k; (k = here->first);) {
        here->first = k->next;
        free_kept(k);
    }
    for (struct service *s; (s = here->services);) {
        here->services = s->next;
        free(s);
    }
    free(here);
}

static struct here *this_loop(void)
{
    static const char key;
    void **slot = eddy_loop_slot(&key);
    if (!slot || *slot)
        return slot ? *slot : NULL;
    struct here *here = calloc(1, sizeof *here);
    if (here && eddy_at_loop_end((void (*)(void *))free_here, here) != 0) {
        free(here);
        return NULL;
    }
    if (here) {
        here->slots = (struct places)PLACES_INIT(remote_count("EDDY_JOBS_SLOTS", REMOTE_MOST));
        here->queue = remote_count("EDDY_JOBS_QUEUE", 0);
    }
    *slot = here;
    return here;
}

/* Also drops what is too old. NULL: none. */
static struct kept *find_kept(struct here *here, const struct eddy_remote_function *f, const char *key)
{
    struct kept *found = NULL;
    for (struct kept **link = &here->first, *k; (k = *link);) {
        if (!k->is_running && !k->users && k->until <= eddy_time()) {
            *link = k->next;
            free_kept(k);
            continue;
        }
        if (k->function == f && strcmp(k->key, key) == 0)
            found = k;
        link = &k->next;
    }
    return found;
}

static struct kept *new_kept(struct here *here, const struct eddy_remote_function *f, const char *key)
{
    struct kept *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->key = strdup(key);
    if (!k->key) {
        free(k);
        return NULL;
    }
    k->function = f;
    k->next = here->first;
    here->first = k;
    return k;
}

/* ==== here ==== */

/* NULL: no memory. */
static struct service *service_of(struct here *here, const struct eddy_remote_function *f)
{
    eddy_job_limits limits = function_limits(f);
    struct service *s = here->services;
    while (s && s->function != f)
        s = s->next;
    if (s || !(s = malloc(sizeof *s)))
        return s;
    *s = (struct service){.next = here->services, .function = f, .pace = PACE_INIT(limits.rate),
                          .places = PLACES_INIT(limits.at_once > 0 ? (size_t)limits.at_once : REMOTE_MOST)};
    return here->services = s;
}

eddy_async(void, run_body, (struct eddy_remote_function *, f), (const struct eddy_wire *, args),
           (struct eddy_wire *, result))
{
    struct job_body job;
    int code = job_prepare(&job, f, args->data, args->size);
    eddy_defer(job_free, &job);
    if (code)
        eddy_raise(code, "%s: its arguments cannot be copied", f->name);
    double limit = function_limits(f).time_limit;
    if (limit > 0)
        eddy_await_for(job_run(&job, result), limit);
    else
        eddy_await(job_run(&job, result));
}

static void free_wire(struct eddy_wire *w)
{
    free(w->data);
}

/* As on a worker that dies: the job has its effects, but its result is lost, and the job is given to another worker. */
eddy_async(void, run_in_vain, (struct eddy_remote_function *, f), (const struct eddy_wire *, args), (double, seconds))
{
    eddy_error err;
    struct eddy_wire result = {0};
    eddy_defer(free_wire, &result);
    eddy_await_for(run_body(f, args, &result), seconds, &err);
    if (err.code == ECANCELED)
        eddy_reraise(&err);
    eddy_await(eddy_sleep(lease_seconds()));
}

/* In the simulation with a seed, jobs of this process fail as those of workers do: workers die, messages are lost. */
eddy_async(void, run_with_luck, (struct here *, here), (struct eddy_remote_function *, f),
           (const struct eddy_wire *, args), (struct eddy_wire *, result))
{
    int tries = function_tries(f);
    for (int lost = 0; lost < tries; lost++) {
        struct luck luck = luck_of_job(&here->drawn, lost, tries);
        if (luck.comes_after > 0)
            eddy_await(eddy_sleep(luck.comes_after));
        if (luck.dies_after < 0) {
            eddy_await(run_body(f, args, result));
            return;
        }
        eddy_await(run_in_vain(f, args, luck.dies_after));
    }
    eddy_raise(EOWNERDEAD, "%s: it was given up, since %d workers were lost while they ran it (in the simulation)",
               f->name, tries);
}

static void leave_queue(size_t *count)
{
    --*count;
}

static bool is_full(const struct here *here, size_t count)
{
    return here->queue && count >= here->queue;
}

/* One of the two counts. Until leave_queue. */
eddy_async(void, enter_queue, (struct here *, here), (size_t *, count), (const struct job_asked *, job))
{
    if (is_full(here, *count))
        eddy_raise(ENOSPC, REMOTE_FULL, job->f->name, "in this process");
    ++*count;
}

/* What its key has now; false: a job has to run for it. */
static bool has_result(struct here *here, const struct job_asked *job)
{
    const struct kept *k = job->options.key ? find_kept(here, job->f, job->options.key) : NULL;
    return k && k->until > eddy_time();
}

/* As on a server, one that is due and finds no room stays where it is. */
eddy_async(void, wait_until_due, (const struct job_asked *, job))
{
    struct here *here = this_loop();
    if (!here)
        eddy_raise(ENOMEM, "%s: a job", job->f->name);
    if (has_result(here, job))
        return;
    eddy_await(enter_queue(here, &here->delayed, job));
    eddy_defer(leave_queue, &here->delayed);
    eddy_await(eddy_sleep(job->options.delay));
    while (is_full(here, here->count))
        eddy_await(eddy_sleep(REMOTE_AGAIN));
}

/* In the order of a worker: a place of the function, its turn, a slot. */
eddy_async(void, run_in_turn, (struct here *, here), (struct service *, s), (const struct job_asked *, job),
           (struct eddy_wire *, result))
{
    eddy_await(places_enter(&s->places, job->options.priority));
    eddy_defer(places_leave, &s->places);
    eddy_await(pace_enter(&s->pace, &here->slots, job->options.priority));
    eddy_defer(places_leave, &here->slots);
    eddy_await(run_with_luck(here, job->f, job->args, result));
}

eddy_async(void, run_here, (const struct job_asked *, job), (struct eddy_wire *, result))
{
    struct here *here = this_loop();
    struct service *s = here ? service_of(here, job->f) : NULL;
    if (!s)
        eddy_raise(ENOMEM, "%s: a job", job->f->name);
    eddy_await(enter_queue(here, &here->count, job));
    eddy_defer(leave_queue, &here->count);
    eddy_await(run_in_turn(here, s, job, result));
}

static void end_run(struct kept *k)
{
    k->is_running = false;
    k->users--;
    eddy_event_set(&k->ended);
}

static void leave_kept(struct kept *k)
{
    k->users--;
}

static void begin_run(struct kept *k)
{
    free(k->why);
    k->why = NULL;
    k->is_running = true;
    k->has_ended = false;
    k->users++;
    k->until = 0;
    k->result.size = 0;
    k->result.failed = false;
    eddy_event_clear(&k->ended);
}

eddy_async(void, run_and_keep, (struct kept *, k), (const struct job_asked *, job))
{
    eddy_error err;
    double keep = function_limits(job->f).keep;
    begin_run(k);
    eddy_defer(end_run, k);
    eddy_await(run_here(job, &k->result), &err);
    k->has_ended = err.code != ECANCELED;
    k->code = err.code;
    k->until = err.code ? 0 : eddy_time() + (keep > 0 ? keep : 86400);
    if (err.code) {
        k->why = strdup(err.message);
        eddy_reraise(&err);
    }
}

/* Waits while another call runs it. True: that run has ended, and what came of it is for this call, too. */
eddy_async(bool, wait_for_run, (struct kept *, k))
{
    bool has_waited = k->is_running;
    while (k->is_running)
        eddy_await(eddy_event_wait(&k->ended));
    if (has_waited && k->has_ended && k->code)
        eddy_raise(k->code, "%s", k->why ? k->why : "");
    return has_waited && k->has_ended;
}

/* The result is a copy. Who comes while it runs waits for it, and runs it himself only if that run was cancelled. */
eddy_async(void, run_once, (const struct job_asked *, job), (struct eddy_wire *, result))
{
    struct here *here = this_loop();
    const struct eddy_remote_function *f = job->f;
    const char *key = job->options.key;
    struct kept *k = here ? find_kept(here, f, key) : NULL;
    if (!k && !(k = here ? new_kept(here, f, key) : NULL))
        eddy_raise(ENOMEM, "%s: the key \"%s\"", f->name, key);
    k->users++;
    eddy_defer(leave_kept, k);
    if (!eddy_await(wait_for_run(k)) && k->until <= eddy_time())
        eddy_await(run_and_keep(k, job));
    result->data = malloc(k->result.size + 1);
    if (!result->data)
        eddy_raise(ENOMEM, "%s: the key \"%s\"", f->name, key);
    if (k->result.size)
        memcpy(result->data, k->result.data, k->result.size);
    result->size = k->result.size;
}

/* ==== both ==== */

/* What the program has said; what its header does not know is 0. */
static eddy_job_options options_of(const struct eddy_remote_call *c)
{
    eddy_job_options options = {.size = 0};
    memcpy(&options, &c->options, c->options.size < sizeof options ? c->options.size : sizeof options);
    return options;
}

/* NULL: nothing is wrong. */
static const char *options_problem(const eddy_job_options *o, const struct eddy_remote_function *f)
{
    if (!(o->delay >= 0 && o->delay < 1e9))
        return "delay has to be a number of seconds, 0 or more";
    if (o->priority < EDDY_JOB_LOW || o->priority > EDDY_JOB_HIGH)
        return "priority has to be EDDY_JOB_LOW, EDDY_JOB_NORMAL or EDDY_JOB_HIGH";
    if (o->priority && function_limits(f).at_once > 0)
        return "jobs of a function with at_once have no priority: the server hands them out as they came; use a second "
               "function";
    if (o->priority && o->key)
        return "a job with a key has no priority: two of one key with two priorities could run at once";
    return NULL;
}

eddy_async(void, call, (struct eddy_remote_call *, c), (struct eddy_awaitable *, body), (void *, result))
{
    struct eddy_wire args = {0}, answer = {0};
    eddy_defer(free_wire, &args);
    eddy_defer(free_wire, &answer);
    struct eddy_remote_function *f = function_of(body->awaitable.type);
    if (!f)
        eddy_raise(EINVAL, "eddy_remote: %s was not defined by remote_async", body->awaitable.type->name);
    struct job_asked job = {.f = f, .options = options_of(c), .args = &args};
    const char *why = options_problem(&job.options, f);
    if (why)
        eddy_raise(EINVAL, "%s: %s", f->name, why);
    f->put_args(&args, body);
    if (args.failed)
        eddy_raise(ENOMEM, "%s: its arguments", f->name);
    if (!remote_url() && job.options.delay > 0)
        eddy_await(wait_until_due(&job));
    if (remote_url())
        eddy_await(remote_run(&job, &answer));
    else if (job.options.key)
        eddy_await(run_once(&job, &answer));
    else
        eddy_await(run_here(&job, &answer));
    int code = job_result(f, answer.data, answer.size, result);
    if (code)
        eddy_raise(code, "%s: its result is not of the type that this program has for it", f->name);
}

static void run_call(struct eddy_awaitable *a)
{
    struct eddy_remote_call *c = (struct eddy_remote_call *)(void *)a;
    struct eddy_awaitable *job = (struct eddy_awaitable *)(void *)((char *)c + c->body_offset);
    struct call body = call(c, job, (char *)c + c->result_offset);
    a->awaitable.failure = eddy_run_here(&body.awaitable);
}

const struct eddy_awaitable_type eddy_remote_type = {.name = "eddy_remote", .run = run_call, .kind = EDDY_COROUTINE};
