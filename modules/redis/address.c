/* SPDX-License-Identifier: MIT */
/* address.c - see address.h. The parts of a URL may contain %XX. */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "address.h"

#include "../shared/url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 6379 };

/* What is read, and what is wrong with it. */
struct reading {
    struct address *address;
    struct url_problem problem;
};

static int database_of(struct reading *r, const char *text, const char *why)
{
    return url_number(&r->problem, text, strlen(text), 1 << 20, why);
}

/* USER:PASSWORD, or :PASSWORD, or USER. */
static void read_login(struct reading *r, const char *text, size_t size)
{
    const char *colon = memchr(text, ':', size);
    size_t user = colon ? (size_t)(colon - text) : size;
    if (user)
        r->address->user = url_part(&r->problem, text, user);
    if (colon)
        r->address->password = url_part(&r->problem, colon + 1, size - user - 1);
}

/* [LOGIN@]HOST[/DATABASE] */
static void read_network(struct reading *r, const char *text)
{
    size_t size = strcspn(text, "/?#");
    const char *rest = text + size, *at = memrchr(text, '@', size);
    if (at) {
        read_login(r, text, (size_t)(at - text));
        size -= (size_t)(at + 1 - text);
        text = at + 1;
    }
    struct url_host host = url_host(&r->problem, text, size, PORT);
    r->address->host = host.name;
    r->address->port = host.port;
    if (*rest == '/')
        rest++;
    r->address->database = database_of(r, rest, "after the host comes /DATABASE, a number");
}

/* PATH[?db=DATABASE] */
static void read_path(struct reading *r, const char *text)
{
    size_t size = strcspn(text, "?");
    const char *rest = text + size;
    r->address->path = url_part(&r->problem, text, size);
    if (size == 0)
        url_refuse(&r->problem, EINVAL, "the URL has no path");
    if (strncmp(rest, "?db=", 4) == 0)
        r->address->database = database_of(r, rest + 4, "db= is followed by a number");
    else if (*rest)
        url_refuse(&r->problem, EINVAL, "after the path there can only be ?db=DATABASE");
}

static void read_url(struct reading *r, const char *url)
{
    if (url && strncmp(url, "redis://", 8) == 0)
        read_network(r, url + 8);
    else if (url && (r->address->has_tls = strncmp(url, "rediss://", 9) == 0))
        read_network(r, url + 9);
    else if (url && strncmp(url, "unix://", 7) == 0)
        read_path(r, url + 7);
    else
        url_refuse(&r->problem, EINVAL, "the URL begins with redis://, rediss:// or unix://");
}

/* ==== the options ==== */

static void replace(struct reading *r, char **text, const char *by)
{
    if (!by)
        return;
    free(*text);
    *text = strdup(by);
    if (!*text)
        url_refuse(&r->problem, ENOMEM, "no memory for the options");
}

static void set_default(double *seconds, double otherwise)
{
    if (!(*seconds > 0))
        *seconds = otherwise;
}

static void read_options(struct reading *r, const eddy_redis_options *options)
{
    eddy_redis_options *limits = &r->address->limits;
    if (options && (options->size == 0 || options->size > sizeof *options))
        url_refuse(&r->problem, EINVAL, "eddy_redis_options.size must be sizeof(eddy_redis_options)");
    else if (options)
        memcpy(limits, options, options->size);
    replace(r, &r->address->user, limits->user);
    replace(r, &r->address->password, limits->password);
    replace(r, &r->address->name, limits->name);
    limits->user = limits->password = limits->name = NULL;
    if (limits->database > 0)
        r->address->database = limits->database;
    if (limits->protocol != 0 && limits->protocol != 2 && limits->protocol != 3)
        url_refuse(&r->problem, EINVAL, "protocol is 0, 2 or 3");
    set_default(&limits->connect_seconds, 10);
    set_default(&limits->first_delay, 0.05);
    set_default(&limits->longest_delay, 2);
    if (!limits->reply_limit)
        limits->reply_limit = (size_t)64 << 20;
    if (!limits->connections)
        limits->connections = 8;
}

/* ==== the address ==== */

static void set_label(struct address *a)
{
    if (a->host)
        snprintf(a->label, sizeof a->label, strchr(a->host, ':') ? "%s[%.100s]:%d" : "%s%.100s:%d",
                 a->has_tls ? "rediss://" : "redis://", a->host, a->port);
    else
        snprintf(a->label, sizeof a->label, "unix://%.120s", a->path);
}

struct address *address_new(const char *url, const eddy_redis_options *options, int *code, const char **why)
{
    struct reading r = {.address = calloc(1, sizeof *r.address)};
    if (!r.address) {
        *code = ENOMEM;
        *why = "no memory for the address";
        return NULL;
    }
    r.address->uses = 1;
    read_url(&r, url);
    read_options(&r, options);
    if (!r.problem.code)
        set_label(r.address);
    *code = r.problem.code;
    *why = r.problem.why;
    if (!r.problem.code)
        return r.address;
    address_drop(r.address);
    return NULL;
}

struct address *address_use(struct address *address)
{
    address->uses++;
    return address;
}

void address_drop(struct address *address)
{
    if (!address || --address->uses)
        return;
    if (address->password) /* so that freed memory does not contain it */
        explicit_bzero(address->password, strlen(address->password));
    free(address->host);
    free(address->path);
    free(address->user);
    free(address->password);
    free(address->name);
    free(address);
}
