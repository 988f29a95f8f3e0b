/* SPDX-License-Identifier: MIT */
/*
 * test_pg_resolver.c - names of hosts and <eddy/pg.h>: they are looked up on other threads, and never by libpq.
 *
 * The test replaces the resolver, also libpq's: "slow.test" waits at a gate, "here.test" is 127.0.0.1, "many.test" two
 * addresses, of which nobody listens at the first. A call on the loop's thread for a name is counted as an error.
 */
#define _GNU_SOURCE
#include "fake.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_t loop_thread;
static int asked_by_loop; /* names that were looked up on the loop's thread */

static int answer_with(const char *number, const char *service, struct addrinfo **list)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(number, service, &hints, list);
}

/* Replaces the C library's function. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    if (!strstr(host, ".test"))
        return answer_with(host, service, list);
    if (hints && (hints->ai_flags & AI_NUMERICHOST)) /* whether it is a number */
        return EAI_NONAME;
    if (pthread_equal(pthread_self(), loop_thread))
        asked_by_loop++;
    if (strcmp(host, "nobody.test") == 0)
        return EAI_NONAME;
    if (strcmp(host, "slow.test") == 0) {
        pthread_mutex_lock(&gate);
        pthread_mutex_unlock(&gate);
    }
    if (strcmp(host, "many.test") != 0)
        return answer_with("127.0.0.1", service, list);
    int error = answer_with("127.0.0.2", service, list);
    return error ? error : answer_with("127.0.0.1", service, &(*list)->ai_next);
}

async(void, connects, (struct fake *, fake), (const char *, host), (const char *, words))
{
    char url[128];
    snprintf(url, sizeof url, "postgresql://me@%s:%d/shop", host, eddy_server_port(fake->server));
    async_with (db, eddy_pg_open(url)) {
        eddy_pg_rows_free(await(eddy_pg_query(db, "echo", "x")));
        CHECK(strstr(fake->settings, words));
    }
}

async(void, looks_up)
{
    struct fake fake = {.url = ""};
    eddy_error err;
    loop_thread = pthread_self();
    await(fake_start(&fake));
    await(connects(&fake, "here.test", "user me "));
    await(connects(&fake, "many.test", "user me "));
    await(connects(&fake, "nobody.test,here.test", "user me "));
    await(connects(&fake, "127.0.0.1", "user me "));
    await(connects(&fake, "nobody.test", ""), &err);
    CHECK(err.code == ENOENT && strstr(err.message, "nobody.test"));
    CHECK(asked_by_loop == 0);
    await(fake_stop(&fake));
}

static void names_are_looked_up_on_other_threads(void **state)
{
    (void)state;
    RUN_CLEAN(looks_up());
}

async(void, ticks, (int *, count))
{
    for (;;) {
        await(eddy_sleep(0.001));
        ++*count;
    }
}

async(void, waits_for_a_name)
{
    struct fake fake = {.url = ""};
    eddy_error err;
    int count = 0;
    await(fake_start(&fake));
    loop_thread = pthread_self();
    pthread_mutex_lock(&gate);
    __auto_type ticker = spawn(ticks(&count));
    await_for(connects(&fake, "slow.test", ""), 0.1, &err);
    CHECK(err.code == ETIMEDOUT && count > 0);
    await_for(connects(&fake, "slow.test,here.test", ""), 0.1, &err); /* the end is not taken for a failed look-up */
    CHECK(err.code == ETIMEDOUT);
    __auto_type later = spawn(connects(&fake, "slow.test", "user me "));
    int before = count;
    while (count < before + 3) /* the loop goes on */
        await(eddy_sleep(0.001));
    pthread_mutex_unlock(&gate);
    await(later);
    CHECK(asked_by_loop == 0);
    eddy_cancel(ticker);
    await(ticker, &err);
    await(fake_stop(&fake));
}

static void a_resolver_that_hangs_does_not_block_the_loop(void **state)
{
    (void)state;
    RUN_CLEAN(waits_for_a_name());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_looked_up_on_other_threads),
        cmocka_unit_test(a_resolver_that_hangs_does_not_block_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
