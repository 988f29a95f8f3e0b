/* SPDX-License-Identifier: MIT */
/*
 * fake.h - a server that speaks NATS's protocol as a test tells it, in the same loop as its clients.
 *
 * It passes messages on to subscriptions of the same subject, or of all that begins alike (a.*). Messages to these
 * subjects are for itself: DIE (the connection ends), RAW (the text is sent as it is), CRUMBS (the same, byte by byte).
 */
#ifndef EDDY_TESTS_NATS_FAKE_H
#define EDDY_TESTS_NATS_FAKE_H

#include <eddy/nats.h>

#include "unit/run_clean.h"

enum { MOST_SUBS = 32 };

struct sub {
    eddy_stream *s;    /* NULL: free */
    char subject[64];
    long sid;
};

struct fake {
    eddy_server *server;
    char url[64];
    const char *info;   /* instead of its own INFO */
    bool refuses;       /* the login */
    bool is_silent;     /* answers no PING after the login */
    bool refuses_subs;  /* the connection ends with the first one */
    int connections;
    struct sub subs[MOST_SUBS];
    char log[4096];     /* lines of CONNECT, SUB, UNSUB */
};

/* One connection. */
struct talk {
    struct fake *fake;
    eddy_stream *s;
    char line[512];
    char body[4096];
    size_t size;        /* of the body */
    size_t headers;
    char subject[128], reply[128];
    bool is_greeted;
};

static bool fits(const char *pattern, const char *subject)
{
    size_t size = strlen(pattern);
    bool has_star = size && pattern[size - 1] == '*';
    return has_star ? strncmp(pattern, subject, size - 1) == 0 && !strchr(subject + size - 1, '.')
                    : strcmp(pattern, subject) == 0;
}

static void log_line(struct talk *t)
{
    size_t used = strlen(t->fake->log);
    snprintf(t->fake->log + used, sizeof t->fake->log - used, "%s\n", t->line);
}

static void add_sub(struct talk *t)
{
    char words[3][64] = {"", "", ""};
    int count = sscanf(t->line, "SUB %63s %63s %63s", words[0], words[1], words[2]);
    for (int i = 0; i < MOST_SUBS; i++)
        if (!t->fake->subs[i].s) {
            t->fake->subs[i] = (struct sub){.s = t->s, .sid = atol(words[count - 1])};
            snprintf(t->fake->subs[i].subject, sizeof t->fake->subs[i].subject, "%s", words[0]);
            return;
        }
}

static void remove_subs(struct talk *t)
{
    for (int i = 0; i < MOST_SUBS; i++)
        if (t->fake->subs[i].s == t->s)
            t->fake->subs[i].s = NULL;
}

static void remove_sub(struct talk *t)
{
    long sid = atol(t->line + 6);
    for (int i = 0; i < MOST_SUBS; i++)
        if (t->fake->subs[i].s == t->s && t->fake->subs[i].sid == sid)
            t->fake->subs[i].s = NULL;
}

async(void, pass_on, (struct talk *, t))
{
    char head[256];
    bool found = false;
    for (int i = 0; i < MOST_SUBS; i++) {
        struct sub *sub = &t->fake->subs[i];
        if (!sub->s || !fits(sub->subject, t->subject))
            continue;
        found = true;
        int size = t->headers
            ? snprintf(head, sizeof head, "HMSG %s %ld %s %zu %zu\r\n", t->subject, sub->sid, t->reply, t->headers,
                       t->size)
            : snprintf(head, sizeof head, "MSG %s %ld %s %zu\r\n", t->subject, sub->sid, t->reply, t->size);
        eddy_slice parts[] = {{head, (size_t)size}, {t->body, t->size}, {"\r\n", 2}};
        await(eddy_stream_writev(sub->s, parts, 3));
    }
    for (int i = 0; i < MOST_SUBS && !found && *t->reply; i++)
        if (t->fake->subs[i].s == t->s && fits(t->fake->subs[i].subject, t->reply))
            await(eddy_stream_printf(t->s, "HMSG %s %ld 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", t->reply,
                                     t->fake->subs[i].sid));
}

/* Returns false: the connection ends. */
async(bool, publish, (struct talk *, t))
{
    char words[4][128] = {"", "", "", ""}, end[2];
    bool has_headers = t->line[0] == 'H';
    int count = sscanf(t->line + (has_headers ? 5 : 4), "%127s %127s %127s %127s", words[0], words[1], words[2],
                       words[3]);
    int numbers = has_headers ? 2 : 1;
    t->size = (size_t)atol(words[count - 1]);
    t->headers = has_headers ? (size_t)atol(words[count - 2]) : 0;
    strcpy(t->subject, words[0]);
    strcpy(t->reply, count > 1 + numbers ? words[1] : "");
    CHECK(t->size < sizeof t->body);
    await(eddy_stream_read_exactly(t->s, t->body, t->size));
    await(eddy_stream_read_exactly(t->s, end, 2));
    CHECK(memcmp(end, "\r\n", 2) == 0);
    if (strcmp(t->subject, "RAW") == 0)
        await(eddy_stream_write(t->s, t->body, t->size));
    else if (strcmp(t->subject, "CRUMBS") == 0)
        for (size_t i = 0; i < t->size; i++)
            await(eddy_stream_write(t->s, t->body + i, 1));
    else if (strcmp(t->subject, "DIE") != 0)
        await(pass_on(t));
    return strcmp(t->subject, "DIE") != 0;
}

async(void, ping, (struct talk *, t))
{
    if (!t->is_greeted && t->fake->refuses)
        await(eddy_stream_printf(t->s, "-ERR 'Authorization Violation'\r\n"));
    else if (!t->is_greeted || !t->fake->is_silent)
        await(eddy_stream_printf(t->s, "PONG\r\n"));
    t->is_greeted = true;
}

async(bool, obey, (struct talk *, t))
{
    if (strncmp(t->line, "PUB", 3) == 0 || strncmp(t->line, "HPUB", 4) == 0)
        return await(publish(t));
    if (strcmp(t->line, "PING") == 0) {
        await(ping(t));
        return true;
    }
    if (strncmp(t->line, "SUB ", 4) == 0 && t->fake->refuses_subs) {
        await(eddy_stream_printf(t->s, "-ERR 'maximum subscriptions exceeded'\r\n"));
        return false;
    }
    if (strncmp(t->line, "SUB ", 4) == 0)
        add_sub(t);
    else if (strncmp(t->line, "UNSUB ", 6) == 0)
        remove_sub(t);
    log_line(t);
    return true;
}

async(void, serve_nats, (eddy_stream *, s), (struct fake *, fake))
{
    static const char own[] = "INFO {\"server_id\":\"fake\",\"max_payload\":1000,\"headers\":true}\r\n";
    struct talk *t = calloc(1, sizeof *t);
    eddy_slice line;
    eddy_error err;
    if (!t)
        throw(ENOMEM);
    defer(free, t);
    t->fake = fake;
    t->s = s;
    defer(remove_subs, t);
    fake->connections++;
    await(eddy_stream_printf(s, "%s", fake->info ? fake->info : own), &err);
    do {
        await(eddy_stream_read_until(s, "\r\n", &line), &err);
        if (err.code || !line.size) /* the client has gone */
            return;
        snprintf(t->line, sizeof t->line, "%.*s", (int)line.size - 2, line.data);
    } while (await(obey(t)));
}

async(void, fake_start, (struct fake *, fake), (int, port))
{
    fake->server = await(eddy_start_server(serve_nats, fake, "127.0.0.1", port));
    snprintf(fake->url, sizeof fake->url, "nats://127.0.0.1:%d", eddy_server_port(fake->server));
}

async(void, fake_stop, (struct fake *, fake))
{
    await(eddy_server_close(fake->server, 0));
    fake->server = NULL;
}

#endif
