/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - see cancel.h.
 *
 * libpq's PQcancel waits for the server, without end if the server does not answer, and nothing can interrupt it. So
 * the request is sent by a stream of Eddy. The key in it is the server's, which libpq 15 shows only in its trace. If
 * a libpq shows no such key there, PQcancel is called on a thread. Nothing limits that call: its thread, and the end
 * of the loop, wait as long as the server does not answer.
 *
 * Invariant: a trace has passwords in it, so nothing of it is kept but the key.
 */
#define EDDY_LIBRARY
#define _GNU_SOURCE
#include "cancel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ==== the key ==== */

enum { LINE = 256, CANCEL_REQUEST = 80877102 };

/* A trace is written line by line; a longer line comes in parts. */
static ssize_t read_trace(void *cookie, const char *text, size_t size)
{
    static const char mark[] = "BackendKeyData\t";
    struct key *key = cookie;
    char line[LINE];
    const char *found = memmem(text, size, mark, sizeof mark - 1);
    if (found) {
        snprintf(line, sizeof line, "%.*s", (int)(text + size - found), found);
        int process, secret;
        key->is_known = sscanf(line + sizeof mark - 1, "%d %d\n", &process, &secret) == 2;
        key->process = (unsigned)process;
        key->secret = (unsigned)secret;
    }
    return (ssize_t)size;
}

FILE *key_note(struct key *key, PGconn *pg)
{
    FILE *trace = fopencookie(key, "w", (cookie_io_functions_t){.write = read_trace});
    if (!trace)
        return NULL;
    setvbuf(trace, NULL, _IOLBF, LINE);
    PQtrace(pg, trace);
    return trace;
}

void key_noted(PGconn *pg, FILE *trace)
{
    if (!trace)
        return;
    PQuntrace(pg);
    fclose(trace);
}

/* ==== the request ==== */

/* Where the server is. path: a Unix socket; "": host and port. */
struct target {
    char host[NI_MAXHOST], port[NI_MAXSERV];
    char path[sizeof ((struct sockaddr_un *)0)->sun_path];
};

static bool find_target(struct target *target, PGconn *pg)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    target->path[0] = '\0';
    if (getpeername(PQsocket(pg), (struct sockaddr *)(void *)&peer, &size) != 0)
        return false;
    if (peer.ss_family != AF_UNIX) /* a name may have several addresses */
        return getnameinfo((struct sockaddr *)(void *)&peer, size, target->host, sizeof target->host, target->port,
                           sizeof target->port, NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    int length = snprintf(target->path, sizeof target->path, "%s/.s.PGSQL.%s", PQhost(pg), PQport(pg));
    return length < (int)sizeof target->path;
}

eddy_async(eddy_stream *, connect_to, (const struct target *, target))
{
    if (*target->path)
        return eddy_await(eddy_open_unix_connection(target->path));
    return eddy_await(eddy_open_connection(target->host, atoi(target->port)));
}

eddy_async_free(connect_to, eddy_stream_abort);

/* The server answers by closing the connection. */
eddy_async(void, send_request, (const struct target *, target), (struct key, key), (bool *, was_sent))
{
    uint32_t request[4] = {htonl(16), htonl(CANCEL_REQUEST), htonl(key.process), htonl(key.secret)};
    eddy_slice answer;
    eddy_error err;
    eddy_stream *s = eddy_await(connect_to(target));
    eddy_defer(eddy_stream_abort, s);
    *was_sent = true;
    eddy_await(eddy_stream_write(s, request, sizeof request));
    while (eddy_await(eddy_stream_read_some(s, &answer), &err) > 0 && !err.code) {
    }
    if (err.code == ECANCELED)
        eddy_reraise(&err);
}

/* ==== without a key ==== */

/* An awaitable that a thread works on. It cannot end early: the thread uses the key until its end. */
struct request {
    struct eddy_awaitable awaitable;
    eddy_void result;
    PGcancel *key;
    bool was_heard;
    char why[256]; /* it was not */
};

static void ask_on_thread(struct eddy_awaitable *a)
{
    struct request *request = (struct request *)(void *)a;
    request->was_heard = PQcancel(request->key, request->why, sizeof request->why);
}

static const struct eddy_awaitable_type request_type = {.name = "eddy_pg_cancel",
                                                        .start = eddy_blocking_start,
                                                        .work = ask_on_thread,
                                                        .kind = EDDY_BLOCKING,
                                                        .size = sizeof(struct request)};

static void free_key(PGcancel **key)
{
    PQfreeCancel(*key);
}

eddy_async(void, ask_by_libpq, (PGconn *, pg), (bool *, was_sent))
{
    eddy_error err;
    struct request request = {EDDY_AWAITABLE_INIT(&request_type), .key = PQgetCancel(pg)};
    eddy_defer(free_key, &request.key);
    if (!request.key)
        eddy_raise(ENOTCONN, "libpq has no address to which the request to cancel could be sent");
    *was_sent = true;
    eddy_await_always(&request, &err);
    if (err.code)
        eddy_reraise(&err);
    if (!request.was_heard)
        eddy_raise(ECONNREFUSED, "%s", request.why);
}

eddy_async_define(void, cancel_ask, (PGconn *, pg), (struct key, key), (double, seconds), (bool *, was_sent))
{
    struct target target;
    *was_sent = false;
    if (!key.is_known)
        eddy_await(ask_by_libpq(pg, was_sent));
    else if (find_target(&target, pg))
        eddy_await_for(send_request(&target, key, was_sent), seconds);
    else
        eddy_raise(ENOTCONN, "it is not known where the server is");
}
