/* SPDX-License-Identifier: MIT */
/*
 * address.c - see address.h.
 *
 * Invariant: libpq is never given a host without its number. It would look the name up by itself, and the loop would
 * wait for that. So services are refused, too: libpq reads the host from their file.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is read, and what is wrong with it; code 0: nothing. */
struct reading {
    struct address *address;
    int code;
    char *why;
};

static void refuse(struct reading *r, int code, const char *why)
{
    if (!r->code) {
        r->code = code;
        snprintf(r->why, 256, "%s", why);
    }
}

static char *copy(struct reading *r, const char *text)
{
    char *copied = strdup(text);
    if (!copied)
        refuse(r, ENOMEM, "there is no memory for the URL");
    return copied;
}

static void free_secret(char *value)
{
    if (value)
        explicit_bzero(value, strlen(value));
    free(value);
}

static void replace(struct reading *r, char **text, const char *by)
{
    free_secret(*text);
    *text = copy(r, by);
}

static void set(struct reading *r, const char *name, const char *value)
{
    struct address *a = r->address;
    if (r->code) /* a name may be missing */
        return;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->names[i], name) == 0) {
            replace(r, &a->values[i], value);
            return;
        }
    if (a->count == MOST_SETTINGS - 4) { /* libpq 15 has 43 names */
        refuse(r, EINVAL, "there are too many settings");
        return;
    }
    a->names[a->count] = copy(r, name);
    a->values[a->count] = copy(r, value);
    a->count++;
}

/* ==== the URL ==== */

static void read_setting(struct reading *r, const PQconninfoOption *o)
{
    struct address *a = r->address;
    const char *value = o->val ? o->val : o->envvar ? getenv(o->envvar) : NULL;
    if (strcmp(o->keyword, "host") == 0)
        replace(r, &a->hosts, value ? value : "");
    else if (strcmp(o->keyword, "hostaddr") == 0)
        replace(r, &a->numbers, value ? value : "");
    else if (strcmp(o->keyword, "port") == 0)
        replace(r, &a->ports, value ? value : "");
    else if (strcmp(o->keyword, "service") == 0 && value)
        refuse(r, EINVAL, "a service (service=, PGSERVICE) is not supported: name its host, port and dbname");
    else if (o->val)
        set(r, o->keyword, value);
}

/* libpq's message may repeat the URL, or a part of it, which may be a password, in quotes: so it ends there. A quoted
 * character, as "=", is none. Quotes of other languages are no ASCII. */
static size_t harmless(const char *message)
{
    size_t size = 0;
    while (message[size] >= ' ' && message[size] <= '~') {
        bool quotes = message[size] == '"';
        if (quotes && (!message[size + 1] || message[size + 2] != '"'))
            break;
        size += quotes ? 3 : 1;
    }
    return size;
}

static void refuse_url(struct reading *r, char *message)
{
    if (message)
        message[harmless(message)] = '\0';
    refuse(r, message ? EINVAL : ENOMEM,
           !message ? "there is no memory for the URL" : *message ? message : "the URL cannot be read");
}

/* libpq would take it for "name=value", and complain of the missing "=". */
static bool has_other_scheme(const char *url)
{
    size_t size = strcspn(url, ":=");
    bool is_known = strncmp(url, "postgresql:", 11) == 0 || strncmp(url, "postgres:", 9) == 0;
    return strncmp(url + size, "://", 3) == 0 && !is_known;
}

static void read_url(struct reading *r, const char *url)
{
    char *message = NULL;
    if (!url) {
        refuse(r, EINVAL, "there is no URL");
        return;
    }
    if (has_other_scheme(url)) {
        refuse(r, EINVAL, "the URL begins with postgresql://");
        return;
    }
    PQconninfoOption *all = PQconninfoParse(url, &message);
    if (!all)
        refuse_url(r, message);
    for (const PQconninfoOption *o = all; o && o->keyword && !r->code; o++)
        read_setting(r, o);
    PQconninfoFree(all);
    PQfreemem(message);
}

/* ==== the options ==== */

static const char *setting(const struct address *a, const char *name, const char *otherwise)
{
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->names[i], name) == 0)
            return a->values[i];
    return otherwise;
}

static void set_default(double *seconds, double otherwise)
{
    if (!(*seconds > 0))
        *seconds = otherwise;
}

static bool are_ports(const char *list)
{
    return strspn(list, "0123456789,") == strlen(list);
}

static void read_options(struct reading *r, const eddy_pg_options *options)
{
    eddy_pg_options *limits = &r->address->limits;
    if (options && (options->size == 0 || options->size > sizeof *options))
        refuse(r, EINVAL, "eddy_pg_options.size must be sizeof(eddy_pg_options)");
    else if (options)
        memcpy(limits, options, options->size);
    if (limits->user)
        set(r, "user", limits->user);
    if (limits->password)
        set(r, "password", limits->password);
    if (!r->code && !are_ports(r->address->ports))
        refuse(r, EINVAL, "the port is not a number");
    if (!r->code && !setting(r->address, "gssencmode", NULL))
        set(r, "gssencmode", "disable"); /* Kerberos' library waits for its server */
    if (!r->code && !setting(r->address, "fallback_application_name", NULL))
        set(r, "fallback_application_name", "eddy");
    limits->user = limits->password = NULL;
    set_default(&limits->connect_seconds, 10);
    set_default(&limits->first_delay, 0.05);
    set_default(&limits->longest_delay, 2);
    if (!limits->connections)
        limits->connections = 8;
    if (!limits->statements)
        limits->statements = 256;
}

static bool is_path(const char *host)
{
    return *host == '/' || *host == '@';
}

static void set_label(struct address *a)
{
    const char *host = *a->hosts ? a->hosts : a->numbers, *database = setting(a, "dbname", "");
    if (!*host || is_path(host))
        snprintf(a->label, sizeof a->label, "postgresql:///%.50s%s%.80s", database, *host ? "?host=" : "", host);
    else
        snprintf(a->label, sizeof a->label, "postgresql://%.80s%s%.12s/%.50s", host, *a->ports ? ":" : "", a->ports,
                 database);
}

/* ==== the address ==== */

struct address *address_new(const char *url, const eddy_pg_options *options, int *code, char why[256])
{
    struct reading r = {.address = calloc(1, sizeof *r.address), .why = why};
    if (!r.address) {
        *code = ENOMEM;
        snprintf(why, 256, "there is no memory for the address");
        return NULL;
    }
    r.address->uses = 1;
    read_url(&r, url);
    if (!r.code)
        read_options(&r, options);
    if (!r.code)
        set_label(r.address);
    *code = r.code;
    if (!r.code)
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
    for (size_t i = 0; i < address->count; i++) {
        free(address->names[i]);
        free_secret(address->values[i]); /* a password stays in no freed memory */
    }
    free(address->hosts);
    free(address->numbers);
    free(address->ports);
    free(address);
}

/* ==== looking up ==== */

void place_free(struct place *place)
{
    eddy_buffer_free(&place->hosts);
    eddy_buffer_free(&place->numbers);
    eddy_buffer_free(&place->ports);
}

/* The i-th element of a list with commas; past its end: the last one if `repeats`, else "". */
static eddy_slice element(const char *list, size_t i, bool repeats)
{
    size_t size = strcspn(list, ",");
    for (; i && list[size] == ','; i--) {
        list += size + 1;
        size = strcspn(list, ",");
    }
    return i && !repeats ? (eddy_slice){"", 0} : (eddy_slice){list, size};
}

static size_t count_of(const char *list)
{
    size_t count = *list != '\0';
    for (; *list; list++)
        count += *list == ',';
    return count;
}

static bool append(eddy_buffer *list, bool first, eddy_slice text)
{
    return (first || eddy_buffer_append(list, ",", 1)) &&
           (text.size == 0 || eddy_buffer_append(list, text.data, text.size));
}

static bool add(struct place *place, eddy_slice host, const char *number, eddy_slice port)
{
    bool first = place->count++ == 0;
    return append(&place->hosts, first, host) && append(&place->ports, first, port) &&
           append(&place->numbers, first, (eddy_slice){number, strlen(number)});
}

static void free_list(struct addrinfo **list)
{
    if (*list)
        freeaddrinfo(*list);
}

/* All addresses of a host: libpq tries them in turn. */
eddy_async(void, find_host, (struct place *, place), (eddy_slice, host), (eddy_slice, port))
{
    char name[NI_MAXHOST], number[NI_MAXHOST];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    if (host.size >= sizeof name)
        eddy_raise(EINVAL, "the name of the host is too long");
    snprintf(name, sizeof name, "%.*s", (int)host.size, host.data);
    eddy_defer(free_list, &list);
    list = eddy_await(eddy_getaddrinfo(name, NULL, &hints));
    for (const struct addrinfo *one = list; one; one = one->ai_next)
        if (getnameinfo(one->ai_addr, one->ai_addrlen, number, sizeof number, NULL, 0, NI_NUMERICHOST) == 0 &&
            !add(place, host, number, port))
            eddy_raise(ENOMEM, "there is no memory for the addresses");
}

/* The i-th of the hosts. */
eddy_async(void, find_one, (const struct address *, a), (size_t, i), (struct place *, place))
{
    eddy_slice host = element(a->hosts, i, false), number = element(a->numbers, i, false);
    eddy_slice port = element(a->ports, i, true);
    char digits[NI_MAXHOST];
    snprintf(digits, sizeof digits, "%.*s", (int)number.size, number.data);
    if (host.size && !number.size && !is_path(host.data))
        eddy_await(find_host(place, host, port));
    else if (!add(place, host, digits, port))
        eddy_raise(ENOMEM, "there is no memory for the addresses");
}

static bool end_lists(struct place *place)
{
    return eddy_buffer_append(&place->hosts, "", 1) && eddy_buffer_append(&place->numbers, "", 1) &&
           eddy_buffer_append(&place->ports, "", 1);
}

/* A host of several that is not found is left out. */
eddy_async_define(void, address_find, (const struct address *, a), (struct place *, place))
{
    size_t hosts = count_of(a->hosts), numbers = count_of(a->numbers), ports = count_of(a->ports);
    size_t count = hosts ? hosts : numbers ? numbers : 1;
    eddy_error err;
    if ((hosts && numbers && hosts != numbers) || (ports > 1 && ports != count))
        eddy_raise(EINVAL, "host, hostaddr and port must have the same number of elements");
    for (size_t i = 0; i < count; i++) {
        eddy_await(find_one(a, i, place), &err);
        if (err.code && (err.code == ECANCELED || err.code == ENOMEM || (i + 1 == count && !place->count)))
            eddy_reraise(&err);
    }
    if (!end_lists(place))
        eddy_raise(ENOMEM, "there is no memory for the addresses");
}
