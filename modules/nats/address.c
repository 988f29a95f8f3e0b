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

/* What is read, and what is wrong with it. */
struct reading {
    struct address *address;
    struct url_problem problem;
};

static void replace(struct reading *r, char **text, const char *by)
{
    if (!by)
        return;
    free(*text);
    *text = strdup(by);
    if (!*text)
        url_refuse(&r->problem, ENOMEM, "no memory for the options");
}

/* USER:PASSWORD, or TOKEN. The first login of a URL is the login for all of its servers. */
static void read_login(struct reading *r, const char *text, size_t size)
{
    struct address *a = r->address;
    const char *colon = memchr(text, ':', size);
    if (a->user || a->token)
        return;
    if (!colon) {
        a->token = url_part(&r->problem, text, size);
        return;
    }
    a->user = url_part(&r->problem, text, (size_t)(colon - text));
    a->password = url_part(&r->problem, colon + 1, size - (size_t)(colon + 1 - text));
}

static void set_label(struct server *s)
{
    snprintf(s->label, sizeof s->label, strchr(s->host, ':') ? "%s[%.100s]:%d" : "%s%.100s:%d",
             s->has_tls ? "tls://" : "nats://", s->host, s->port);
}

static void read_host(struct reading *r, struct server *s, const char *text, size_t size)
{
    struct url_host host = url_host(&r->problem, text, size, PORT);
    s->host = host.name;
    s->port = host.port;
    if (s->host)
        set_label(s);
}

/* [nats://][LOGIN@]HOST[:PORT][/] */
static void read_server(struct reading *r, const char *text, size_t size)
{
    struct address *a = r->address;
    struct server *s = &a->servers[a->count];
    bool has_scheme = memmem(text, size, "://", 3) != NULL;
    s->has_tls = size >= 6 && memcmp(text, "tls://", 6) == 0;
    if (has_scheme && !s->has_tls && (size < 7 || memcmp(text, "nats://", 7) != 0)) {
        url_refuse(&r->problem, EINVAL, "the URL begins with nats:// or tls://");
        return;
    }
    size_t skipped = !has_scheme ? 0 : s->has_tls ? 6 : 7;
    text += skipped;
    size -= skipped;
    if (size && text[size - 1] == '/')
        size--;
    const char *at = memrchr(text, '@', size);
    if (at) {
        read_login(r, text, (size_t)(at - text));
        size -= (size_t)(at + 1 - text);
        text = at + 1;
    }
    if (memchr(text, '/', size))
        url_refuse(&r->problem, EINVAL, "after the host and the port the URL ends");
    a->count++;
    read_host(r, s, text, size);
}

static void read_url(struct reading *r, const char *url)
{
    if (!url || (strncmp(url, "nats://", 7) != 0 && strncmp(url, "tls://", 6) != 0))
        url_refuse(&r->problem, EINVAL, "the URL begins with nats:// or tls://");
    while (!r->problem.code && r->address->count < MOST_SERVERS) {
        size_t size = strcspn(url, ",");
        read_server(r, url, size);
        url += size;
        if (!*url++)
            return;
    }
    url_refuse(&r->problem, EINVAL, "the URL has more than 32 servers");
}

/* ==== the options ==== */

/* What stands between the lines "-----BEGIN ...-----" and "------END ...------" of a file of credentials. */
static char *read_block(struct reading *r, const char *text, const char *begin)
{
    const char *at = strstr(text, begin);
    at = at ? strchr(at, '\n') : NULL;
    if (!at) {
        url_refuse(&r->problem, EINVAL, "the file of credentials has no JWT, or no seed");
        return NULL;
    }
    at += 1;
    return url_part(&r->problem, at, strcspn(at, "\r\n"));
}

static void read_credentials(struct reading *r, const char *path)
{
    char text[16384];
    FILE *file = fopen(path, "re");
    if (!file) {
        url_refuse(&r->problem, errno, "the file of credentials cannot be opened");
        return;
    }
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    fclose(file);
    r->address->jwt = read_block(r, text, "BEGIN NATS USER JWT");
    r->address->seed = read_block(r, text, "BEGIN USER NKEY SEED");
    explicit_bzero(text, sizeof text);
}

static void set_default(double *seconds, double otherwise)
{
    if (!(*seconds > 0))
        *seconds = otherwise;
}

static void set_limits(eddy_nats_options *limits)
{
    set_default(&limits->connect_seconds, 10);
    set_default(&limits->ping_seconds, 60);
    set_default(&limits->first_delay, 0.05);
    set_default(&limits->longest_delay, 2);
    if (!limits->pending_limit)
        limits->pending_limit = (size_t)64 << 20;
    if (!limits->unsent_limit)
        limits->unsent_limit = (size_t)8 << 20;
}

static void read_options(struct reading *r, const eddy_nats_options *options)
{
    struct address *a = r->address;
    eddy_nats_options *limits = &a->limits;
    if (options && (options->size == 0 || options->size > sizeof *options))
        url_refuse(&r->problem, EINVAL, "eddy_nats_options.size must be sizeof(eddy_nats_options)");
    else if (options)
        memcpy(limits, options, options->size);
    replace(r, &a->user, limits->user);
    replace(r, &a->password, limits->password);
    replace(r, &a->token, limits->token);
    replace(r, &a->seed, limits->nkey_seed);
    replace(r, &a->name, limits->name);
    if (limits->credentials && !r->problem.code)
        read_credentials(r, limits->credentials);
    set_limits(limits);
}

/* ==== the address ==== */

struct address *address_new(const char *url, const eddy_nats_options *options, int *code, const char **why)
{
    struct reading r = {.address = calloc(1, sizeof *r.address)};
    if (!r.address) {
        *code = ENOMEM;
        *why = "no memory for the address";
        return NULL;
    }
    read_url(&r, url);
    read_options(&r, options);
    r.address->at = r.address->count - 1; /* the first one is tried first */
    *code = r.problem.code;
    *why = r.problem.why;
    if (!r.problem.code)
        return r.address;
    address_free(r.address);
    return NULL;
}

bool address_add(struct address *address, const char *server)
{
    if (address->count == MOST_SERVERS)
        return true;
    struct reading r = {.address = address};
    struct server *s = &address->servers[address->count];
    *s = (struct server){.has_tls = address->servers[0].has_tls};
    read_host(&r, s, server, strlen(server));
    bool is_known = r.problem.code != 0;
    for (size_t i = 0; i < address->count && !is_known; i++)
        is_known = address->servers[i].port == s->port && strcmp(address->servers[i].host, s->host) == 0;
    if (is_known)
        free(s->host);
    else
        address->count++;
    return r.problem.code != ENOMEM;
}

static void free_secret(char *text)
{
    if (text) /* it stays in no freed memory */
        explicit_bzero(text, strlen(text));
    free(text);
}

void address_free(struct address *address)
{
    if (!address)
        return;
    for (size_t i = 0; i < address->count; i++)
        free(address->servers[i].host);
    free_secret(address->password);
    free_secret(address->token);
    free_secret(address->seed);
    free_secret(address->jwt);
    free(address->user);
    free(address->name);
    free(address);
}
