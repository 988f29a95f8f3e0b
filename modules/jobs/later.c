/* SPDX-License-Identifier: MIT */
/*
 * later.c - see later.h.
 *
 * All workers share one consumer of the stream of such jobs. A job that comes too early is given back with the seconds
 * that are left, which is no loss of a worker here, and takes no place among the jobs of its function.
 *
 * Invariant: a job leaves its stream after it was stored among the others, under an id that a second attempt has, too.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "later.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lease.h"
#include "remote.h"

enum { MOST_JOBS = 10000000 };

/* Seconds until the job may begin. */
static double seconds_left(const eddy_nats_message *m)
{
    struct timespec now;
    const char *due = eddy_nats_header_of(m, "Eddy-Due");
    clock_gettime(CLOCK_REALTIME, &now);
    return (due ? strtod(due, NULL) : 0) - ((double)now.tv_sec + (double)now.tv_nsec / 1e9);
}

/* Its headers without those of this stream. Returns how many; 0: it is not a job of Eddy's. */
static size_t copy_headers(const eddy_nats_message *m, eddy_nats_header headers[4])
{
    const char *id = eddy_nats_header_of(m, "Eddy-Id"), *result = eddy_nats_header_of(m, "Eddy-Result");
    const char *after = eddy_nats_header_of(m, "Eddy-After");
    if (!id || !result || strncmp(m->subject, "eddy.later.", 11) != 0)
        return 0;
    return remote_job_headers(headers, id, result, after);
}

/* Of the message: a job that its caller has stored again has another one. */
static const char *message_id(const eddy_nats_message *m)
{
    const char *id = eddy_nats_header_of(m, "Nats-Msg-Id");
    return id ? id : eddy_nats_header_of(m, "Eddy-Id");
}

/* If another job of its key is queued or runs, what comes of that is for its caller, too. */
eddy_async(void, put_among_jobs, (eddy_nats *, n), (const eddy_nats_message *, m))
{
    char subject[340];
    eddy_error err;
    eddy_nats_header headers[4];
    eddy_nats_outgoing job = {.subject = subject, .data = m->data, .headers = headers,
                              .header_count = copy_headers(m, headers), .id = message_id(m)};
    if (!job.header_count) {
        eddy_nats_terminate(m);
        return;
    }
    snprintf(subject, sizeof subject, "eddy.jobs.%.320s", m->subject + strlen("eddy.later."));
    (void)eddy_await_for(eddy_nats_store(n, &job), lease_seconds(), &err);
    if (!err.code || err.code == EEXIST)
        eddy_nats_ack(m);
    else
        eddy_nats_nak(m, REMOTE_AGAIN);
}

eddy_async(void, treat_next, (eddy_nats *, n), (eddy_nats_consumer *, c))
{
    eddy_nats_message *m = eddy_await(eddy_nats_next(c));
    eddy_defer(eddy_nats_message_free, m);
    double left = seconds_left(m);
    if (left > 0)
        eddy_nats_nak(m, left);
    else
        eddy_await(put_among_jobs(n, m));
}

static void free_consumer(eddy_nats_consumer **c)
{
    eddy_nats_consumer_free(*c);
}

/* Ends without an error when the consumer is gone, or a server that was cut off says so: it is created again. */
eddy_async(void, serve_once, (eddy_nats *, n))
{
    eddy_error err = {0};
    eddy_nats_consumer_options options = {.size = sizeof options, .stream = LATER, .name = "later",
                                          .ack_wait = lease_seconds(), .max_pending = MOST_JOBS, .prefetch = 8};
    eddy_nats_consumer *c = eddy_await_for(eddy_nats_consume(n, &options), lease_seconds());
    eddy_defer(free_consumer, &c);
    while (!err.code)
        eddy_await(treat_next(n, c), &err);
    if (err.code != ENOENT)
        eddy_reraise(&err);
}

eddy_async_define(void, later_serve, (eddy_nats *, n))
{
    eddy_error err;
    for (;;) {
        eddy_await(serve_once(n), &err);
        if (err.code && !remote_is_passing(err.code))
            eddy_reraise(&err);
        eddy_await(eddy_sleep(0.1));
    }
}
