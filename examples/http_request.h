/* SPDX-License-Identifier: MIT */
/*
 * http_request.h - reading a request of HTTP/1.1 by RFC 9112 from a stream.
 *
 * A request that could be read in two ways is refused, since a proxy in front may have read it the other way.
 */
#ifndef EXAMPLES_HTTP_REQUEST_H
#define EXAMPLES_HTTP_REQUEST_H

#include <ctype.h>
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REQUEST_HEAD = 8192, REQUEST_BODY = 1 << 20 }; /* bytes at most */

struct request {
    char method[16], target[256];
    int minor;          /* the minor version: HTTP/1.minor */
    int hosts;          /* Host fields */
    bool keep;          /* false: the connection is closed after this request is answered */
    bool sized;         /* there is a Content-Length */
    bool chunked;
    bool expects;       /* the client expects "100 Continue" before it sends the body */
    size_t size;        /* size of the body, in bytes, unless it is chunked */
    eddy_buffer body;
};

static inline void request_free(struct request *r)
{
    eddy_buffer_free(&r->body);
}

/* A number of digits only; REQUEST_BODY + 1 at most. */
static inline bool request_number(const char *text, int base, size_t *number)
{
    char *end;
    *number = 0;
    if (!isxdigit((unsigned char)*text) || (base == 16 && tolower((unsigned char)text[1]) == 'x'))
        return false;
    unsigned long long value = strtoull(text, &end, base);
    *number = value > REQUEST_BODY ? REQUEST_BODY + 1 : (size_t)value;
    return *end == 0;
}

/* These three give NULL, or the status that refuses the request. */
static inline const char *request_field(struct request *r, char *name)
{
    char *value = strchr(name, ':');
    if (!value || value == name || strcspn(name, " \t") < (size_t)(value - name))
        return "400 Bad Request";
    *value++ = 0;
    value += strspn(value, " \t");
    for (size_t size = strlen(value); size && strchr(" \t", value[size - 1]);)
        value[--size] = 0;
    if (!strcasecmp(name, "content-length")) {
        size_t before = r->size;
        if (!request_number(value, 10, &r->size) || (r->sized && r->size != before))
            return "400 Bad Request";
        r->sized = true;
    } else if (!strcasecmp(name, "transfer-encoding")) {
        if (r->chunked || strcasecmp(value, "chunked"))
            return "501 Not Implemented";
        r->chunked = true;
    } else if (!strcasecmp(name, "connection")) {
        r->keep = !strcasestr(value, "close") && (r->keep || strcasestr(value, "keep-alive"));
    } else if (!strcasecmp(name, "expect")) {
        r->expects = !strcasecmp(value, "100-continue");
    } else if (!strcasecmp(name, "host")) {
        r->hosts++;
    }
    return NULL;
}

static inline const char *request_line(struct request *r, const char *line)
{
    int end = 0;
    if (strlen(line) >= sizeof r->target)
        return "414 URI Too Long";
    if (sscanf(line, "%15[!-~] %255[!-~] HTTP/1.%1d%n", r->method, r->target, &r->minor, &end) != 3 || line[end] ||
        strspn(line, " "))
        return strstr(line, " HTTP/") && !strstr(line, " HTTP/1.") ? "505 HTTP Version Not Supported"
                                                                   : "400 Bad Request";
    r->keep = r->minor > 0;
    return NULL;
}

static inline const char *request_head(struct request *r, eddy_slice head)
{
    char text[REQUEST_HEAD + 8], *rest = text;
    *r = (struct request){.body = r->body};
    memcpy(text, head.data, head.size);
    text[head.size] = 0;
    rest += strspn(rest, "\r\n"); /* an empty line before a request does not belong to it */
    const char *refusal = strlen(text) < head.size ? "400 Bad Request" : NULL;
    for (int number = 0; !refusal && *rest; number++) {
        char *line = strsep(&rest, "\n");
        size_t size = strlen(line);
        if (size && line[size - 1] == '\r')
            line[--size] = 0;
        if (size)
            refusal = number ? request_field(r, line) : request_line(r, line);
    }
    if (!refusal && ((r->minor && r->hosts != 1) || (r->chunked && (r->sized || !r->minor))))
        refusal = "400 Bad Request";
    return refusal;
}

/* Appends the next size bytes to the body. */
async(const char *, request_read_part, (eddy_stream *, s), (struct request *, r), (size_t, size))
{
    char part[4096];
    if (size > REQUEST_BODY - r->body.size)
        return "413 Content Too Large";
    while (size) {
        size_t got = await(eddy_stream_read(s, part, size < sizeof part ? size : sizeof part));
        if (got == 0)
            throw(EDDY_INCOMPLETE_READ, "the body lacks %zu bytes", size);
        if (!eddy_buffer_append(&r->body, part, got))
            throw(ENOMEM, "the body of a request");
        size -= got;
    }
    return NULL;
}

/* Reads a line into `text`, without its end. */
async(void, request_read_line, (eddy_stream *, s), (char *, text), (size_t, size))
{
    eddy_slice line;
    await(eddy_stream_read_until(s, "\r\n", &line));
    if (line.size >= size)
        throw(EDDY_LIMIT_OVERRUN, "a line of %zu bytes", line.size);
    memcpy(text, line.data, line.size - 2);
    text[line.size - 2] = 0;
}

async(const char *, request_read_chunks, (eddy_stream *, s), (struct request *, r))
{
    char line[256];
    for (size_t size = 1; size;) {
        await(request_read_line(s, line, sizeof line));
        line[strcspn(line, "; \t")] = 0; /* extensions */
        if (!request_number(line, 16, &size))
            return "400 Bad Request";
        const char *refusal = await(request_read_part(s, r, size));
        if (refusal)
            return refusal;
        if (size)
            await(request_read_line(s, line, sizeof line));
        if (size && *line)
            return "400 Bad Request";
    }
    do
        await(request_read_line(s, line, sizeof line)); /* trailers */
    while (*line);
    return NULL;
}

/* Reads the next request. Returns NULL, or the status that refuses it; EDDY_INCOMPLETE_READ: the client has
 * disconnected. */
async(const char *, request_read, (eddy_stream *, s), (struct request *, r))
{
    static const eddy_slice ends[] = {{"\r\n\r\n", 4}, {"\n\n", 2}};
    eddy_slice head;
    eddy_stream_set_limit(s, REQUEST_HEAD);
    eddy_stream_set_idle(s, true); /* a server that closes ends it here, before the first byte */
    do
        await(eddy_stream_read_until_any(s, ends, 2, &head));
    while (head.size == 4 && head.data[0] == '\r');
    eddy_stream_set_idle(s, false);
    r->body.size = 0;
    const char *refusal = request_head(r, head);
    if (!refusal && r->size > REQUEST_BODY)
        refusal = "413 Content Too Large";
    if (!refusal && r->expects && r->minor && (r->size || r->chunked))
        await(eddy_stream_printf(s, "HTTP/1.1 100 Continue\r\n\r\n"));
    if (refusal)
        return refusal;
    return r->chunked ? await(request_read_chunks(s, r)) : await(request_read_part(s, r, r->size));
}

#endif
