/* SPDX-License-Identifier: MIT */
/*
 * dns.c - eddy_getaddrinfo and eddy_getnameinfo: the system's resolver, on separate threads.
 *
 * Lookups that need no resolver are answered on the loop's thread. Questions and answers are passed by value; a list
 * that no task waits for any more is freed when it arrives.
 */
#define EDDY_LIBRARY
#include <eddy.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/impl.h"
#include "io/turn.h"

/* The resolver's answer. */
struct verdict {
    int error;  /* an EAI_ value; 0: success */
    int system; /* errno, for EAI_SYSTEM */
};

static int code_of(struct verdict verdict)
{
    switch (verdict.error) {
    case EAI_SYSTEM: return verdict.system ? verdict.system : EIO;
    case EAI_MEMORY: return ENOMEM;
    case EAI_AGAIN: return EAGAIN;
    case EAI_FAIL: return EIO;
    case EAI_BADFLAGS:
    case EAI_FAMILY:
    case EAI_SOCKTYPE: return EINVAL;
    case EAI_OVERFLOW: return EOVERFLOW;
    default: return ENOENT;
    }
}

static const char *words_of(struct verdict verdict)
{
    return verdict.error == EAI_SYSTEM ? strerror(verdict.system) : gai_strerror(verdict.error);
}

/* ==== names to addresses ==== */

struct answer {
    struct addrinfo *list; /* NULL: see verdict */
    struct verdict verdict;
};

struct look_up {
    struct eddy_awaitable awaitable;
    struct answer result;
    bool has_host, has_service; /* otherwise NULL was given */
    char host[NI_MAXHOST];
    char service[NI_MAXSERV];
    struct addrinfo hints;
};

static void look_up(struct eddy_awaitable *a)
{
    struct look_up *self = (struct look_up *)(void *)a;
    struct answer answer = {NULL, {0, 0}};
    errno = 0;
    answer.verdict.error = getaddrinfo(self->has_host ? self->host : NULL,
                                       self->has_service ? self->service : NULL, &self->hints, &answer.list);
    answer.verdict.system = errno;
    self->result = answer;
}

static void start(struct eddy_awaitable *a)
{
    blocking_start(a, POOL_NAMES);
}

static void free_list(struct eddy_awaitable *a)
{
    struct look_up *self = (struct look_up *)(void *)a;
    if (self->result.list)
        freeaddrinfo(self->result.list);
    self->result.list = NULL;
}

static const struct eddy_awaitable_type look_up_type = {.name = "eddy_getaddrinfo", .start = start,
                                                        .cancel = eddy_blocking_cancel, .undo = free_list,
                                                        .work = look_up, .kind = EDDY_BLOCKING,
                                                        .size = sizeof(struct look_up)};

/* Answers numeric addresses on the loop's thread.  False: host is not numeric. */
static bool look_up_number(struct look_up *self)
{
    int flags = self->hints.ai_flags;
    if (self->has_service && self->service[strspn(self->service, "0123456789")] != '\0')
        return false; /* service names need a file, or a server */
    if (self->has_host)
        self->hints.ai_flags |= AI_NUMERICHOST;
    look_up(&self->awaitable);
    self->hints.ai_flags = flags;
    return self->result.verdict.error != EAI_NONAME || (flags & AI_NUMERICHOST) || !self->has_host;
}

/* RFC 6761: "localhost" is this machine, even if no file names it. */
static void look_up_localhost(struct look_up *self)
{
    if (self->result.verdict.error != EAI_NONAME || !self->has_host || strcmp(self->host, "localhost") != 0 ||
        (self->hints.ai_flags & AI_NUMERICHOST))
        return;
    strcpy(self->host, self->hints.ai_family == AF_INET6 ? "::1" : "127.0.0.1");
    look_up_number(self);
}

/* False: longer than any host name. */
static bool take_name(bool *given, char *room, size_t size, const char *text)
{
    *given = text != NULL;
    if (text && strlen(text) >= size)
        return false;
    if (text)
        strcpy(room, text);
    return true;
}

eddy_async_define(struct addrinfo *, eddy_getaddrinfo, (const char *, host), (const char *, service),
                  (const struct addrinfo *, hints))
{
    eddy_await(turn());
    struct look_up question = {ED_HEADER(look_up_type), .result = {NULL, {EAI_NONAME, 0}}};
    if (hints)
        question.hints = (struct addrinfo){.ai_flags = hints->ai_flags, .ai_family = hints->ai_family,
                                           .ai_socktype = hints->ai_socktype, .ai_protocol = hints->ai_protocol};
    if (take_name(&question.has_host, question.host, sizeof question.host, host) &&
        take_name(&question.has_service, question.service, sizeof question.service, service)) {
        if (!look_up_number(&question))
            question.result = eddy_await(question);
        look_up_localhost(&question);
    }
    if (!question.result.list)
        eddy_raise(code_of(question.result.verdict), "eddy_getaddrinfo(\"%s\", \"%s\"): %s", host ? host : "",
                   service ? service : "", words_of(question.result.verdict));
    return question.result.list;
}

eddy_async_free(eddy_getaddrinfo, freeaddrinfo);

/* ==== addresses to names ==== */

struct named {
    struct eddy_host_name name;
    struct verdict verdict;
};

struct look_back {
    struct eddy_awaitable awaitable;
    struct named result;
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } address;
    socklen_t length;
    int flags; /* NI_ values */
};

static void look_back(struct eddy_awaitable *a)
{
    struct look_back *self = (struct look_back *)(void *)a;
    struct eddy_host_name *name = &self->result.name;
    errno = 0;
    self->result.verdict.error = getnameinfo(&self->address.any, self->length, name->host, sizeof name->host,
                                             name->service, sizeof name->service, self->flags);
    self->result.verdict.system = errno;
}

static const struct eddy_awaitable_type look_back_type = {.name = "eddy_getnameinfo", .start = start,
                                                          .cancel = eddy_blocking_cancel, .work = look_back,
                                                          .kind = EDDY_BLOCKING, .size = sizeof(struct look_back)};

eddy_async_define(struct eddy_host_name, eddy_getnameinfo, (const struct sockaddr *, address), (unsigned, length),
                  (int, flags))
{
    eddy_await(turn());
    const int numbers = NI_NUMERICHOST | NI_NUMERICSERV;
    struct look_back question = {ED_HEADER(look_back_type), .result = {.verdict = {EAI_FAMILY, 0}},
                                 .length = length, .flags = flags};
    if (!address && length > 0)
        eddy_raise(EINVAL, "eddy_getnameinfo: no address");
    if (length <= sizeof question.address) {
        memcpy(&question.address, address, length);
        if ((flags & numbers) == numbers)
            look_back(&question.awaitable);
        else
            question.result = eddy_await(question);
    }
    if (question.result.verdict.error)
        eddy_raise(code_of(question.result.verdict), "eddy_getnameinfo: %s", words_of(question.result.verdict));
    return question.result.name;
}
