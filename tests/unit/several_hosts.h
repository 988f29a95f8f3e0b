/* SPDX-License-Identifier: MIT */
/*
 * several_hosts.h - replaces the resolver: "several.test" has the addresses that `answer` names, "nobody.test" none,
 * the answer for "slow.test" comes when `slow_answer` is posted, and other names are their own addresses.
 */
#ifndef EDDY_TESTS_UNIT_SEVERAL_HOSTS_H
#define EDDY_TESTS_UNIT_SEVERAL_HOSTS_H

#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <sys/socket.h>

#include "io/address.h"
#include "run_clean.h"

static sem_t slow_answer; /* a test that asks for slow.test sets it up */
/* Hosts, followed by NULL. A resolver whose caller gave up may still read them when the next test sets others. */
static const char *const *_Atomic answer;

/* An entry for the list, laid out as the C library does: its address follows it. */
static struct addrinfo *entry(const char *host, const char *service)
{
    struct addrinfo *one = calloc(1, sizeof *one + sizeof(struct sockaddr_in6));
    eddy_address address;
    assert_int_equal(eddy_address_ip(&address, host, atoi(service)), 0);
    one->ai_addr = memcpy(one + 1, address.data, address.size);
    one->ai_addrlen = address.size;
    one->ai_family = one->ai_addr->sa_family;
    return one;
}

/* Replaces the C library's function. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    const char *const itself[] = {host, NULL};
    bool several = !host || strcmp(host, "several.test") == 0;
    bool nobody = host && strcmp(host, "nobody.test") == 0, slow = host && strcmp(host, "slow.test") == 0;
    if (host && (several || nobody || slow) && (hints->ai_flags & AI_NUMERICHOST))
        return EAI_NONAME;
    while (slow && sem_wait(&slow_answer) != 0)
        continue;
    if (nobody || slow)
        return EAI_NONAME;
    *list = NULL;
    for (const char *const *one = several ? answer : itself; *one; one++) {
        struct addrinfo **end = list;
        while (*end)
            end = &(*end)->ai_next;
        *end = entry(*one, service);
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list);
        list = next;
    }
}

#define ANSWER(...)                                                                                                  \
    do {                                                                                                             \
        static const char *const hosts_[] = {__VA_ARGS__, NULL};                                                     \
        answer = hosts_;                                                                                             \
    } while (0)

#endif
