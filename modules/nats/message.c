/* SPDX-License-Identifier: MIT */
/*
 * message.c - see message.h.
 *
 * Invariant: a message is one block: the struct, its subject, its reply, its headers and its data, with a 0 byte each.
 * Headers are kept as name, 0, value, 0, so that finding one copies nothing.
 */
#define EDDY_LIBRARY
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VERSION "NATS/1.0"

/* ==== messages that have arrived ==== */

static char *copy(char *to, eddy_slice text)
{
    if (text.size)
        memcpy(to, text.data, text.size);
    to[text.size] = '\0';
    return to + text.size + 1;
}

/* A 0 byte in a header would end its name or value too early, and headers would be looked for after the last one. */
static bool has_zero(const char *line, const char *end)
{
    return memchr(line, 0, (size_t)(end - line)) != NULL;
}

/* "Name: value" becomes name, 0, value, 0 at `to`, which is not larger. */
static char *copy_header(char *to, const char *line, const char *end)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (!colon || colon == line || has_zero(line, end))
        return to;
    const char *value = colon + 1;
    while (value < end && *value == ' ')
        value++;
    to = copy(to, (eddy_slice){line, (size_t)(colon - line)});
    return copy(to, (eddy_slice){value, (size_t)(end - value)});
}

/* What follows a status is kept as the header Description, which takes no more room than the line. */
static char *copy_description(char *to, const char *status, const char *end)
{
    if (end - status < 5 || has_zero(status, end))
        return to;
    to = copy(to, (eddy_slice){"Description", 11});
    return copy(to, (eddy_slice){status + 4, (size_t)(end - status - 4)});
}

/* The first line is the version, and in answers of the server a status of three digits. */
static int status_of(const char *at, const char *end)
{
    int status = 0;
    for (at += sizeof VERSION; at < end && *at >= '0' && *at <= '9' && status < 1000; at++)
        status = status * 10 + (*at - '0');
    return status;
}

static void copy_headers(eddy_nats_message *m, char *to, eddy_slice raw)
{
    const char *at = raw.data, *end = raw.size ? raw.data + raw.size : raw.data; /* NULL + 0 is undefined in C */
    m->headers = to;
    for (bool is_first = true; at < end; is_first = false) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        const char *next = line_end ? line_end + 1 : end;
        line_end = line_end ? line_end : end;
        if (line_end > at && line_end[-1] == '\r')
            line_end--;
        if (is_first && line_end - at > (long)sizeof VERSION) {
            m->status = status_of(at, line_end);
            to = copy_description(to, at + sizeof VERSION, line_end);
        }
        if (!is_first)
            to = copy_header(to, at, line_end);
        at = next;
    }
    *to = '\0';
}

eddy_nats_message *message_new(eddy_nats *client, const struct view *view)
{
    size_t bytes = view->subject.size + view->reply.size + view->headers.size + view->data.size;
    eddy_nats_message *m = malloc(sizeof *m + bytes + 5);
    if (!m)
        return NULL;
    char *subject = (char *)(m + 1);
    char *reply = copy(subject, view->subject);
    char *data = copy(reply, view->reply);
    char *headers = copy(data, view->data);
    *m = (eddy_nats_message){.subject = subject, .reply = reply, .data = {data, view->data.size},
                             .client = client, .bytes = sizeof *m + bytes};
    copy_headers(m, headers, view->headers);
    return m;
}

void eddy_nats_message_free(eddy_nats_message *m)
{
    free(m);
}

const char *eddy_nats_header_of(const eddy_nats_message *m, const char *name)
{
    for (const char *at = m->headers; *at;) {
        const char *value = at + strlen(at) + 1;
        if (strcasecmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

/* ==== messages that are sent ==== */

const char *subject_problem(const char *subject, bool wildcards)
{
    if (!subject || !*subject)
        return "the subject is empty";
    if (*subject == '.' || subject[strlen(subject) - 1] == '.' || strstr(subject, ".."))
        return "a part of the subject between two dots is empty";
    for (const char *at = subject; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 127)
            return "the subject has a blank or a control character in it";
    if (!wildcards && strpbrk(subject, "*>"))
        return "the subject has a wildcard in it, to which nothing can be published";
    return NULL;
}

const char *outgoing_problem(const eddy_nats_outgoing *m)
{
    const char *why = subject_problem(m->subject, false);
    if (!why && m->reply)
        why = subject_problem(m->reply, false);
    for (size_t i = 0; i < m->header_count && !why; i++) {
        const eddy_nats_header *h = &m->headers[i];
        if (!h->name || !*h->name || strpbrk(h->name, ": \r\n") || !h->value || strpbrk(h->value, "\r\n"))
            why = "a header has no name, or its name or its value has a character that is not allowed";
    }
    if (!why && m->id && (!*m->id || strpbrk(m->id, "\r\n")))
        why = "the id of a message is not valid";
    return why;
}

static const char id_name[] = "Nats-Msg-Id";

static size_t header_bytes(const char *name, const char *value)
{
    return strlen(name) + strlen(value) + 4;
}

size_t outgoing_header_size(const eddy_nats_outgoing *m)
{
    size_t size = m->id ? header_bytes(id_name, m->id) : 0;
    for (size_t i = 0; i < m->header_count; i++)
        size += header_bytes(m->headers[i].name, m->headers[i].value);
    return size ? size + sizeof VERSION - 1 + 4 : 0;
}

static bool append(eddy_buffer *buffer, const char *text)
{
    return eddy_buffer_append(buffer, text, strlen(text));
}

static bool append_header(eddy_buffer *buffer, const char *name, const char *value)
{
    return append(buffer, name) && append(buffer, ": ") && append(buffer, value) && append(buffer, "\r\n");
}

static bool append_headers(eddy_buffer *buffer, const eddy_nats_outgoing *m)
{
    bool ok = append(buffer, VERSION "\r\n");
    if (ok && m->id)
        ok = append_header(buffer, id_name, m->id);
    for (size_t i = 0; i < m->header_count && ok; i++)
        ok = append_header(buffer, m->headers[i].name, m->headers[i].value);
    return ok && append(buffer, "\r\n");
}

static bool append_head(eddy_buffer *buffer, const eddy_nats_outgoing *m, const char *reply, size_t headers)
{
    char sizes[64];
    if (headers)
        snprintf(sizes, sizeof sizes, " %zu %zu\r\n", headers, headers + m->data.size);
    else
        snprintf(sizes, sizeof sizes, " %zu\r\n", m->data.size);
    return append(buffer, headers ? "HPUB " : "PUB ") && append(buffer, m->subject) &&
           (!reply || (append(buffer, " ") && append(buffer, reply))) && append(buffer, sizes);
}

bool outgoing_append(eddy_buffer *buffer, const eddy_nats_outgoing *m, const char *reply)
{
    size_t before = buffer->size, headers = outgoing_header_size(m);
    if (append_head(buffer, m, reply, headers) && (!headers || append_headers(buffer, m)) &&
        (!m->data.size || eddy_buffer_append(buffer, m->data.data, m->data.size)) && append(buffer, "\r\n"))
        return true;
    buffer->size = before;
    return false;
}
