/* SPDX-License-Identifier: MIT */
/* resolve.c - getaddrinfo, without blocking the loop.  The rule stands in resolve.h. */
#define EDDY_LIBRARY
#include "io/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

struct host_name {
    char text[RESOLVE_NAME]; /* "": none */
};

static int code_of(int error)
{
    switch (error) {
    case EAI_SYSTEM: return errno;
    case EAI_MEMORY: return ENOMEM;
    case EAI_AGAIN: return EAGAIN;
    case EAI_FAIL: return EIO;
    default: return ENOENT;
    }
}

static struct address_list look_up(const char *host, int port, int flags)
{
    struct address_list list = {.code = 0};
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_flags = flags | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    int error = getaddrinfo(host[0] ? host : NULL, service, &hints, &found);
    if (error) {
        list.code = code_of(error);
        list.reason = error == EAI_SYSTEM ? "" : gai_strerror(error);
        return list;
    }
    for (struct addrinfo *one = found; one && list.count < RESOLVE_MOST; one = one->ai_next)
        if (one->ai_addrlen <= sizeof list.items[0])
            memcpy(&list.items[list.count++], one->ai_addr, one->ai_addrlen);
    freeaddrinfo(found);
    return list;
}

eddy_blocking(struct address_list, look_up_name, (struct host_name, name), (int, port), (int, flags))
{
    return look_up(name.text, port, flags);
}

eddy_async_define(struct address_list, resolve_host, (const char *, host), (int, port), (bool, passive))
{
    int flags = passive ? AI_PASSIVE : 0;
    struct host_name name = {""};
    struct address_list list = {.code = ENOENT, .reason = "the name is too long"};
    if (host && strlen(host) >= sizeof name.text)
        return list;
    if (host)
        strcpy(name.text, host);
    list = look_up(name.text, port, flags | AI_NUMERICHOST);
    if (list.code != ENOENT)
        return list;
    list = eddy_await(look_up_name(name, port, flags));
    if (list.code == ENOENT && strcmp(name.text, "localhost") == 0) /* RFC 6761: also where no file names it */
        list = look_up("127.0.0.1", port, flags | AI_NUMERICHOST);
    return list;
}
