/* SPDX-License-Identifier: MIT */
/* address.c - addresses of sockets, from text and to text. */
#include "io/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

_Static_assert(sizeof(struct sockaddr_storage) <= sizeof((struct eddy_address *)0)->data, "eddy_address has room");

static size_t written(int length)
{
    return length < 0 ? 0 : (size_t)length;
}

/* ==== of hosts ==== */

socklen_t address_size(const union address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

static int address_port(const union address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

void address_set_port(union address *address, int port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons((uint16_t)port);
    else
        address->v4.sin_port = htons((uint16_t)port);
}

static char *put_number(char *to, unsigned number)
{
    char digits[10], *first = digits + sizeof digits;
    do
        *--first = (char)('0' + number % 10);
    while (number /= 10);
    size_t length = (size_t)(digits + sizeof digits - first);
    memcpy(to, first, length);
    return to + length;
}

/* Avoids printf and inet_ntop, which take ten times as long: each connection that is reset makes such a text. */
static size_t format_v4(const union address *address, char *buffer, size_t size)
{
    const unsigned char *host = (const unsigned char *)&address->v4.sin_addr;
    char text[sizeof "255.255.255.255:65535"], *end = text;
    for (int i = 0; i < 4; i++) {
        end = put_number(end, host[i]);
        *end++ = i < 3 ? '.' : ':';
    }
    end = put_number(end, (unsigned)address_port(address));
    size_t length = (size_t)(end - text), kept = length < size ? length : size - 1;
    if (size > 0) {
        memcpy(buffer, text, kept);
        buffer[kept] = '\0';
    }
    return length;
}

size_t address_format(const union address *address, char *buffer, size_t size)
{
    if (address->any.sa_family == AF_INET)
        return format_v4(address, buffer, size);
    char host[INET6_ADDRSTRLEN], zone[16] = "";
    if (address->any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host)) {
        if (address->v6.sin6_scope_id)
            snprintf(zone, sizeof zone, "%%%u", address->v6.sin6_scope_id);
        return written(snprintf(buffer, size, "[%s%s]:%d", host, zone, address_port(address)));
    }
    return written(snprintf(buffer, size, "an unknown address"));
}

struct eddy_address address_public(const union address *address)
{
    struct eddy_address public = {.size = address_size(address)};
    memcpy(public.data, address, public.size);
    return public;
}

/* ==== of any family ==== */

static bool is_ip(const eddy_address *address)
{
    int family = address->size ? address_any(address)->sa_family : AF_UNSPEC;
    return family == AF_INET || family == AF_INET6;
}

static union address host_part(const eddy_address *address)
{
    union address host = {.any.sa_family = AF_UNSPEC};
    memcpy(&host, address->data, address->size < sizeof host ? address->size : sizeof host);
    return host;
}

/* The zone of fe80::1%eth0 or fe80::1%2; false: no such interface. */
static bool set_zone(struct sockaddr_in6 *address, const char *zone)
{
    char *end;
    unsigned long number = strtoul(zone, &end, 10);
    address->sin6_scope_id = *zone && !*end ? (uint32_t)number : if_nametoindex(zone);
    return address->sin6_scope_id != 0;
}

int eddy_address_ip(eddy_address *address, const char *host, int port)
{
    union address parsed;
    char plain[INET6_ADDRSTRLEN];
    if (!host)
        host = "";
    const char *zone = strchr(host, '%');
    size_t length = zone ? (size_t)(zone - host) : strlen(host);
    memset(&parsed, 0, sizeof parsed);
    address->size = 0;
    if (port < 0 || port > 65535 || length >= sizeof plain)
        return EINVAL;
    memcpy(plain, host, length);
    plain[length] = '\0';
    if (inet_pton(AF_INET6, plain, &parsed.v6.sin6_addr) == 1) {
        parsed.v6.sin6_family = AF_INET6;
        if (zone && !set_zone(&parsed.v6, zone + 1))
            return EINVAL;
    } else if (!zone && inet_pton(AF_INET, plain, &parsed.v4.sin_addr) == 1) {
        parsed.v4.sin_family = AF_INET;
    } else {
        return EINVAL;
    }
    address_set_port(&parsed, port);
    *address = address_public(&parsed);
    return 0;
}

int eddy_address_unix(eddy_address *address, const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    address->size = 0;
    if (length == 0 || length >= sizeof name.sun_path)
        return ENAMETOOLONG;
    memcpy(name.sun_path, path, length);
    bool abstract = path[0] == '@';
    if (abstract)
        name.sun_path[0] = '\0';
    address->size = (unsigned)(offsetof(struct sockaddr_un, sun_path) + length + !abstract);
    memcpy(address->data, &name, sizeof name);
    return 0;
}

static size_t format_unix(const eddy_address *address, char *buffer, size_t size)
{
    const struct sockaddr_un *name = (const void *)address->data;
    size_t length = address->size - offsetof(struct sockaddr_un, sun_path);
    if (address->size <= offsetof(struct sockaddr_un, sun_path))
        return written(snprintf(buffer, size, "an unnamed socket"));
    if (name->sun_path[0] == '\0')
        return written(snprintf(buffer, size, "@%.*s", (int)length - 1, name->sun_path + 1));
    return written(snprintf(buffer, size, "%.*s", (int)strnlen(name->sun_path, length), name->sun_path));
}

size_t eddy_address_format(const eddy_address *address, char *buffer, size_t size)
{
    if (address->size && address_any(address)->sa_family == AF_UNIX)
        return format_unix(address, buffer, size);
    union address host = host_part(address);
    return address_format(&host, buffer, size);
}

int eddy_address_port(const eddy_address *address)
{
    union address host = host_part(address);
    return is_ip(address) ? address_port(&host) : 0;
}

bool eddy_address_equal(const eddy_address *a, const eddy_address *b)
{
    union address x = host_part(a), y = host_part(b);
    if (!is_ip(a) || !is_ip(b))
        return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
    if (x.any.sa_family != y.any.sa_family || address_port(&x) != address_port(&y))
        return false;
    if (x.any.sa_family == AF_INET)
        return x.v4.sin_addr.s_addr == y.v4.sin_addr.s_addr;
    return memcmp(&x.v6.sin6_addr, &y.v6.sin6_addr, sizeof x.v6.sin6_addr) == 0 &&
           x.v6.sin6_scope_id == y.v6.sin6_scope_id;
}
