/* SPDX-License-Identifier: MIT */
/*
 * site.h - a small HTTP/1.1 responder on Eddy's streams: pages that link to each other, and pages that misbehave as
 * servers do. areq.c visits it; site.c runs it as a program.
 */
#ifndef EXAMPLES_SITE_H
#define EXAMPLES_SITE_H

#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SITE_PAGES = 12, SITE_PATH = 128 };

struct site_request {
    char method[16], path[SITE_PATH];
    bool keep_alive;
    size_t body_size; /* size of the text after the header */
};

static inline void site_take_header(struct site_request *request, const char *line)
{
    if (strncasecmp(line, "connection:", 11) == 0)
        request->keep_alive = strstr(line, "close") == NULL;
    if (strncasecmp(line, "content-length:", 15) == 0)
        request->body_size = strtoul(line + 15, NULL, 10);
}

/* False: the connection has ended. Text that is not a request is an error. */
async(bool, site_read_request, (eddy_stream *, s), (struct site_request *, request))
{
    char text[512], version[16];
    eddy_slice line;
    *request = (struct site_request){.keep_alive = false};
    eddy_stream_set_idle(s, true); /* if the server closes, the connection ends here */
    if (await(eddy_stream_read_line(s, &line)) == 0)
        return false;
    eddy_stream_set_idle(s, false);
    snprintf(text, sizeof text, "%.*s", (int)line.size, line.data);
    if (sscanf(text, "%15s %127s HTTP/%15s", request->method, request->path, version) != 3)
        throw(EBADMSG, "this is no HTTP request: %s", text);
    request->keep_alive = strcmp(version, "1.1") == 0;
    while (await(eddy_stream_read_line(s, &line)) > 2) { /* reads up to the empty line */
        snprintf(text, sizeof text, "%.*s", (int)line.size, line.data);
        site_take_header(request, text);
    }
    for (char skipped[512]; request->body_size;) {
        size_t size = request->body_size < sizeof skipped ? request->body_size : sizeof skipped;
        request->body_size -= await(eddy_stream_read_exactly(s, skipped, size));
    }
    return true;
}

async(void, site_send, (eddy_stream *, s), (const struct site_request *, request), (const char *, status),
      (const char *, more), (const char *, body))
{
    bool head = strcmp(request->method, "HEAD") == 0;
    await(eddy_stream_printf(s,
                             "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
                             "Connection: %s\r\n%s\r\n%s",
                             status, strlen(body), request->keep_alive ? "keep-alive" : "close", more,
                             head ? "" : body));
}

async(void, site_send_page, (eddy_stream *, s), (const struct site_request *, request), (int, number))
{
    char body[1024];
    await(eddy_sleep(0.02 * (number + 1))); /* as if the page had to be looked up */
    snprintf(body, sizeof body,
             "<!doctype html>\n<title>Page %d</title>\n<p><a href=\"/\">home</a>\n"
             "<a href=\"/page/%d\">before</a> <a href=\"../page/%d\">after</a> <a href=\"?q=%d#top\">search</a>\n"
             "<a href=\"//example.org/%d\">elsewhere</a> <a href=\"mailto:page%d@example.org\">write</a></p>\n",
             number, (number + SITE_PAGES - 1) % SITE_PAGES, (number + 1) % SITE_PAGES, number, number, number);
    await(site_send(s, request, "200 OK", "", body));
}

/* "/half", "/garbage", "/stall": the connection cannot be used again. */
async(void, site_misbehave, (eddy_stream *, s), (const struct site_request *, request))
{
    static const char promise[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<p>Once upon a ti";
    if (strcmp(request->path, "/garbage") == 0)
        await(eddy_stream_write(s, "\1\2 this was never HTTP \3\n", 25));
    else
        await(eddy_stream_write(s, promise, strlen(promise)));
    if (strcmp(request->path, "/stall") == 0)
        await(eddy_sleep(3600));
}

/* False: the connection must be closed. */
async(bool, site_answer, (eddy_stream *, s), (const struct site_request *, request))
{
    static const char *const bad[] = {"/half", "/garbage", "/stall"};
    int number, end = 0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (strcmp(request->path, bad[i]) == 0) {
            await(site_misbehave(s, request));
            return false;
        }
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        await(site_send(s, request, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", ""));
    else if (strcmp(request->path, "/") == 0)
        await(site_send_page(s, request, 0));
    else if (sscanf(request->path, "/page/%d%n", &number, &end) == 1 && strchr("?", request->path[end]) &&
             number >= 0 && number < SITE_PAGES)
        await(site_send_page(s, request, number));
    else if (strcmp(request->path, "/moved") == 0)
        await(site_send(s, request, "301 Moved Permanently", "Location: /page/1\r\n", ""));
    else if (strcmp(request->path, "/loop") == 0)
        await(site_send(s, request, "302 Found", "Location: /loop\r\n", ""));
    else
        await(site_send(s, request, "404 Not Found", "", "<p>There is no such page.</p>\n"));
    return request->keep_alive;
}

async(void, site_serve, (eddy_stream *, s), (void *, nothing))
{
    struct site_request request = {.keep_alive = true};
    eddy_error err;
    bool go_on = true;
    (void)nothing;
    while (go_on && await_for(site_read_request(s, &request), 30, &err))
        go_on = await(site_answer(s, &request), &err);
    if (err.code == EBADMSG)
        await(site_send(s, &request, "400 Bad Request", "", "<p>This is no HTTP request.</p>\n"), &err);
    /* Other errors come from a visitor who disconnected or was silent for too long. */
}

/* port 0: the kernel chooses a free one. */
async(eddy_server *, site_start, (int, port))
{
    return await(eddy_start_server(site_serve, (void *)NULL, "127.0.0.1", port));
}

/* The i-th of the URLs worth a visit; false: there are no more. */
static inline bool site_url(const eddy_server *site, size_t i, char *url, size_t size)
{
    static const char *const others[] = {"/moved", "/missing", "/loop", "/stall", "/half", "/garbage"};
    int port = eddy_server_port(site);
    if (i == 0)
        snprintf(url, size, "http://127.0.0.1:%d/", port);
    else if (i < SITE_PAGES)
        snprintf(url, size, "http://127.0.0.1:%d/page/%zu", port, i);
    else if (i < SITE_PAGES + sizeof others / sizeof *others)
        snprintf(url, size, "http://127.0.0.1:%d%s", port, others[i - SITE_PAGES]);
    else if (i == SITE_PAGES + sizeof others / sizeof *others)
        snprintf(url, size, "http://127.0.0.2:%d/refused", port);
    else
        return false;
    return true;
}

#endif
