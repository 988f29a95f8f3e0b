/* SPDX-License-Identifier: MIT */
/*
 * fake.h - a server that speaks Redis's protocol as a test tells it, in the same loop as its clients.
 *
 * Commands: ECHO text, RAW text (the text is sent as it is), INCR, HOLD text (a reply when `go` is set), DIE (the
 * connection ends), AUTH, SELECT, PING, MULTI, EXEC, SCRIPT LOAD, EVALSHA, EVAL, SUBSCRIBE, PUBLISH text (to all
 * subscribers). HELLO as `fake` says.
 */
#ifndef EDDY_TESTS_REDIS_FAKE_H
#define EDDY_TESTS_REDIS_FAKE_H

#include <eddy/redis.h>

#include "unit/run_clean.h"

enum { MOST_SUBSCRIBERS = 8, COMMAND = 1024 };

struct fake {
    eddy_server *server;
    char url[64];
    const char *hello;      /* what HELLO answers; NULL: an error of a server that does not know it */
    const char *password;   /* NULL: none */
    int64_t number;         /* of INCR */
    int connections, commands;
    bool knows_script;
    const char *path;       /* of a Unix socket; NULL: a port of 127.0.0.1 */
    eddy_event go;
    char log[COMMAND * 4];  /* the commands, with blanks between, a line each */
    eddy_stream *subscribers[MOST_SUBSCRIBERS];
};

/* One connection. */
struct talk {
    struct fake *fake;
    eddy_stream *s;
    char words[12][COMMAND];
    size_t sizes[12];
    int count;
    bool in_multi;
    int queued;
};

static const char resp3_hello[] = "%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n";

async(long, read_number, (struct talk *, t), (char, kind))
{
    eddy_slice line;
    await(eddy_stream_read_until(t->s, "\r\n", &line));
    CHECK(line.data[0] == kind);
    return strtol(line.data + 1, NULL, 10);
}

async(void, read_command, (struct talk *, t))
{
    char end[2];
    t->count = (int)await(read_number(t, '*'));
    for (int i = 0; i < t->count; i++) {
        t->sizes[i] = (size_t)await(read_number(t, '$'));
        CHECK(t->sizes[i] < COMMAND);
        await(eddy_stream_read_exactly(t->s, t->words[i], t->sizes[i]));
        t->words[i][t->sizes[i]] = '\0';
        await(eddy_stream_read_exactly(t->s, end, 2));
    }
    t->fake->commands++;
}

static void log_command(struct talk *t)
{
    size_t used = strlen(t->fake->log);
    for (int i = 0; i < t->count && used < sizeof t->fake->log; i++)
        used += (size_t)snprintf(t->fake->log + used, sizeof t->fake->log - used, "%s%s", i ? " " : "", t->words[i]);
    if (used < sizeof t->fake->log)
        snprintf(t->fake->log + used, sizeof t->fake->log - used, "\n");
}

async(void, say_bulk, (struct talk *, t), (const char *, data), (size_t, size))
{
    char head[32];
    eddy_slice parts[] = {{head, (size_t)snprintf(head, sizeof head, "$%zu\r\n", size)}, {data, size}, {"\r\n", 2}};
    await(eddy_stream_writev(t->s, parts, 3));
}

async(void, say, (struct talk *, t), (const char *, text))
{
    await(eddy_stream_write(t->s, text, strlen(text)));
}

static void add_subscriber(struct talk *t)
{
    for (int i = 0; i < MOST_SUBSCRIBERS; i++)
        if (!t->fake->subscribers[i]) {
            t->fake->subscribers[i] = t->s;
            return;
        }
}

async(void, publish, (struct talk *, t))
{
    for (int i = 0; i < MOST_SUBSCRIBERS; i++)
        if (t->fake->subscribers[i])
            await(eddy_stream_printf(t->fake->subscribers[i], "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$%zu\r\n%s\r\n",
                                     t->sizes[1], t->words[1]));
    await(say(t, ":1\r\n"));
}

async(void, answer_script, (struct talk *, t))
{
    if (strcmp(t->words[0], "SCRIPT") == 0 || strcmp(t->words[0], "EVAL") == 0)
        t->fake->knows_script = true;
    if (strcmp(t->words[0], "SCRIPT") == 0)
        await(say(t, "$40\r\n0123456789012345678901234567890123456789\r\n"));
    else if (t->fake->knows_script)
        await(say(t, "+ran\r\n"));
    else
        await(say(t, "-NOSCRIPT No matching script.\r\n"));
}

async(void, answer_login, (struct talk *, t))
{
    const char *password = t->fake->password;
    bool is_hello = strcmp(t->words[0], "HELLO") == 0;
    if (is_hello && !t->fake->hello)
        await(say(t, "-ERR unknown command 'HELLO'\r\n"));
    else if (is_hello && password && (t->count < 5 || strcmp(t->words[4], password) != 0))
        await(say(t, "-WRONGPASS invalid username-password pair\r\n"));
    else
        await(say(t, is_hello ? t->fake->hello : "+OK\r\n"));
}

async(void, answer_multi, (struct talk *, t))
{
    t->in_multi = strcmp(t->words[0], "MULTI") == 0;
    if (t->in_multi) {
        t->queued = 0;
        await(say(t, "+OK\r\n"));
    } else {
        await(eddy_stream_printf(t->s, "*%d\r\n", t->queued));
        for (int i = 0; i < t->queued; i++)
            await(eddy_stream_printf(t->s, ":%d\r\n", i));
    }
}

/* Returns false: the connection ends. */
async(bool, answer, (struct talk *, t))
{
    const char *name = t->words[0];
    if (strcmp(name, "MULTI") == 0 || strcmp(name, "EXEC") == 0) {
        await(answer_multi(t));
    } else if (t->in_multi) {
        t->queued++;
        await(say(t, strcmp(name, "NONSENSE") == 0 ? "-ERR unknown command 'NONSENSE'\r\n" : "+QUEUED\r\n"));
    } else if (strcmp(name, "HELLO") == 0 || strcmp(name, "AUTH") == 0) {
        await(answer_login(t));
    } else if (strcmp(name, "ECHO") == 0) {
        await(say_bulk(t, t->words[1], t->sizes[1]));
    } else if (strcmp(name, "RAW") == 0) {
        await(eddy_stream_write(t->s, t->words[1], t->sizes[1]));
    } else if (strcmp(name, "INCR") == 0) {
        await(eddy_stream_printf(t->s, ":%lld\r\n", (long long)++t->fake->number));
    } else if (strcmp(name, "HOLD") == 0) {
        await(eddy_event_wait(&t->fake->go));
        await(say_bulk(t, t->words[1], t->sizes[1]));
    } else if (strcmp(name, "SCRIPT") == 0 || strncmp(name, "EVAL", 4) == 0) {
        await(answer_script(t));
    } else if (strcmp(name, "SUBSCRIBE") == 0) {
        add_subscriber(t);
        await(say(t, "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"));
    } else if (strcmp(name, "PUBLISH") == 0) {
        await(publish(t));
    } else if (strcmp(name, "NONSENSE") == 0) {
        await(say(t, "-ERR unknown command 'NONSENSE'\r\n"));
    } else if (strcmp(name, "DIE") != 0) {
        await(say(t, strcmp(name, "PING") == 0 ? "+PONG\r\n" : "+OK\r\n"));
    }
    return strcmp(name, "DIE") != 0;
}

static void remove_subscriber(struct talk *t)
{
    for (int i = 0; i < MOST_SUBSCRIBERS; i++)
        if (t->fake->subscribers[i] == t->s)
            t->fake->subscribers[i] = NULL;
}

async(void, serve_redis, (eddy_stream *, s), (struct fake *, fake))
{
    struct talk *t = calloc(1, sizeof *t);
    eddy_error err;
    if (!t)
        throw(ENOMEM);
    defer(free, t);
    t->fake = fake;
    t->s = s;
    defer(remove_subscriber, t);
    fake->connections++;
    do {
        await(read_command(t), &err);
        if (err.code) /* the client has gone */
            return;
        log_command(t);
    } while (await(answer(t)));
}

async(void, fake_start, (struct fake *, fake))
{
    if (fake->path) {
        fake->server = await(eddy_start_unix_server(serve_redis, fake, fake->path));
        snprintf(fake->url, sizeof fake->url, "unix://%s", fake->path);
    } else {
        fake->server = await(eddy_start_server(serve_redis, fake, "127.0.0.1", 0));
        snprintf(fake->url, sizeof fake->url, "redis://127.0.0.1:%d", eddy_server_port(fake->server));
    }
}

async(void, fake_stop, (struct fake *, fake))
{
    await(eddy_server_close(fake->server, 0));
    fake->server = NULL;
}

#endif
