/* SPDX-License-Identifier: MIT */
/* url.c - see url.h. Hosts and targets must be such as a head may have: nothing is escaped here. */
#define _GNU_SOURCE
#include "url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "head.h"

/* ==== joining ==== */

static size_t scheme_size(const char *text)
{
    return strncasecmp(text, "http://", 7) == 0 ? 7 : strncasecmp(text, "https://", 8) == 0 ? 8 : 0;
}

/* It begins with a scheme, of any kind: so it is not a path below another URL (RFC 3986, 4.2). */
static bool is_absolute(const char *text)
{
    const char *at = text;
    while (isalnum((unsigned char)*at) || (*at && strchr("+-.", *at)))
        at++;
    return *at == ':' && isalpha((unsigned char)*text);
}

/* Takes "." and ".." out of the path at text, up to its query; those above the root are dropped (RFC 3986, 5.2.4). */
static void remove_dots(char *text)
{
    size_t end = strcspn(text, "?");
    char *out = text;
    for (char *in = text; in < text + end;) {
        char *next = memchr(in + 1, '/', (size_t)(text + end - in - 1));
        size_t size = (size_t)((next ? next : text + end) - in);
        bool one = size == 2 && in[1] == '.', two = size == 3 && in[1] == '.' && in[2] == '.';
        if (two)
            while (out > text && *--out != '/')
                ;
        if (!one && !two) {
            memmove(out, in, size);
            out += size;
        } else if (!next) {
            *out++ = '/';
        }
        in += size;
    }
    memmove(out, text + end, strlen(text + end) + 1);
}

/* The reference as an absolute URL; NULL: no memory. */
static char *join(const struct url *base, const char *reference)
{
    char *text = NULL;
    size_t path = base ? strcspn(base->target, "?") : 0, folder = path;
    int done;
    while (folder && base->target[folder - 1] != '/')
        folder--;
    if (!base || is_absolute(reference))
        done = asprintf(&text, "%s", reference);
    else if (strncmp(reference, "//", 2) == 0)
        done = asprintf(&text, "%s%s", base->secure ? "https:" : "http:", reference);
    else if (*reference == '/')
        done = asprintf(&text, "%.*s%s", (int)base->origin, base->text, reference);
    else if (*reference == '?' || *reference == 0)
        done = asprintf(&text, "%.*s%s", (int)(base->origin + path), base->text, reference);
    else
        done = asprintf(&text, "%.*s%s", (int)(base->origin + folder), base->text, reference);
    return done < 0 ? NULL : text;
}

/* ==== parts ==== */

/* "host:port" at text, as a string. False: it is not valid. */
static bool read_place(struct url *url, char *text)
{
    size_t size = strlen(text);
    char *colon = strrchr(text, ':'), *bracket = strchr(text, ']');
    if (!head_is_host(text, size))
        return false;
    url->port = url->secure ? 443 : 80;
    if (colon && colon > bracket) {
        *colon = 0;
        url->port = colon[1] && strlen(colon + 1) < 6 ? atoi(colon + 1) : 0;
    }
    url->host = text;
    if (bracket) {
        *bracket = 0;
        url->host++;
    }
    return *url->host && url->port > 0 && url->port < 65536;
}

static bool is_default_port(const struct url *url)
{
    return url->port == (url->secure ? 443 : 80);
}

/* text: an absolute URL in memory of malloc, which url takes over. */
static int take_apart(struct url *url, char *text)
{
    size_t scheme = scheme_size(text), size = scheme ? strcspn(text + scheme, "/?") : 0, length = strlen(text);
    bool bare = text[scheme + size] != '/';
    *url = (struct url){.secure = scheme == 8, .origin = scheme + size};
    /* the URL, with a "/" if it has no path; the host and its port, twice: for the field, and for the call */
    url->text = malloc(length + 2 + 2 * (size + 1));
    if (!url->text)
        return ENOMEM;
    sprintf(url->text, "%.*s%s%s", (int)url->origin, text, bare ? "/" : "", text + url->origin);
    url->target = url->text + url->origin;
    remove_dots(url->text + url->origin);
    char *place = url->text + length + 2, *copy = place + size + 1;
    sprintf(place, "%.*s", (int)size, text + scheme);
    strcpy(copy, place);
    url->place = place;
    if (!scheme || !head_is_target(url->target) || !read_place(url, copy))
        return EINVAL;
    if (is_default_port(url) && strrchr(place, ':') > strrchr(place, ']') && strrchr(place, ':'))
        *strrchr(place, ':') = 0;
    return 0;
}

int url_make(struct url *url, const struct url *base, const char *reference)
{
    char *text = join(base, reference);
    *url = (struct url){0};
    if (!text)
        return ENOMEM;
    text[strcspn(text, "#")] = 0;
    int error = take_apart(url, text);
    free(text);
    if (error)
        url_free(url);
    return error;
}

void url_free(struct url *url)
{
    free(url->text);
    *url = (struct url){0};
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return a->secure == b->secure && a->port == b->port && strcasecmp(a->host, b->host) == 0;
}
