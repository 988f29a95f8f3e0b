/* SPDX-License-Identifier: MIT */
/* target.c - see target.h. */
#define _GNU_SOURCE
#include "target.h"

#include <string.h>
#include <strings.h>

/* ==== percent signs ==== */

/* The byte that "%41" at text stands for; -1: it is not valid. */
static int byte_of(const char *text, size_t size)
{
    if (size < 3 || head_digit(text[1]) < 0 || head_digit(text[2]) < 0)
        return -1;
    return head_digit(text[1]) * 16 + head_digit(text[2]);
}

long target_decode(char *text, size_t size, bool query)
{
    size_t out = 0;
    for (size_t in = 0; in < size; in++) {
        int byte = (unsigned char)text[in];
        if (byte == '+' && query)
            byte = ' ';
        else if (byte == '%') {
            byte = byte_of(text + in, size - in);
            if (byte <= 0)
                return -1;
            in += 2;
        }
        text[out++] = (char)byte;
    }
    text[out] = 0;
    return (long)out;
}

/* ==== the path ==== */

/* Decodes the part of a path at *in, up to the next slash. False: a byte is not valid; an encoded slash would be a
 * part's byte for one reader and the end of the part for another. */
static bool decode_part(const char **in, const char *end, char **out)
{
    for (; *in < end && **in != '/'; ++*in) {
        int byte = (unsigned char)**in;
        if (byte == '%') {
            byte = byte_of(*in, (size_t)(end - *in));
            if (byte < 32 || byte == 127 || byte == '/')
                return false;
            *in += 2;
        }
        *(*out)++ = (char)byte;
    }
    return true;
}

/* The part in [slash, out) is complete. Takes "." and ".." back, with what is before it; NULL: that is above the
 * root. */
static char *end_part(char *path, char *slash, char *out)
{
    size_t size = (size_t)(out - slash) - 1;
    if (size == 1 && slash[1] == '.')
        return slash;
    if (size != 2 || slash[1] != '.' || slash[2] != '.')
        return out;
    return slash == path ? NULL : memrchr(path, '/', (size_t)(slash - path));
}

/* [in, end) begins with a slash. */
static bool read_path(struct target *target, struct head *head, struct arena *arena, const char *in, const char *end)
{
    char *path = arena_take(arena, (size_t)(end - in) + 1), *out = path;
    if (!path)
        return head_refuse(head, 503, "there is no memory for the path");
    while (in < end) {
        char *slash = out;
        *out++ = *in++;
        if (!decode_part(&in, end, &out))
            return head_refuse(head, 400, "the path has an encoded byte that is not valid");
        char *ended = end_part(path, slash, out);
        if (!ended)
            return head_refuse(head, 400, "the path leads above the root");
        if (in == end && ended < out)
            *ended++ = '/';
        out = ended;
    }
    *out = 0;
    target->path = path;
    return true;
}

/* [in, end): a path and a query; an empty path means "/". */
static bool read_origin(struct target *target, struct head *head, struct arena *arena, const char *in, const char *end)
{
    const char *mark = memchr(in, '?', (size_t)(end - in));
    target->query = mark ? mark + 1 : NULL;
    if (mark)
        end = mark;
    if (in == end) {
        target->path = "/";
        return true;
    }
    return read_path(target, head, arena, in, end);
}

/* "http://host/path": its host counts, and a Host field that names another one is not believed. */
static bool read_absolute(struct target *target, struct head *head, struct arena *arena, size_t scheme)
{
    const char *host = head->target + scheme, *end = head->target + head->target_size;
    size_t size = strcspn(host, "/?");
    target->host = arena_copy(arena, host, size);
    if (!target->host)
        return head_refuse(head, 503, "there is no memory for the host");
    if (!head->host || strcasecmp(target->host, head->host) != 0)
        return head_refuse(head, 400, "the target and the Host field name different hosts");
    return read_origin(target, head, arena, host + size, end);
}

bool target_read(struct target *target, struct head *head, struct arena *arena)
{
    const char *text = head->target;
    *target = (struct target){.host = head->host ? head->host : ""};
    if (text[0] == '/')
        return read_origin(target, head, arena, text, text + head->target_size);
    if (strcmp(text, "*") == 0 && strcmp(head->method, "OPTIONS") == 0) {
        target->path = text;
        return true;
    }
    if (strncasecmp(text, "http://", 7) == 0)
        return read_absolute(target, head, arena, 7);
    if (strncasecmp(text, "https://", 8) == 0)
        return read_absolute(target, head, arena, 8);
    if (strcmp(head->method, "CONNECT") == 0)
        return head_refuse(head, 501, "CONNECT is not supported");
    return head_refuse(head, 400, "the target is not valid");
}

/* ==== routes ==== */

static size_t part_size(const char *text)
{
    return (size_t)(strchrnul(text, '/') - text);
}

bool target_is_route(const char *route)
{
    size_t params = 0;
    if (!route || (route[0] != '/' && strcmp(route, "*") != 0))
        return false;
    for (const char *at = route; *at; at++) {
        bool begins = at > route && at[-1] == '/';
        params += begins && (*at == ':' || *at == '*');
        if (begins && *at == '*' && at[1])
            return false;
    }
    return params <= TARGET_PARAMS;
}

bool target_fits(const char *path, const char *route)
{
    for (;;) {
        size_t size = part_size(path), wanted = part_size(route);
        if (route[0] == '*' && route[1] == 0)
            return true;
        bool fits = route[0] == ':' ? size > 0 : size == wanted && memcmp(path, route, size) == 0;
        if (!fits || !path[size] != !route[wanted])
            return false;
        if (!path[size])
            return true;
        path += size + 1;
        route += wanted + 1;
    }
}

bool target_take_params(struct target *target, const char *route, struct arena *arena)
{
    size_t size = strlen(target->path), count = 0;
    char *part = arena_copy(arena, target->path, size), *end = part + size;
    if (!part)
        return false;
    target->route = route;
    for (;;) {
        size_t length = part_size(part), wanted = part_size(route);
        if (route[0] == '*' && route[1] == 0) {
            target->params[count++] = part;
            return true;
        }
        char *next = part + length;
        *next = 0;
        if (route[0] == ':')
            target->params[count++] = part;
        if (next == end)
            return true;
        part = next + 1;
        route += wanted + 1;
    }
}

const char *target_param(const struct target *target, const char *name)
{
    size_t size = strlen(name), count = 0;
    for (const char *route = target->route; route;) {
        size_t length = part_size(route);
        bool named = route[0] == ':', rest = route[0] == '*' && length == 1;
        if ((named && length - 1 == size && memcmp(route + 1, name, size) == 0) || (rest && strcmp(name, "*") == 0))
            return target->params[count];
        count += named || rest;
        route = route[length] ? route + length + 1 : NULL;
    }
    return NULL;
}
