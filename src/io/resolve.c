/* SPDX-License-Identifier: MIT */
/* resolve.c - from a host's name to addresses for TCP: see resolve.h. */
#define EDDY_LIBRARY
#include "io/resolve.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include "eddy/keywords.h"

static void take_addresses(struct address_list *list, const struct addrinfo *found)
{
    for (const struct addrinfo *one = found; one && list->count < RESOLVE_MOST; one = one->ai_next)
        if (one->ai_addrlen <= sizeof list->items[0])
            memcpy(&list->items[list->count++], one->ai_addr, one->ai_addrlen);
}

/* The text after "eddy_getaddrinfo(...): ". */
static void take_reason(struct address_list *list, const eddy_error *err)
{
    const char *words = strstr(err->message, "): ");
    list->code = err->code;
    snprintf(list->reason, sizeof list->reason, "%s", words ? words + 3 : err->message);
}

eddy_async_define(struct address_list, resolve_host, (const char *, host), (int, port), (bool, passive))
{
    eddy_error err;
    char service[16];
    struct address_list list = {.count = 0};
    struct addrinfo hints = {.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0), .ai_socktype = SOCK_STREAM};
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo *found =
        await(eddy_getaddrinfo(host && host[0] ? host : NULL, service, &hints), &err);
    if (err.code) {
        take_reason(&list, &err);
        return list;
    }
    take_addresses(&list, found);
    freeaddrinfo(found);
    return list;
}
