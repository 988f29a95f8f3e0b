/* SPDX-License-Identifier: MIT */
/*
 * mend.c - see mend.h.
 *
 * A consumer of nats-server 2.9 may wait for the acknowledgement of messages that its stream has no more, for instance
 * after a new leader was elected that knows of their end and not of their acknowledgements. It tries to deliver them
 * again and again, one by one, and that keeps it from all others. A worker that sees a consumer stand still tells it
 * that they are done. Such a job has ended, or its caller stores it again.
 *
 * Invariant: no message that is in the stream is acknowledged here.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "mend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease.h"
#include "remote.h"

enum { MOST = 256, NAME = 250 };     /* consumers that are looked at */
enum { MOST_DELETED = 100000 };      /* numbers of deleted messages that a server can list in one message */

/* A consumer, as it was seen the last time. */
struct seen {
    char name[NAME + 1];
    uint64_t delivered;  /* messages, ever */
    unsigned still;      /* looks since then in which it had delivered no other one, though somebody waited */
};

/* All of one stream. */
struct watch {
    eddy_nats *client;
    const char *stream;
    struct seen seen[MOST];
    size_t count;
};

static void free_message(eddy_nats_message **m)
{
    eddy_nats_message_free(*m);
}

/* ==== what a stream has no more ==== */

eddy_async(void, acknowledge, (struct watch *, w), (const char *, consumer), (uint64_t, sequence))
{
    char subject[400];
    snprintf(subject, sizeof subject, "$JS.ACK.%s.%s.1.%llu.1.0.0", w->stream, consumer, (unsigned long long)sequence);
    eddy_await(eddy_nats_publish(w->client, subject, "+ACK"));
}

/* Those above the floor up to the last one that was delivered; json: what the server says of the stream. */
eddy_async(void, acknowledge_deleted, (struct watch *, w), (const char *, consumer), (const char *, json),
           (uint64_t, floor), (uint64_t, last))
{
    static const char mark[] = "\"deleted\":[";
    const char *at = strstr(json, mark);
    uint64_t first = 0;
    eddy_nats_json_number(json, "state.first_seq", &first);
    for (uint64_t n = floor + 1; n < first && n <= last && n - floor <= MOST_DELETED; n++)
        eddy_await(acknowledge(w, consumer, n));
    for (at = at ? at + strlen(mark) : ""; *at >= '0' && *at <= '9'; at += *at == ',') {
        uint64_t n = strtoull(at, (char **)(uintptr_t)&at, 10);
        if (n > floor && n <= last)
            eddy_await(acknowledge(w, consumer, n));
    }
}

/* info: what the server says of the consumer. */
eddy_async(void, mend, (struct watch *, w), (const char *, consumer), (const char *, info))
{
    char name[64];
    uint64_t floor = 0, last = 0, deleted = 0;
    eddy_nats_json_number(info, "ack_floor.stream_seq", &floor);
    eddy_nats_json_number(info, "delivered.stream_seq", &last);
    snprintf(name, sizeof name, "STREAM.INFO.%s", w->stream);
    eddy_nats_message *m = eddy_await_for(eddy_nats_api(w->client, name, ""), lease_seconds());
    eddy_nats_json_number(m->data.data, "state.num_deleted", &deleted);
    eddy_nats_message_free(m);
    if (deleted > MOST_DELETED)
        return;
    m = eddy_await_for(eddy_nats_api(w->client, name, "{\"deleted_details\":true}"), lease_seconds());
    eddy_defer(free_message, &m);
    eddy_await(acknowledge_deleted(w, consumer, m->data.data, floor, last));
}

/* ==== which consumers stand still ==== */

/* NULL: there are too many. */
static struct seen *seen_of(struct watch *w, const char *name)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->seen[i].name, name) == 0)
            return &w->seen[i];
    if (w->count == MOST)
        return NULL;
    struct seen *s = &w->seen[w->count++];
    *s = (struct seen){.still = 0};
    snprintf(s->name, sizeof s->name, "%s", name);
    return s;
}

/* Of looks in which it stands still the 1st, 3rd, 7th...: a job may just take long at its second try. */
static bool is_to_be_mended(struct seen *s, const char *info)
{
    uint64_t delivered = 0, again = 0, waiting = 0;
    eddy_nats_json_number(info, "delivered.consumer_seq", &delivered);
    eddy_nats_json_number(info, "num_redelivered", &again);
    eddy_nats_json_number(info, "num_waiting", &waiting);
    bool is_still = delivered == s->delivered && again && waiting;
    s->still = is_still ? s->still + 1 : 0;
    s->delivered = delivered;
    return is_still && (s->still & (s->still + 1)) == 0;
}

eddy_async(void, look_at, (struct watch *, w), (const char *, info))
{
    char name[NAME + 1];
    const char *mark = strstr(info, "\"name\":\"");
    if (!mark || sscanf(mark, "\"name\":\"%250[^\"]", name) != 1)
        return;
    struct seen *s = seen_of(w, name);
    if (s && is_to_be_mended(s, info))
        eddy_await(mend(w, name, info));
}

eddy_async(void, look_at_all, (struct watch *, w))
{
    static const char mark[] = "{\"stream_name\":";
    char name[64];
    snprintf(name, sizeof name, "CONSUMER.LIST.%s", w->stream);
    eddy_nats_message *m = eddy_await_for(eddy_nats_api(w->client, name, ""), lease_seconds());
    eddy_defer(free_message, &m);
    for (const char *at = m->data.data; (at = strstr(at, mark)); at += sizeof mark - 1)
        eddy_await(look_at(w, at));
}

/* What fails is done the next time. */
eddy_async(void, watch_on, (struct watch *, w))
{
    for (eddy_error err;;) {
        eddy_await(eddy_sleep(2 * lease_seconds()));
        eddy_await(look_at_all(w), &err);
        if (err.code == ECANCELED)
            eddy_reraise(&err);
    }
}

eddy_async(void, watch_stream, (eddy_nats *, n), (const char *, stream))
{
    struct watch *w = calloc(1, sizeof *w);
    eddy_defer(free, w);
    if (!w)
        eddy_raise(ENOMEM, "there is no memory for the consumers of %s", stream);
    w->client = n;
    w->stream = stream;
    eddy_await(watch_on(w));
}

eddy_async_define(void, consumers_mend, (eddy_nats *, n))
{
    eddy_async_with (streams, eddy_task_group()) {
        eddy_group_spawn(streams, watch_stream(n, JOBS));
        eddy_group_spawn(streams, watch_stream(n, LATER));
    }
}
