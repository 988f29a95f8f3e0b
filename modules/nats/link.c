/* SPDX-License-Identifier: MIT */
/*
 * link.c - see link.h.
 *
 * The server speaks first: INFO says whether it wants TLS, and gives a challenge for nkeys. CONNECT logs in; the PONG
 * to the PING after it says that the login was accepted.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "link.h"

#include "../shared/retry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "nkey.h"

enum { MOST_INFO = 16384, LEAST_LIMIT = 1 << 20 };

int link_error(enum reader_result result)
{
    return result == READER_LARGE ? EMSGSIZE : EBADMSG;
}

int link_refusal(eddy_slice text)
{
    static const char *const words[] = {"authorization", "authentication", "permissions", "expired", "revoked"};
    char copy[256];
    snprintf(copy, sizeof copy, "%.*s", (int)(text.size < 255 ? text.size : 255), text.data);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasestr(copy, words[i]))
            return EACCES;
    if (strcasestr(copy, "payload"))
        return EMSGSIZE;
    return strcasestr(copy, "subject") ? EINVAL : ECONNRESET;
}

/* Waits for a whole operation. */
eddy_async(enum reader_result, receive, (struct link *, link), (struct view *, view))
{
    for (;;) {
        eddy_slice bytes;
        enum reader_result result = reader_next(&link->reader, view);
        if (result >= READER_BAD)
            eddy_raise(link_error(result), "%s", link->reader.why);
        if (result != READER_MORE)
            return result;
        if (!reader_keep(&link->reader))
            eddy_raise(ENOMEM, "the login");
        if (eddy_await(eddy_stream_read_some(link->stream, &bytes)) == 0)
            eddy_raise(ECONNRESET, "the server closed the connection");
        if (!reader_give(&link->reader, bytes))
            eddy_raise(ENOMEM, "the login");
    }
}

void link_close(struct link *link)
{
    eddy_stream_abort(link->stream);
    link->stream = NULL;
    reader_reset(&link->reader);
}

/* ==== the login ==== */

bool link_read_info(struct link *link, struct address *address, const char *json)
{
    uint64_t limit;
    eddy_slice urls;
    char server[128];
    if (eddy_nats_json_number(json, "max_payload", &limit)) {
        link->message_limit = limit;
        link->reader.limit = limit < LEAST_LIMIT ? LEAST_LIMIT : limit;
    }
    if (!json_find(json, "connect_urls", &urls))
        return true;
    while (json_next_text(&urls, server, sizeof server))
        if (!address_add(address, server))
            return false;
    return true;
}

static bool add_member(eddy_buffer *to, const char *name, const char *value)
{
    return !value || (json_append(to, ",\"%s\":", name) && json_append_text(to, value));
}

/* The answer to the challenge. Returns 0 or an errno value. */
static int add_signature(eddy_buffer *to, const struct address *a, const char *challenge, const char **why)
{
    char key[NKEY_PUBLIC], signature[NKEY_SIGNATURE];
    if (!a->seed)
        return 0;
    int code = nkey_sign(a->seed, challenge, key, signature, why);
    if (code)
        return code;
    bool ok = add_member(to, "sig", signature) &&
              (a->jwt ? add_member(to, "jwt", a->jwt) : add_member(to, "nkey", key));
    *why = "the login";
    return ok ? 0 : ENOMEM;
}

static int write_connect(eddy_buffer *to, const struct address *a, bool has_tls, const char *challenge,
                         const char **why)
{
    bool ok = json_append(to, "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":%s,\"lang\":\"c\","
                              "\"version\":\"" EDDY_VERSION_STRING "\",\"protocol\":1,\"headers\":true,"
                              "\"no_responders\":true,\"echo\":%s",
                          has_tls ? "true" : "false", a->limits.no_echo ? "false" : "true") &&
              add_member(to, "name", a->name) && add_member(to, "user", a->user) &&
              add_member(to, "pass", a->password) && add_member(to, "auth_token", a->token);
    int code = ok ? add_signature(to, a, challenge, why) : ENOMEM;
    if (code || json_append(to, "}\r\nPING\r\n"))
        return code;
    return ENOMEM;
}

static void free_secretly(eddy_buffer *b)
{
    if (b->data)
        explicit_bzero(b->data, b->size);
    eddy_buffer_free(b);
}

/* The challenge is in `info`, which is the JSON of the server's INFO. */
eddy_async(void, log_in, (struct link *, link), (const struct address *, a), (bool, has_tls), (const char *, info))
{
    char challenge[128] = "";
    const char *why = "the login";
    struct view view;
    eddy_buffer hello = {0};
    eddy_defer(free_secretly, &hello);
    json_text(info, "nonce", challenge, sizeof challenge);
    int code = write_connect(&hello, a, has_tls, challenge, &why);
    if (code)
        eddy_raise(code, "%s", why);
    eddy_await(eddy_stream_write(link->stream, hello.data, hello.size));
    for (;;) {
        enum reader_result result = eddy_await(receive(link, &view));
        if (result == READER_ERROR)
            eddy_raise(link_refusal(view.text), "the server refuses the login: %.*s",
                       (int)(view.text.size < 200 ? view.text.size : 200), view.text.data);
        if (result == READER_PONG)
            return;
    }
}

static void free_text(char **text)
{
    free(*text);
}

eddy_async(void, greet, (struct link *, link), (struct address *, a), (const struct server *, server))
{
    struct view view;
    if (eddy_await(receive(link, &view)) != READER_INFO)
        eddy_raise(EBADMSG, "the server did not begin with INFO: it is not a NATS server");
    char *info = strndup(view.text.data, view.text.size);
    eddy_defer(free_text, &info);
    if (!info || !link_read_info(link, a, info))
        eddy_raise(ENOMEM, "the login");
    bool has_tls = server->has_tls || json_bool(info, "tls_required");
    if (has_tls && link->reader.pieces.input.size) /* they would seem to have come by TLS */
        eddy_raise(EBADMSG, "the server sends bytes in plain text after it has asked for TLS");
    if (has_tls)
        eddy_await(eddy_start_tls(link->stream, a->limits.tls, server->host));
    eddy_await(log_in(link, a, has_tls, info));
}

/* ==== connecting ==== */

/* The server is copied, since the address may get others meanwhile. */
eddy_async(void, connect_to, (struct link *, link), (struct address *, a), (const struct server *, server))
{
    link->reader.limit = LEAST_LIMIT;
    if (!link->message_limit) /* until this server says its own, that of the last one holds */
        link->message_limit = LEAST_LIMIT;
    snprintf(link->label, sizeof link->label, "%s", server->label);
    link->stream = eddy_await(eddy_open_connection(server->host, server->port));
    eddy_await(greet(link, a, server));
}

static void close_unless_open(struct link **link)
{
    if (*link)
        link_close(*link);
}

eddy_async(void, open_one, (struct link *, link), (struct address *, a))
{
    eddy_error err;
    struct link *opened = link;
    eddy_defer(close_unless_open, &opened);
    a->at = (a->at + 1) % a->count;
    double seconds = a->limits.connect_seconds;
    eddy_await_for(connect_to(link, a, &a->servers[a->at]), seconds, &err);
    if (err.code == ETIMEDOUT)
        eddy_raise(ETIMEDOUT, "%s: no connection was made within %g seconds", link->label, seconds);
    if (err.code)
        eddy_raise(err.code, "%s: %s", link->label, link_words(&err));
    opened = NULL;
}

eddy_async_define(void, link_open, (struct link *, link), (struct address *, address))
{
    eddy_error err;
    for (size_t left = address->count; left; left--) {
        eddy_await(open_one(link, address), &err);
        if (!err.code)
            return;
        if (err.code == ECANCELED)
            break;
    }
    eddy_reraise(&err);
}

const char *link_words(const eddy_error *err)
{
    return *err->message ? err->message : eddy_error_text(err->code);
}

double link_delay(const struct address *address, unsigned failures)
{
    return retry_delay(failures, address->limits.first_delay, address->limits.longest_delay);
}
