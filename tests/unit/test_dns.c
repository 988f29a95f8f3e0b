/* SPDX-License-Identifier: MIT */
/* test_dns.c - rules of eddy_getaddrinfo and eddy_getnameinfo: numbers at once, names on threads of their own.
 *
 * The test replaces the resolver: a name that begins with "slow" waits at a gate. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <eddy.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>

#include "transcript.h"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int asked, lists; /* atomic: calls of the resolver on other threads; lists that are not freed yet */
static pthread_t loop_thread;
static struct addrinfo seen_hints;                /* the hints with which "hints.test" was looked up */
static int verdict_to_give, error_to_give;        /* the error of "fails.test": an EAI_ value, errno */

/* Replaces the C library's function. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (!pthread_equal(pthread_self(), loop_thread))
        __atomic_add_fetch(&asked, 1, __ATOMIC_SEQ_CST);
    bool number = hints && (hints->ai_flags & AI_NUMERICHOST);
    if (host && !number && strcmp(host, "hints.test") == 0) {
        seen_hints = *hints;
        return EAI_NONAME;
    }
    if (host && !number && strncmp(host, "fails", 5) == 0) {
        errno = error_to_give;
        return verdict_to_give;
    }
    if (host && !number && strcmp(host, "again.test") == 0)
        return EAI_AGAIN;
    if (host && !number && strcmp(host, "nobody.test") == 0)
        return EAI_NONAME;
    if (host && !number && strncmp(host, "slow", 4) == 0) {
        pthread_mutex_lock(&gate);
        pthread_mutex_unlock(&gate);
        host = "127.0.0.9";
    }
    int error = real(host, service, hints, list);
    if (!error)
        __atomic_add_fetch(&lists, 1, __ATOMIC_SEQ_CST);
    return error;
}

void freeaddrinfo(struct addrinfo *list)
{
    void (*real)(struct addrinfo *);
    *(void **)&real = dlsym(RTLD_NEXT, "freeaddrinfo");
    __atomic_sub_fetch(&lists, 1, __ATOMIC_SEQ_CST);
    real(list);
}

static int reset(void **state)
{
    (void)state;
    loop_thread = pthread_self();
    asked = lists = 0;
    return 0;
}

static int nothing_left(void **state)
{
    (void)state;
    return lists;
}

static void note_address(const struct addrinfo *one)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (one->ai_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, one->ai_addr, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        note("%s:%d", host, ntohs(v4.sin_port));
    } else if (one->ai_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, one->ai_addr, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        note("[%s]:%d", host, ntohs(v6.sin6_port));
    }
}

eddy_async(void, look_up, (const char *, host), (const char *, service), (int, flags))
{
    eddy_error err;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *list = eddy_await(eddy_getaddrinfo(host, service, &hints), &err);
    if (err.code) {
        note("%s: %s", eddy_error_name(err.code), err.message);
        return;
    }
    note_address(list);
    freeaddrinfo(list);
}

eddy_async(void, numbers)
{
    eddy_await(look_up("127.0.0.1", "80", 0));
    eddy_await(look_up("::1", "443", 0));
    eddy_await(look_up(NULL, "7", AI_PASSIVE));
    eddy_await(look_up("host.test", NULL, AI_NUMERICHOST));
    note("%d", asked);
}

static void numbers_are_answered_at_once(void **state)
{
    (void)state;
    RUN(numbers());
    char wanted[256]; /* each C library uses different words */
    snprintf(wanted, sizeof wanted,
             "127.0.0.1:80 [::1]:443 0.0.0.0:7 ENOENT: eddy_getaddrinfo(\"host.test\", \"\"): %s 0",
             gai_strerror(EAI_NONAME));
    told(wanted);
}

eddy_async(void, names)
{
    char longest[2000];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    eddy_await(look_up("slow.test", "80", 0));
    note("%d", asked);
    eddy_await(look_up("again.test", "80", 0));
    eddy_await(look_up("nobody.test", "80", 0));
    eddy_error err;
    eddy_await(eddy_getaddrinfo(longest, NULL, NULL), &err);
    note("%s", eddy_error_name(err.code));
}

static void names_are_asked_on_another_thread(void **state)
{
    (void)state;
    RUN(names());
    char wanted[256];
    snprintf(wanted, sizeof wanted,
             "127.0.0.9:80 1 EAGAIN: eddy_getaddrinfo(\"again.test\", \"80\"): %s "
             "ENOENT: eddy_getaddrinfo(\"nobody.test\", \"80\"): %s ENOENT",
             gai_strerror(EAI_AGAIN), gai_strerror(EAI_NONAME));
    told(wanted);
}

eddy_async(void, fails_with, (int, verdict), (int, system_error), (int, code))
{
    eddy_error err;
    char expected[200];
    verdict_to_give = verdict;
    error_to_give = system_error;
    eddy_await(eddy_getaddrinfo("fails.test", NULL, NULL), &err);
    snprintf(expected, sizeof expected, "eddy_getaddrinfo(\"fails.test\", \"\"): %s",
             verdict == EAI_SYSTEM ? strerror(system_error) : gai_strerror(verdict));
    if (err.code != code || strcmp(err.message, expected) != 0)
        note("%d gave %d, \"%s\"", verdict, err.code, err.message);
}

eddy_async(void, all_failures)
{
    eddy_await(fails_with(EAI_SYSTEM, EMFILE, EMFILE));
    eddy_await(fails_with(EAI_SYSTEM, 0, EIO));
    eddy_await(fails_with(EAI_MEMORY, EMFILE, ENOMEM));
    eddy_await(fails_with(EAI_AGAIN, 0, EAGAIN));
    eddy_await(fails_with(EAI_FAIL, 0, EIO));
    eddy_await(fails_with(EAI_BADFLAGS, 0, EINVAL));
    eddy_await(fails_with(EAI_FAMILY, 0, EINVAL));
    eddy_await(fails_with(EAI_SOCKTYPE, 0, EINVAL));
    eddy_await(fails_with(EAI_OVERFLOW, 0, EOVERFLOW));
    eddy_await(fails_with(EAI_SERVICE, 0, ENOENT));
    eddy_await(fails_with(EAI_NONAME, 0, ENOENT));
}

static void each_failure_of_the_resolver_has_its_code_and_words(void **state)
{
    (void)state;
    RUN(all_failures());
    told("");
}

eddy_async(void, asks_with_hints)
{
    eddy_error err;
    const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_family = AF_INET6, .ai_socktype = SOCK_DGRAM,
                                   .ai_protocol = 17};
    eddy_await(eddy_getaddrinfo("hints.test", "80", &hints), &err);
    note("%d", seen_hints.ai_flags == AI_CANONNAME && seen_hints.ai_family == AF_INET6 &&
         seen_hints.ai_socktype == SOCK_DGRAM && seen_hints.ai_protocol == 17);
}

static void hints_reach_the_resolver_as_they_were_given(void **state)
{
    (void)state;
    RUN(asks_with_hints());
    told("1");
}

eddy_blocking(int, other_work, (int, value))
{
    return value;
}

eddy_async(void, starve)
{
    enum { SLOW = 12 }; /* more lookups than there are threads for blocking functions */
    struct look_up *slow[SLOW];
    pthread_mutex_lock(&gate);
    for (int i = 0; i < SLOW; i++)
        slow[i] = eddy_spawn(look_up("slow.test", "1", 0));
    while (__atomic_load_n(&asked, __ATOMIC_SEQ_CST) < SLOW)
        eddy_await(eddy_sleep(0));
    note("%d", eddy_await(other_work(5)));
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < SLOW; i++)
        eddy_await(slow[i]);
}

static void a_slow_name_server_starves_no_other_work(void **state)
{
    (void)state;
    RUN(starve());
    transcript[1] = 0; /* the rest is the same twelve times */
    assert_string_equal(transcript, "5");
    transcript[0] = 0;
}

eddy_async(void, give_up)
{
    eddy_error err;
    pthread_mutex_lock(&gate);
    eddy_await_for(eddy_getaddrinfo("slow.test", "80", NULL), 0.01, &err);
    note("%s %d", eddy_error_name(err.code), lists);
    pthread_mutex_unlock(&gate);
}

static void a_cancelled_wait_ends_at_once_and_its_list_is_freed(void **state)
{
    (void)state;
    RUN(give_up());
    told("ETIMEDOUT 0");
    assert_int_equal(lists, 0);
}

eddy_async(void, name_back)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    eddy_error err;
    eddy_host_name name = eddy_await(
        eddy_getnameinfo((struct sockaddr *)&v4, sizeof v4, NI_NUMERICHOST | NI_NUMERICSERV));
    note("%s %s", name.host, name.service);
    name = eddy_await(eddy_getnameinfo((struct sockaddr *)&v4, sizeof v4, NI_NUMERICHOST)); /* on a thread */
    note("%s", name.host);
    v4.sin_family = 200;
    eddy_await(eddy_getnameinfo((struct sockaddr *)&v4, sizeof v4, NI_NUMERICHOST | NI_NUMERICSERV), &err);
    note("%s: %s", eddy_error_name(err.code), err.message);
}

static void addresses_have_names(void **state)
{
    (void)state;
    RUN(name_back());
    char wanted[256];
    snprintf(wanted, sizeof wanted, "127.0.0.1 80 127.0.0.1 EINVAL: eddy_getnameinfo: %s", gai_strerror(EAI_FAMILY));
    told(wanted);
}

eddy_async(void, localhost)
{
    eddy_await(look_up("localhost", "80", 0));
}

static void localhost_is_this_machine(void **state)
{
    (void)state;
    RUN(localhost());
    assert_true(strcmp(transcript, "127.0.0.1:80 ") == 0 || strcmp(transcript, "[::1]:80 ") == 0);
    transcript[0] = 0;
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, reset, nothing_left)

int main(void)
{
    const struct CMUnitTest rules[] = {
        RULE(numbers_are_answered_at_once),
        RULE(names_are_asked_on_another_thread),
        RULE(each_failure_of_the_resolver_has_its_code_and_words),
        RULE(hints_reach_the_resolver_as_they_were_given),
        RULE(a_slow_name_server_starves_no_other_work),
        RULE(a_cancelled_wait_ends_at_once_and_its_list_is_freed),
        RULE(addresses_have_names),
        RULE(localhost_is_this_machine),
    };
    return cmocka_run_group_tests(rules, NULL, NULL);
}
