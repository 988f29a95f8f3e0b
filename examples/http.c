/* SPDX-License-Identifier: MIT */
/*
 * http.c - an HTTP/1.1 server:  http [PORT [ADDRESS]]     GET /: a greeting; POST /echo: what was sent
 *
 * Connections are kept, requests may be pipelined, bodies may come in chunks. What is no request, too large or too slow
 * is answered as such, and the connection is closed. Ctrl-C stops it, after the requests that are under way.
 */
#define _GNU_SOURCE /* strcasestr */
#include "http_request.h"

#include <signal.h>
#include <time.h>

enum { PATIENCE = 30, FAREWELL = 2 }; /* seconds for a request; for a client to take the last answer */

static const char *date(void)
{
    static char text[40];
    static time_t last;
    time_t now = time(NULL);
    if (now != last)
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
    last = now;
    return text;
}

async(void, answer, (eddy_stream *, s), (const struct request *, r), (const char *, status), (const void *, body),
      (size_t, size))
{
    char head[256];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %s\r\nDate: %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s%s\r\n",
                          status, date(), size, strncmp(status, "405", 3) ? "" : "Allow: GET, HEAD, POST\r\n",
                          !r->keep ? "Connection: close\r\n" : r->minor ? "" : "Connection: keep-alive\r\n");
    eddy_slice parts[] = {{head, (size_t)length}, {body, strcmp(r->method, "HEAD") ? size : 0}};
    await(eddy_stream_writev(s, parts, 2));
}

async(void, respond, (eddy_stream *, s), (const struct request *, r))
{
    bool get = !strcmp(r->method, "GET") || !strcmp(r->method, "HEAD"), post = !strcmp(r->method, "POST");
    if (!get && !post)
        await(answer(s, r, "405 Method Not Allowed", NULL, 0));
    else if (get && !strcmp(r->target, "/"))
        await(answer(s, r, "200 OK", "Hello, world\n", 13));
    else if (post && !strcmp(r->target, "/echo"))
        await(answer(s, r, "200 OK", r->body.data, r->body.size));
    else
        await(answer(s, r, "404 Not Found", "There is no such page\n", 22));
}

/* If bytes are unread when a connection is closed, the kernel resets it, and the answer is lost. */
async(void, part, (eddy_stream *, s))
{
    eddy_slice waste;
    await(eddy_stream_write_eof(s));
    eddy_stream_set_deadline(s, eddy_time() + FAREWELL);
    while (await(eddy_stream_read_some(s, &waste)) > 0)
        ;
}

/* The answer for a request that could not be read; NULL: no client to answer. */
static const char *blame(const eddy_stream *s, const eddy_error *err)
{
    if (err->code == EDDY_LIMIT_OVERRUN)
        return "431 Request Header Fields Too Large";
    if (err->code == ETIMEDOUT && eddy_stream_partial(s).size)
        return "408 Request Timeout";
    return NULL;
}

async(void, serve, (eddy_stream *, s), (void *, nothing))
{
    struct request r = {.keep = true};
    const char *refusal = NULL;
    eddy_error err = {0};
    (void)nothing;
    defer(request_free, &r);
    while (r.keep && !err.code) {
        eddy_stream_set_deadline(s, eddy_time() + PATIENCE);
        refusal = await(request_read(s, &r), &err);
        if (err.code || refusal)
            break;
        await(respond(s, &r), &err);
    }
    if (err.code)
        refusal = blame(s, &err);
    if (refusal) {
        r.keep = false;
        eddy_stream_set_deadline(s, eddy_time() + FAREWELL);
        await(answer(s, &r, refusal, NULL, 0), &err);
        await(part(s), &err);
    }
}

async(void, stop, (eddy_server *, server))
{
    await(eddy_server_close(server, 5));
}

// [end]
/* Until SIGTERM; Ctrl-C cancels the main task instead. */
async(void, told_to_end)
{
    async_for (number, eddy_signals(SIGTERM)) {
        (void)number;
        return;
    }
}

async(int, main_task, (const char *, host), (int, port))
{
    eddy_error err;
    eddy_server *server = await(eddy_start_server(serve, (void *)NULL, host, port));
    printf("http://%s:%d/  (Ctrl-C or SIGTERM ends it)\n", host, eddy_server_port(server));
    fflush(stdout);
    await_always(told_to_end(), &err);
    await(stop(server)); /* no new connections, idle ones end, the others have five seconds */
    if (err.code)
        rethrow(&err); /* Ctrl-C: status 130 */
    return 0;
}
// [end]

int main(int argc, char **argv)
{
    return eddy_run(main_task(argc > 2 ? argv[2] : "127.0.0.1", argc > 1 ? atoi(argv[1]) : 0));
}
