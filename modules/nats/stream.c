/* SPDX-License-Identifier: MIT */
/* stream.c - streams of JetStream, and the messages in them. */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

static void free_message(eddy_nats_message **m)
{
    eddy_nats_message_free(*m);
}

/* ==== create, delete, purge, info ==== */

static bool add_subjects(eddy_buffer *json, const eddy_nats_stream_options *o)
{
    bool ok = json_append(json, ",\"subjects\":[");
    for (size_t i = 0; i < EDDY_NATS_MOST_SUBJECTS && o->subjects[i] && ok; i++)
        ok = (i == 0 || json_append(json, ",")) && json_append_text(json, o->subjects[i]);
    if (ok && !o->subjects[0])
        ok = json_append_text(json, o->name);
    return ok && json_append(json, "]");
}

static bool write_config(eddy_buffer *json, const eddy_nats_stream_options *o)
{
    static const char *const retentions[] = {"limits", "interest", "workqueue"};
    return json_append(json, "{\"name\":") && json_append_text(json, o->name) && add_subjects(json, o) &&
           json_append(json, ",\"retention\":\"%s\",\"storage\":\"%s\",\"discard\":\"%s\",\"num_replicas\":%d",
                       retentions[o->retention], o->in_memory ? "memory" : "file", o->discard_new ? "new" : "old",
                       o->replicas > 0 ? o->replicas : 1) &&
           api_add_number(json, "max_msgs", o->max_messages) && api_add_number(json, "max_bytes", o->max_bytes) &&
           api_add_number(json, "max_msgs_per_subject", o->max_per_subject) &&
           api_add_seconds(json, "max_age", o->max_age) &&
           api_add_seconds(json, "duplicate_window", o->duplicate_window) && json_append(json, "}");
}

static const char *options_problem(const eddy_nats_stream_options *o)
{
    if (!o || o->size != sizeof *o)
        return "eddy_nats_stream_options.size must be sizeof(eddy_nats_stream_options)";
    if (o->retention > EDDY_NATS_WORK_QUEUE)
        return "retention is not one of enum eddy_nats_retention";
    const char *why = name_problem(o->name);
    for (size_t i = 0; i < EDDY_NATS_MOST_SUBJECTS && o->subjects[i] && !why; i++)
        why = subject_problem(o->subjects[i], true);
    return why;
}

eddy_async(void, create_or_change, (eddy_nats *, n), (const char *, stream), (const char *, json))
{
    char name[300];
    uint64_t own = 0;
    snprintf(name, sizeof name, "STREAM.CREATE.%.250s", stream);
    eddy_nats_message *answer = eddy_await(api_ask(n, name, json));
    eddy_defer(free_message, &answer);
    if (!api_error(answer))
        return;
    eddy_nats_json_number(answer->data.data, "error.err_code", &own);
    if (own != API_STREAM_EXISTS) {
        char words[256];
        api_words(answer, words, sizeof words);
        eddy_raise(api_error(answer), "%s: stream %s: %s", n->link.label, stream, words);
    }
    snprintf(name, sizeof name, "STREAM.UPDATE.%.250s", stream);
    eddy_nats_message_free(eddy_await(eddy_nats_api(n, name, json)));
}

eddy_async_define(void, eddy_nats_stream_create, (eddy_nats *, n), (const eddy_nats_stream_options *, options))
{
    eddy_buffer json = {0};
    eddy_defer(eddy_buffer_free, &json);
    const char *why = options_problem(options);
    if (why)
        eddy_raise(EINVAL, "%s: a stream: %s", n->link.label, why);
    if (!write_config(&json, options))
        eddy_raise(ENOMEM, "%s: a stream", n->link.label);
    eddy_await(create_or_change(n, options->name, json.data));
}

/* "STREAM.INFO.name" with the name checked. */
eddy_async(eddy_nats_message *, ask_about, (eddy_nats *, n), (const char *, verb), (const char *, stream),
           (const char *, json))
{
    char name[300];
    const char *why = name_problem(stream);
    if (why)
        eddy_raise(EINVAL, "%s: a stream: %s", n->link.label, why);
    snprintf(name, sizeof name, "STREAM.%s.%.250s", verb, stream);
    return eddy_await(eddy_nats_api(n, name, json));
}

eddy_async_free(ask_about, eddy_nats_message_free);

eddy_async_define(void, eddy_nats_stream_delete, (eddy_nats *, n), (const char *, stream))
{
    eddy_nats_message_free(eddy_await(ask_about(n, "DELETE", stream, "")));
}

eddy_async_define(void, eddy_nats_stream_purge, (eddy_nats *, n), (const char *, stream), (const char *, subject))
{
    eddy_buffer json = {0};
    eddy_defer(eddy_buffer_free, &json);
    if (subject && !(json_append(&json, "{\"filter\":") && json_append_text(&json, subject) && json_append(&json, "}")))
        eddy_raise(ENOMEM, "%s: a stream", n->link.label);
    eddy_nats_message_free(eddy_await(ask_about(n, "PURGE", stream, subject ? json.data : "")));
}

eddy_async_define(eddy_nats_stream_state, eddy_nats_stream_info, (eddy_nats *, n), (const char *, stream))
{
    eddy_nats_stream_state state = {0};
    eddy_nats_message *answer = eddy_await(ask_about(n, "INFO", stream, ""));
    eddy_defer(free_message, &answer);
    const char *json = answer->data.data;
    eddy_nats_json_number(json, "state.messages", &state.messages);
    eddy_nats_json_number(json, "state.bytes", &state.bytes);
    eddy_nats_json_number(json, "state.first_seq", &state.first);
    eddy_nats_json_number(json, "state.last_seq", &state.last);
    eddy_nats_json_number(json, "state.consumer_count", &state.consumers);
    return state;
}

/* ==== single messages ==== */

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Base64, in place or not; returns the bytes at `to`. Another letter ends it. */
static eddy_slice decode(eddy_slice text, char *to)
{
    uint32_t held = 0;
    int bits = 0;
    size_t used = 0;
    for (size_t i = 0; i < text.size && value_of(text.data[i]) >= 0; i++) {
        held = held << 6 | (uint32_t)value_of(text.data[i]);
        bits += 6;
        if (bits >= 8)
            to[used++] = (char)(held >> (bits -= 8));
    }
    return (eddy_slice){to, used};
}

/* The raw text of a string, without its quotes; empty if there is none. */
static eddy_slice string_of(const char *json, const char *path)
{
    eddy_slice text = {0};
    if (!json_find(json, path, &text) || *text.data != '"')
        return (eddy_slice){"", 0};
    return (eddy_slice){text.data + 1, text.size - 2};
}

/* What STREAM.MSG.GET answers. NULL: no memory. */
static eddy_nats_message *read_stored(eddy_nats *n, const eddy_nats_message *answer)
{
    const char *json = answer->data.data;
    eddy_slice data = string_of(json, "message.data"), headers = string_of(json, "message.hdrs");
    char *room = malloc(data.size + headers.size + 1);
    if (!room)
        return NULL;
    struct view view = {.subject = string_of(json, "message.subject"), .reply = {"", 0}};
    view.data = decode(data, room);
    view.headers = decode(headers, room + view.data.size);
    eddy_nats_message *m = message_new(n, &view);
    free(room);
    if (m)
        eddy_nats_json_number(json, "message.seq", &m->revision);
    return m;
}

/* json says which message. */
eddy_async(eddy_nats_message *, get_stored, (eddy_nats *, n), (const char *, stream), (const char *, json))
{
    char name[300], words[256];
    snprintf(name, sizeof name, "STREAM.MSG.GET.%.250s", stream);
    eddy_nats_message *answer = eddy_await(api_ask(n, name, json));
    eddy_defer(free_message, &answer);
    int code = api_error(answer);
    uint64_t own = 0;
    eddy_nats_json_number(answer->data.data, "error.err_code", &own);
    if (own == API_NO_MESSAGE)
        return NULL;
    if (code) {
        api_words(answer, words, sizeof words);
        eddy_raise(code, "%s: stream %s: %s", n->link.label, stream, words);
    }
    eddy_nats_message *m = read_stored(n, answer);
    if (!m)
        eddy_raise(ENOMEM, "%s: a stored message", n->link.label);
    return m;
}

eddy_async_free(get_stored, eddy_nats_message_free);

eddy_async_define(eddy_nats_message *, eddy_nats_stream_get, (eddy_nats *, n), (const char *, stream),
                  (uint64_t, sequence))
{
    char json[64];
    const char *why = name_problem(stream);
    if (why)
        eddy_raise(EINVAL, "%s: a stream: %s", n->link.label, why);
    snprintf(json, sizeof json, "{\"seq\":%llu}", (unsigned long long)sequence);
    return eddy_await(get_stored(n, stream, json));
}

eddy_async_free(eddy_nats_stream_get, eddy_nats_message_free);

eddy_async_define(eddy_nats_message *, eddy_nats_stream_last, (eddy_nats *, n), (const char *, stream),
                  (const char *, subject))
{
    eddy_buffer json = {0};
    eddy_defer(eddy_buffer_free, &json);
    const char *why = name_problem(stream) ? name_problem(stream) : subject_problem(subject, true);
    if (why)
        eddy_raise(EINVAL, "%s: a stream: %s", n->link.label, why);
    if (!json_append(&json, "{\"last_by_subj\":") || !json_append_text(&json, subject) || !json_append(&json, "}"))
        eddy_raise(ENOMEM, "%s: a stored message", n->link.label);
    return eddy_await(get_stored(n, stream, json.data));
}

eddy_async_free(eddy_nats_stream_last, eddy_nats_message_free);

eddy_async_define(bool, eddy_nats_stream_remove, (eddy_nats *, n), (const char *, stream), (uint64_t, sequence))
{
    char json[64];
    eddy_error err;
    snprintf(json, sizeof json, "{\"seq\":%llu,\"no_erase\":true}", (unsigned long long)sequence);
    eddy_nats_message *answer = eddy_await(ask_about(n, "MSG.DELETE", stream, json), &err);
    if (!err.code)
        eddy_nats_message_free(answer);
    else if (err.code != ENOENT && !strstr(err.message, "no message found"))
        eddy_reraise(&err);
    return err.code == 0;
}

/* ==== storing ==== */

eddy_async_define(eddy_nats_stored, eddy_nats_store, (eddy_nats *, n), (const eddy_nats_outgoing *, message))
{
    char words[256];
    eddy_nats_stored stored = {.sequence = 0};
    eddy_nats_message *answer = eddy_await(line_ask(n, message));
    eddy_defer(free_message, &answer);
    int code = api_error(answer);
    if (!code && !eddy_nats_json_number(answer->data.data, "seq", &stored.sequence))
        eddy_raise(EBADMSG, "%s: %s: the answer is not that of a stream", n->link.label, message->subject);
    if (code) {
        api_words(answer, words, sizeof words);
        eddy_raise(code, "%s: %s: %s", n->link.label, message->subject, words);
    }
    stored.duplicate = json_bool(answer->data.data, "duplicate");
    return stored;
}
