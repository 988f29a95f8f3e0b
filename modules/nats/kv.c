/* SPDX-License-Identifier: MIT */
/*
 * kv.c - buckets of keys and values: the stream "KV_BUCKET" with a subject "$KV.BUCKET.KEY" for each key.
 *
 * Invariant: the revision of a value is its sequence number in that stream.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

struct eddy_nats_kv {
    eddy_nats *line;
    char stream[128];  /* "KV_BUCKET" */
    char prefix[128];  /* "$KV.BUCKET." */
};

enum { SUBJECT = 512 };

static bool write_config(eddy_buffer *json, const eddy_nats_kv *kv, const eddy_nats_kv_options *o)
{
    return json_append(json, "{\"name\":\"%s\",\"subjects\":[\"%s>\"],\"max_msgs_per_subject\":%llu,\"storage\":\"%s\","
                             "\"num_replicas\":%d,\"discard\":\"new\",\"deny_delete\":true,\"allow_rollup_hdrs\":true",
                       kv->stream, kv->prefix, (unsigned long long)(o->history ? o->history : 1),
                       o->in_memory ? "memory" : "file", o->replicas > 0 ? o->replicas : 1) &&
           api_add_seconds(json, "max_age", o->max_age) && api_add_number(json, "max_bytes", o->max_bytes) &&
           json_append(json, "}");
}

eddy_async(void, create, (eddy_nats_kv *, kv), (const eddy_nats_kv_options *, options))
{
    char name[160];
    eddy_buffer json = {0};
    eddy_defer(eddy_buffer_free, &json);
    eddy_nats_kv_options none = {.size = sizeof none};
    if (!write_config(&json, kv, options ? options : &none))
        eddy_raise(ENOMEM, "%s: a bucket", kv->line->link.label);
    snprintf(name, sizeof name, "STREAM.CREATE.%s", kv->stream);
    eddy_nats_message_free(eddy_await(eddy_nats_api(kv->line, name, json.data)));
}

eddy_async(bool, exists, (eddy_nats_kv *, kv))
{
    eddy_error err;
    (void)eddy_await(eddy_nats_stream_info(kv->line, kv->stream), &err);
    if (err.code && err.code != ENOENT)
        eddy_reraise(&err);
    return err.code == 0;
}

static void free_unless_opened(eddy_nats_kv **kv)
{
    free(*kv);
}

eddy_async_define(eddy_nats_kv *, eddy_nats_kv_open, (eddy_nats *, n), (const char *, bucket),
                  (const eddy_nats_kv_options *, options))
{
    const char *why = name_problem(bucket);
    if (!why && strlen(bucket) > 100)
        why = "the name is longer than 100 bytes";
    if (!why && options && options->size != sizeof *options)
        why = "eddy_nats_kv_options.size must be sizeof(eddy_nats_kv_options)";
    if (why)
        eddy_raise(EINVAL, "%s: a bucket: %s", n->link.label, why);
    eddy_nats_kv *kv = calloc(1, sizeof *kv);
    eddy_defer(free_unless_opened, &kv);
    if (!kv)
        eddy_raise(ENOMEM, "%s: a bucket", n->link.label);
    kv->line = n;
    snprintf(kv->stream, sizeof kv->stream, "KV_%s", bucket);
    snprintf(kv->prefix, sizeof kv->prefix, "$KV.%s.", bucket);
    if (!eddy_await(exists(kv)))
        eddy_await(create(kv, options));
    eddy_nats_kv *opened = kv;
    kv = NULL;
    return opened;
}

eddy_async_free(eddy_nats_kv_open, eddy_nats_kv_free);

void eddy_nats_kv_free(eddy_nats_kv *kv)
{
    free(kv);
}

/* The subject of a key. NULL: it is one; else what is wrong. */
static const char *subject_of(const eddy_nats_kv *kv, const char *key, bool wildcards, char subject[SUBJECT])
{
    const char *why = subject_problem(key, wildcards);
    if (!why && (size_t)snprintf(subject, SUBJECT, "%s%s", kv->prefix, key) >= SUBJECT)
        why = "the key is too long";
    return why;
}

eddy_async_define(eddy_nats_message *, eddy_nats_kv_get, (eddy_nats_kv *, kv), (const char *, key))
{
    char subject[SUBJECT];
    const char *why = subject_of(kv, key, false, subject);
    if (why)
        eddy_raise(EINVAL, "%s: a key: %s", kv->line->link.label, why);
    eddy_nats_message *m = eddy_await(eddy_nats_stream_last(kv->line, kv->stream, subject));
    if (m && eddy_nats_kv_is_deleted(m)) {
        eddy_nats_message_free(m);
        return NULL;
    }
    return m;
}

eddy_async_free(eddy_nats_kv_get, eddy_nats_message_free);

/* expected NULL: whatever was there before. */
eddy_async(uint64_t, store, (eddy_nats_kv *, kv), (const char *, key), (eddy_slice, data), (const char *, operation),
           (const uint64_t *, expected))
{
    char subject[SUBJECT], number[32];
    const char *why = subject_of(kv, key, false, subject);
    if (why)
        eddy_raise(EINVAL, "%s: a key: %s", kv->line->link.label, why);
    eddy_nats_header headers[2];
    eddy_nats_outgoing message = {.subject = subject, .data = data, .headers = headers};
    if (operation)
        headers[message.header_count++] = (eddy_nats_header){"KV-Operation", operation};
    if (expected) {
        snprintf(number, sizeof number, "%llu", (unsigned long long)*expected);
        headers[message.header_count++] = (eddy_nats_header){"Nats-Expected-Last-Subject-Sequence", number};
    }
    return eddy_await(eddy_nats_store(kv->line, &message)).sequence;
}

eddy_async_define(uint64_t, eddy_nats_kv_put_bytes, (eddy_nats_kv *, kv), (const char *, key), (eddy_slice, data))
{
    return eddy_await(store(kv, key, data, NULL, NULL));
}

eddy_async_define(uint64_t, eddy_nats_kv_update_bytes, (eddy_nats_kv *, kv), (const char *, key), (eddy_slice, data),
                  (uint64_t, revision))
{
    return eddy_await(store(kv, key, data, NULL, &revision));
}

/* A deleted value is a message, whose revision is the one to expect. */
eddy_async(uint64_t, revision_of_deleted, (eddy_nats_kv *, kv), (const char *, key))
{
    char subject[SUBJECT];
    subject_of(kv, key, false, subject);
    eddy_nats_message *m = eddy_await(eddy_nats_stream_last(kv->line, kv->stream, subject));
    uint64_t revision = m && eddy_nats_kv_is_deleted(m) ? m->revision : 0;
    eddy_nats_message_free(m);
    return revision;
}

eddy_async_define(uint64_t, eddy_nats_kv_create_bytes, (eddy_nats_kv *, kv), (const char *, key), (eddy_slice, data))
{
    eddy_error err;
    uint64_t none = 0;
    uint64_t revision = eddy_await(store(kv, key, data, NULL, &none), &err);
    if (!err.code)
        return revision;
    if (err.code == EEXIST)
        none = eddy_await(revision_of_deleted(kv, key));
    else
        eddy_reraise(&err);
    if (!none)
        eddy_raise(EEXIST, "%s: the key \"%s\" has a value", kv->line->link.label, key);
    return eddy_await(store(kv, key, data, NULL, &none));
}

eddy_async_define(void, eddy_nats_kv_delete, (eddy_nats_kv *, kv), (const char *, key))
{
    eddy_slice none = {"", 0};
    eddy_await(store(kv, key, none, "DEL", NULL));
}

eddy_async_define(eddy_nats_consumer *, eddy_nats_kv_watch, (eddy_nats_kv *, kv), (const char *, keys))
{
    char subject[SUBJECT];
    const char *why = subject_of(kv, keys, true, subject);
    if (why)
        eddy_raise(EINVAL, "%s: keys: %s", kv->line->link.label, why);
    eddy_nats_consumer_options options = {.size = sizeof options, .stream = kv->stream, .filter = subject,
                                          .from = EDDY_NATS_LAST_PER_SUBJECT, .no_ack = true, .prefetch = 64};
    return eddy_await(eddy_nats_consume(kv->line, &options));
}

eddy_async_free(eddy_nats_kv_watch, eddy_nats_consumer_free);

const char *eddy_nats_kv_key(const eddy_nats_kv *kv, const eddy_nats_message *m)
{
    size_t size = strlen(kv->prefix);
    return strncmp(m->subject, kv->prefix, size) == 0 ? m->subject + size : "";
}

bool eddy_nats_kv_is_deleted(const eddy_nats_message *m)
{
    const char *operation = eddy_nats_header_of(m, "KV-Operation");
    return operation && (strcmp(operation, "DEL") == 0 || strcmp(operation, "PURGE") == 0);
}

uint64_t eddy_nats_kv_revision(const eddy_nats_message *m)
{
    return m->revision ? m->revision : eddy_nats_delivery_of(m).sequence;
}
