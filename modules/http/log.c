/* SPDX-License-Identifier: MIT */
/* log.c - the access log. What a client has sent is escaped: no field of a request makes a line of its own. */
#define EDDY_LIBRARY
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "exchange.h"

/* Writes as snprintf does: counts what has no room. */
struct line {
    char *at;
    size_t room, size;
};

static void put(struct line *line, char c)
{
    if (line->size + 1 < line->room)
        line->at[line->size] = c;
    line->size++;
}

static void put_text(struct line *line, const char *text)
{
    while (*text)
        put(line, *text++);
}

/* As Apache does: \" \\ \xhh. */
static void put_escaped(struct line *line, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            put(line, '\\');
        if (c >= ' ' && c < 127) {
            put(line, (char)c);
            continue;
        }
        put_text(line, "\\x");
        put(line, digits[c >> 4]);
        put(line, digits[c & 15]);
    }
}

static void put_field(struct line *line, const eddy_http_request *request, const char *name)
{
    const char *value = request ? eddy_http_field(request->fields, name) : NULL;
    put_text(line, " \"");
    put_escaped(line, value ? value : "-");
    put_text(line, "\"");
}

/* Without the port, which differs with each connection. */
static void put_peer(struct line *line, eddy_stream *stream)
{
    char name[128];
    eddy_stream_peer_name(stream, name, sizeof name);
    char *colon = strrchr(name, ':');
    if (colon && (!strchr(name, '/') && name[0] != '@'))
        *colon = 0;
    put_escaped(line, *name ? name : "-");
}

static void put_request(struct line *line, const eddy_http_request *request)
{
    if (!request) {
        put_text(line, "-");
        return;
    }
    put_escaped(line, request->method);
    put(line, ' ');
    put_escaped(line, request->target);
    put_text(line, request->version == 10 ? " HTTP/1.0" : " HTTP/1.1");
}

size_t eddy_http_access_format(const eddy_http_access *access, char *buffer, size_t size)
{
    struct line line = {buffer, size, 0};
    char number[64];
    time_t now = time(NULL);
    struct tm tm;
    put_peer(&line, access->stream);
    strftime(number, sizeof number, " - - [%d/%b/%Y:%H:%M:%S +0000] \"", gmtime_r(&now, &tm));
    put_text(&line, number);
    put_request(&line, access->request);
    snprintf(number, sizeof number, "\" %d %llu", access->status, (unsigned long long)access->sent);
    put_text(&line, number);
    put_field(&line, access->request, "Referer");
    put_field(&line, access->request, "User-Agent");
    if (size)
        buffer[line.size < size ? line.size : size - 1] = 0;
    return line.size;
}
