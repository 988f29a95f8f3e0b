/* SPDX-License-Identifier: MIT */
/* json.c - see json.h. A text ends with a 0 byte, at which every scan ends, too. */
#define EDDY_LIBRARY
#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Behind the closing quote; NULL: it does not end. */
static const char *skip_text(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && !*++at)
            return NULL;
    return *at ? at + 1 : NULL;
}

/* Arrays and objects: up to the bracket that closes the first one. */
static const char *skip_nested(const char *at)
{
    int depth = 0;
    do {
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        else if (!*at)
            return NULL;
        at = *at == '"' ? skip_text(at) : at + 1;
    } while (at && depth);
    return at;
}

static const char *skip_value(const char *at)
{
    if (*at == '"')
        return skip_text(at);
    if (*at == '{' || *at == '[')
        return skip_nested(at);
    size_t size = strcspn(at, ",]} \t\r\n");
    return size ? at + size : NULL;
}

/* The value of a member of the object at `at`. NULL: there is none. */
static const char *find_member(const char *at, const char *name, size_t size)
{
    at = skip_blanks(at);
    if (*at++ != '{')
        return NULL;
    for (;;) {
        at = skip_blanks(at);
        const char *key = at + 1, *key_end = *at == '"' ? skip_text(at) : NULL;
        at = key_end ? skip_blanks(key_end) : NULL;
        if (!at || *at != ':')
            return NULL;
        at = skip_blanks(at + 1);
        if ((size_t)(key_end - 1 - key) == size && memcmp(key, name, size) == 0)
            return at;
        at = skip_value(at);
        at = at ? skip_blanks(at) : NULL;
        if (!at || *at++ != ',')
            return NULL;
    }
}

bool json_find(const char *json, const char *path, eddy_slice *value)
{
    for (const char *at = json; at;) {
        size_t size = strcspn(path, ".");
        at = find_member(at, path, size);
        path += size;
        if (at && !*path++) {
            const char *end = skip_value(at);
            *value = (eddy_slice){at, end ? (size_t)(end - at) : 0};
            return end != NULL;
        }
    }
    return false;
}

bool eddy_nats_json_number(const char *json, const char *path, uint64_t *value)
{
    eddy_slice text;
    if (!json_find(json, path, &text) || !(*text.data >= '0' && *text.data <= '9'))
        return false;
    *value = strtoull(text.data, NULL, 10);
    return true;
}

bool json_bool(const char *json, const char *path)
{
    eddy_slice text;
    return json_find(json, path, &text) && text.size == 4 && memcmp(text.data, "true", 4) == 0;
}

/* \u00XX only as far as one byte holds it: the server writes names and its own sentences. */
static char escaped(const char **at)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    char c = *++*at;
    const char *found = c ? strchr(from, c) : NULL;
    unsigned code = 0;
    if (c == 'u' && sscanf(*at + 1, "%4x", &code) == 1 && strlen(*at) > 4) {
        *at += 4;
        return code < 128 ? (char)code : '?';
    }
    return found ? to[found - from] : c;
}

static void copy_text(eddy_slice raw, char *to, size_t size)
{
    size_t used = 0;
    for (const char *at = raw.data + 1; at < raw.data + raw.size - 1 && used + 1 < size; at++)
        to[used++] = *at == '\\' ? escaped(&at) : *at;
    if (size)
        to[used] = '\0';
}

bool json_text(const char *json, const char *path, char *to, size_t size)
{
    eddy_slice raw;
    if (!json_find(json, path, &raw) || *raw.data != '"')
        return false;
    copy_text(raw, to, size);
    return true;
}

bool json_next_text(eddy_slice *array, char *to, size_t size)
{
    const char *end = array->data + array->size, *at = memchr(array->data, '"', array->size);
    const char *after = at ? skip_text(at) : NULL;
    if (!after || after > end)
        return false;
    copy_text((eddy_slice){at, (size_t)(after - at)}, to, size);
    *array = (eddy_slice){after, (size_t)(end - after)};
    return true;
}

bool json_append(eddy_buffer *to, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return size >= 0 && (size_t)size < sizeof text && eddy_buffer_append(to, text, (size_t)size);
}

bool json_append_text(eddy_buffer *to, const char *text)
{
    bool ok = eddy_buffer_append(to, "\"", 1);
    for (; ok && *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 32 || c == '"' || c == '\\')
            ok = json_append(to, "\\u%04x", c);
        else
            ok = eddy_buffer_append(to, text, 1);
    }
    return ok && eddy_buffer_append(to, "\"", 1);
}
