/* SPDX-License-Identifier: MIT */
/* api.c - see api.h. */
#define EDDY_LIBRARY
#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int code_of(uint64_t own, uint64_t status)
{
    static const struct {
        uint64_t own;
        int code;
    } table[] = {{10023, ENOSPC}, {10047, ENOSPC}, {10028, ENOSPC}, {10077, ENOSPC}, {10054, EMSGSIZE},
                 {API_STREAM_EXISTS, EEXIST}, {API_WRONG_SEQUENCE, EEXIST}, {10039, EHOSTUNREACH},
                 {10076, EHOSTUNREACH}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].own == own)
            return table[i].code;
    return status == 404 ? ENOENT : status == 503 ? EHOSTUNREACH : status == 400 ? EINVAL : EIO;
}

int api_error(const eddy_nats_message *answer)
{
    uint64_t status = 0, own = 0;
    if (answer->status)
        return answer->status == 503 ? EHOSTUNREACH : EIO;
    if (!eddy_nats_json_number(answer->data.data, "error.code", &status))
        return 0;
    eddy_nats_json_number(answer->data.data, "error.err_code", &own);
    return code_of(own, status);
}

void api_words(const eddy_nats_message *answer, char *to, size_t size)
{
    if (answer->status == 503)
        snprintf(to, size, "the server has no JetStream, or no stream for this subject");
    else if (!json_text(answer->data.data, "error.description", to, size))
        snprintf(to, size, "JetStream refuses it");
}

eddy_async_define(eddy_nats_message *, api_ask, (eddy_nats *, n), (const char *, name), (const char *, json))
{
    char subject[512];
    if ((size_t)snprintf(subject, sizeof subject, "$JS.API.%s", name) >= sizeof subject)
        eddy_raise(EINVAL, "%s: the name of a request is too long", n->link.label);
    eddy_nats_outgoing message = {.subject = subject, .data = {json, strlen(json)}};
    return eddy_await(line_ask(n, &message));
}

eddy_async_free(api_ask, eddy_nats_message_free);

static void free_unless_good(eddy_nats_message **m)
{
    eddy_nats_message_free(*m);
}

eddy_async_define(eddy_nats_message *, eddy_nats_api, (eddy_nats *, n), (const char *, name), (const char *, json))
{
    char words[256];
    eddy_nats_message *answer = eddy_await(api_ask(n, name, json ? json : "")), *good = answer;
    eddy_defer(free_unless_good, &answer);
    int code = api_error(answer);
    if (code) {
        api_words(answer, words, sizeof words);
        eddy_raise(code, "%s: %s: %s", n->link.label, name, words);
    }
    answer = NULL;
    return good;
}

eddy_async_free(eddy_nats_api, eddy_nats_message_free);

const char *name_problem(const char *name)
{
    if (!name || !*name)
        return "the name is empty";
    if (strlen(name) > 250)
        return "the name is longer than 250 bytes";
    for (; *name; name++)
        if ((unsigned char)*name <= ' ' || *name == 127 || strchr(".*>/\\", *name))
            return "the name has a blank, a dot, a wildcard or a slash in it";
    return NULL;
}

static long long nanoseconds(double seconds)
{
    return seconds < 9e9 ? (long long)(seconds * 1e9) : 9000000000000000000;
}

bool api_add_number(eddy_buffer *json, const char *name, uint64_t value)
{
    return !value || json_append(json, ",\"%s\":%llu", name, (unsigned long long)value);
}

bool api_add_seconds(eddy_buffer *json, const char *name, double seconds)
{
    return !(seconds > 0) || json_append(json, ",\"%s\":%lld", name, nanoseconds(seconds));
}

bool api_add_text(eddy_buffer *json, const char *name, const char *text)
{
    return !text || (json_append(json, ",\"%s\":", name) && json_append_text(json, text));
}
