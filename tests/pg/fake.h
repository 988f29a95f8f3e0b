/* SPDX-License-Identifier: MIT */
/*
 * fake.h - a server that speaks PostgreSQL's protocol as a test tells it, in the same loop as its clients.
 *
 * Statements, by their first word: "echo" gives the first value back, "count" the number of statements so far, "bad" is
 * a syntax error, "fails" one of its execution, "hang" waits until `go` is set or it is cancelled, "die" ends the
 * connection, "torn" ends it within an answer, "noise" is answered by what is no answer. "select" may come before them.
 * All others give no rows.
 */
#ifndef EDDY_TESTS_PG_FAKE_H
#define EDDY_TESTS_PG_FAKE_H

#include <arpa/inet.h>
#include <eddy/pg.h>

#include "unit/run_clean.h"

enum { SSL_REQUEST = 80877103, GSS_REQUEST = 80877104, CANCEL_REQUEST = 80877102, PROTOCOL = 196608 };
enum { BODY = 4096, NAMES = 64, KEY = 4711 };

struct fake {
    eddy_server *server;
    char url[160];
    const char *refusal;   /* SQLSTATE and a message with which all logins are refused; NULL: they are not */
    const char *path;      /* a folder for its Unix socket; NULL: a port of 127.0.0.1 */
    bool is_silent;        /* it accepts, and says nothing */
    bool cancels_late;     /* the first statement that is cancelled ends well, and the next one is hit */
    bool forgets;          /* no statement stays prepared */
    int connections, statements, parses, cancels, closed;
    eddy_event go;
    eddy_event cancelled;
    char settings[512];    /* of the last login: names and values, with blanks between */
    char log[2048];        /* what was executed, a line each */
};

/* One connection. */
struct talk {
    struct fake *fake;
    eddy_stream *s;
    char type;
    char body[BODY];
    size_t size;
    char names[NAMES][32], texts[NAMES][128]; /* prepared statements */
    int name_count;
    char sql[128], value[128];                /* bound */
    bool has_value;
    bool skips;                               /* after an error, until Sync */
};

static uint32_t number_at(const char *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, 4);
    return ntohl(number);
}

async(void, send_message, (struct talk *, t), (char, type), (const char *, body), (size_t, size))
{
    uint32_t length = htonl((uint32_t)size + 4);
    eddy_slice parts[] = {{&type, 1}, {(char *)&length, 4}, {body, size}};
    await(eddy_stream_writev(t->s, parts, 3));
}

async(void, send_error, (struct talk *, t), (const char *, state), (const char *, text))
{
    char body[256];
    int size = snprintf(body, sizeof body, "SERROR%cVERROR%cC%.5s%cM%s%c%c", 0, 0, state, 0, text, 0, 0);
    await(send_message(t, 'E', body, (size_t)size));
}

async(void, read_message, (struct talk *, t), (bool, has_type))
{
    char head[5] = {0};
    await(eddy_stream_read_exactly(t->s, head + !has_type, has_type ? 5 : 4));
    t->type = head[0];
    t->size = number_at(head + 1) - 4;
    CHECK(t->size < BODY);
    await(eddy_stream_read_exactly(t->s, t->body, t->size));
    t->body[t->size] = '\0';
}

static void note_settings(struct talk *t)
{
    size_t size = t->size - 4 < sizeof t->fake->settings ? t->size - 4 : sizeof t->fake->settings - 1;
    for (size_t i = 0; i < size; i++)
        t->fake->settings[i] = t->body[i + 4] ? t->body[i + 4] : ' ';
    t->fake->settings[size] = '\0';
}

/* Returns false: the connection ends. */
async(bool, log_in, (struct talk *, t))
{
    await(read_message(t, false));
    while (number_at(t->body) == SSL_REQUEST || number_at(t->body) == GSS_REQUEST) {
        await(eddy_stream_write(t->s, "N", 1));
        await(read_message(t, false));
    }
    if (number_at(t->body) == CANCEL_REQUEST) {
        CHECK(number_at(t->body + 8) == KEY);
        t->fake->cancels++;
        eddy_event_set(&t->fake->cancelled);
        return false;
    }
    CHECK(number_at(t->body) == PROTOCOL);
    note_settings(t);
    t->fake->connections++;
    if (t->fake->is_silent)
        await(eddy_event_wait(&t->fake->go));
    if (t->fake->refusal) {
        await(send_error(t, t->fake->refusal, t->fake->refusal + 6));
        return false;
    }
    uint32_t ok = 0, key[2] = {htonl((uint32_t)t->fake->connections), htonl(KEY)};
    await(send_message(t, 'R', (char *)&ok, 4));
    await(send_message(t, 'K', (char *)key, 8));
    await(send_message(t, 'Z', "I", 1));
    return true;
}

static const char *text_of(struct talk *t, const char *name)
{
    for (int i = t->name_count; i--;)
        if (strcmp(t->names[i], name) == 0 && !(*name && t->fake->forgets))
            return t->texts[i];
    return NULL;
}

async(void, refuse, (struct talk *, t), (const char *, state), (const char *, text))
{
    t->skips = true;
    await(send_error(t, state, text));
}

async(void, parse, (struct talk *, t))
{
    const char *name = t->body, *sql = name + strlen(name) + 1;
    t->fake->parses++;
    if (strncmp(sql, "bad", 3) == 0) {
        await(refuse(t, "42601", "it is bad"));
        return;
    }
    int i = *name ? t->name_count : 0; /* the unnamed one is replaced */
    t->name_count += i == t->name_count;
    CHECK(t->name_count < NAMES);
    snprintf(t->names[i], sizeof t->names[i], "%.31s", name);
    snprintf(t->texts[i], sizeof t->texts[i], "%.127s", sql);
    await(send_message(t, '1', "", 0));
}

/* portal, statement, formats, values, formats. */
async(void, bind_values, (struct talk *, t))
{
    const char *name = t->body + strlen(t->body) + 1, *at = name + strlen(name) + 1, *sql = text_of(t, name);
    if (!sql) {
        await(refuse(t, "26000", "there is no such statement"));
        return;
    }
    snprintf(t->sql, sizeof t->sql, "%s", sql);
    at += 2 + 2 * (number_at(at) >> 16);
    t->has_value = number_at(at) >> 16 > 0 && (int32_t)number_at(at + 2) >= 0;
    if (t->has_value)
        snprintf(t->value, sizeof t->value, "%.*s", (int)number_at(at + 2), at + 6);
    await(send_message(t, '2', "", 0));
}

static bool does(const struct talk *t, const char *word)
{
    const char *sql = strncmp(t->sql, "select ", 7) == 0 ? t->sql + 7 : t->sql;
    return strncmp(sql, word, strlen(word)) == 0;
}

static bool has_rows(const struct talk *t)
{
    return does(t, "echo") || does(t, "count") || does(t, "hang");
}

async(void, describe, (struct talk *, t))
{
    static const char column[] = "\0\1name\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0";
    if (has_rows(t))
        await(send_message(t, 'T', column, sizeof column - 1));
    else
        await(send_message(t, 'n', "", 0));
}

async(void, send_row, (struct talk *, t), (const char *, value))
{
    char row[160] = {0, 1};
    uint32_t size = htonl(value ? (uint32_t)strlen(value) : UINT32_MAX);
    memcpy(row + 2, &size, 4);
    if (value)
        memcpy(row + 6, value, strlen(value));
    await(send_message(t, 'D', row, 6 + (value ? strlen(value) : 0)));
    await(send_message(t, 'C', "SELECT 1", 9));
}

async(void, hang, (struct talk *, t))
{
    while (!eddy_event_is_set(&t->fake->go) && !eddy_event_is_set(&t->fake->cancelled))
        await(eddy_sleep(0.001));
    if (eddy_event_is_set(&t->fake->cancelled) && !t->fake->cancels_late) {
        eddy_event_clear(&t->fake->cancelled);
        await(refuse(t, "57014", "canceling statement due to user request"));
    } else {
        t->fake->cancels_late = false;
        await(send_row(t, t->value));
    }
}

static void note_statement(struct talk *t)
{
    size_t used = strlen(t->fake->log);
    snprintf(t->fake->log + used, sizeof t->fake->log - used, "%s\n", t->sql);
    t->fake->statements++;
}

/* Returns false: the connection ends. */
async(bool, execute, (struct talk *, t))
{
    char count[16];
    note_statement(t);
    if (does(t, "die"))
        return false;
    snprintf(count, sizeof count, "%d", t->fake->statements);
    if (does(t, "echo"))
        await(send_row(t, t->has_value ? t->value : NULL));
    else if (does(t, "count"))
        await(send_row(t, count));
    else if (does(t, "hang"))
        await(hang(t));
    else if (does(t, "fails"))
        await(refuse(t, "23505", "it is there already"));
    else if (does(t, "torn"))
        await(eddy_stream_write(t->s, "D\0\0\1", 4));
    else if (does(t, "noise"))
        await(eddy_stream_write(t->s, "?!?!?!?!?!", 10));
    else
        await(send_message(t, 'C', "DONE", 5));
    return !does(t, "torn");
}

/* Returns false: the connection ends. */
async(bool, answer, (struct talk *, t))
{
    if (t->type == 'S') {
        t->skips = false;
        await(send_message(t, 'Z', "I", 1));
    } else if (t->type == 'X') {
        return false;
    } else if (t->skips) {
        return true;
    } else if (t->type == 'P') {
        await(parse(t));
    } else if (t->type == 'B') {
        await(bind_values(t));
    } else if (t->type == 'D') {
        await(describe(t));
    } else if (t->type == 'E') {
        return await(execute(t));
    }
    return true;
}

static void note_closed(struct fake *fake)
{
    fake->closed++;
}

async(void, serve_pg, (eddy_stream *, s), (struct fake *, fake))
{
    struct talk *t = calloc(1, sizeof *t);
    eddy_error err;
    if (!t)
        throw(ENOMEM);
    defer(free, t);
    t->fake = fake;
    t->s = s;
    t->name_count = 1; /* the unnamed one */
    bool goes_on = await(log_in(t), &err);
    if (err.code || !goes_on)
        return;
    defer(note_closed, fake);
    while (goes_on) {
        await(read_message(t, true), &err);
        if (err.code) /* the client has gone */
            return;
        goes_on = await(answer(t), &err);
        if (err.code)
            return;
    }
}

async(void, fake_start, (struct fake *, fake))
{
    char path[128];
    if (fake->path) {
        snprintf(path, sizeof path, "%s/.s.PGSQL.5432", fake->path);
        fake->server = await(eddy_start_unix_server(serve_pg, fake, path));
        snprintf(fake->url, sizeof fake->url, "postgresql://me@/shop?host=%s&port=5432", fake->path);
    } else {
        fake->server = await(eddy_start_server(serve_pg, fake, "127.0.0.1", 0));
        snprintf(fake->url, sizeof fake->url, "postgresql://me@127.0.0.1:%d/shop", eddy_server_port(fake->server));
    }
}

async(void, fake_stop, (struct fake *, fake))
{
    await(eddy_server_close(fake->server, 0));
    fake->server = NULL;
}

#endif
