/* SPDX-License-Identifier: MIT */
/* test_signal.c - signals as values and as calls, for one loop and for several; afterwards everything is as before. */
#define _GNU_SOURCE /* pthread_tryjoin_np */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_clean.h"

#include "child.h"

/* ThreadSanitizer runs handlers at the next call that it intercepts, and late on a fiber of a forked child. */
#if defined __SANITIZE_THREAD__
#define SIGNALS_ARE_LATE true
#else
#define SIGNALS_ARE_LATE false
#endif

#define RULE(rule, body)                                                                                             \
    static void rule(void **state)                                                                                   \
    {                                                                                                                \
        (void)state;                                                                                                 \
        RUN_CLEAN(body);                                                                                             \
    }

static bool is_default(int number)
{
    struct sigaction action;
    sigaction(number, NULL, &action);
    return action.sa_handler == SIG_DFL;
}

/* ThreadSanitizer keeps a signal back until the next call that it intercepts, and an endless wait is not one. */
async(void, ticks)
{
    for (;;) {
        usleep(100);
        await(eddy_sleep(0.01));
    }
}

/* ==== as values ==== */

async(void, sends, (const int *, numbers), (int, count))
{
    await(eddy_sleep(0));
    for (int i = 0; i < count; i++)
        raise(numbers[i]);
}

async(void, receives)
{
    const int sent[] = {SIGUSR2, SIGHUP, SIGUSR1, SIGHUP, SIGTERM};
    const int expected[] = {SIGUSR2, SIGHUP, SIGUSR1, SIGTERM}; /* the second SIGHUP came before the first was seen */
    int got = 0;
    eddy_detach(spawn(ticks()));
    eddy_detach(spawn(sends(sent, 5)));
    async_for (number, eddy_signals(SIGHUP, SIGUSR1, SIGUSR2, SIGTERM)) {
        CHECK(number == expected[got]);
        if (++got == 4)
            break;
    }
    CHECK(got == 4 && is_default(SIGHUP) && is_default(SIGTERM));
}
RULE(they_are_yielded_in_the_order_of_arrival, receives())

async(void, asks_wrongly)
{
    eddy_error err;
    int value;
    const int wrong[] = {SIGKILL, SIGSEGV, 0, -1, 1000};
    for (int i = 0; i < 5; i++) {
        struct eddy_signals signals = eddy_signals(SIGUSR1, wrong[i]);
        CHECK(!await(eddy_anext(&signals, &value), &err) && err.code == EINVAL);
        CHECK(eddy_add_signal_handler(wrong[i], (void (*)(void *))NULL, NULL) == EINVAL);
    }
    CHECK(is_default(SIGUSR1) && !eddy_remove_signal_handler(SIGUSR1));
}
RULE(signals_that_cannot_be_handled_are_refused, asks_wrongly())

async(void, waits_forever)
{
    async_for (number, eddy_signals(SIGUSR1))
        throw(EIO, "%d", number);
}

async(void, cancels)
{
    eddy_error err;
    await_for(waits_forever(), 0.01, &err);
    CHECK(err.code == ETIMEDOUT && is_default(SIGUSR1));
    eddy_detach(spawn(waits_forever())); /* the end of the loop cancels it */
    await(eddy_sleep(0));
}
RULE(a_cancelled_wait_restores_the_disposition, cancels())

/* ==== as calls ==== */

struct counts {
    int first, second;
};

static void count_first(struct counts *counts)
{
    counts->first++;
}

static void count_second(struct counts *counts)
{
    counts->second++;
}

static void remove_it(struct counts *counts)
{
    counts->first++;
    eddy_remove_signal_handler(SIGUSR1);
}

async(void, calls)
{
    struct counts counts = {0, 0};
    CHECK(eddy_add_signal_handler(SIGUSR1, count_first, &counts) == 0);
    CHECK(eddy_add_signal_handler(SIGUSR1, count_second, &counts) == 0); /* replaces it */
    CHECK(eddy_add_signal_handler(SIGUSR2, count_first, &counts) == 0);
    for (int i = 0; i < 3; i++) {
        raise(SIGUSR1);
        raise(SIGUSR2);
        while (counts.second <= i || counts.first <= i)
            await(eddy_sleep(0));
    }
    CHECK(counts.first == 3 && counts.second == 3);
    raise(SIGUSR2);
    CHECK(eddy_remove_signal_handler(SIGUSR2) && !eddy_remove_signal_handler(SIGUSR2) && is_default(SIGUSR2));
    CHECK(eddy_add_signal_handler(SIGUSR1, remove_it, &counts) == 0);
    raise(SIGUSR1);
    while (counts.first < 4)
        await(eddy_sleep(0));
    CHECK(is_default(SIGUSR1) && counts.first == 4);
    CHECK(eddy_add_signal_handler(SIGUSR1, count_first, &counts) == 0); /* left for the end of the loop to remove, */
    raise(SIGUSR1);                                                     /* as is this */
}
RULE(a_handler_is_called_until_it_is_removed, calls())

static void without_a_loop_there_is_no_handler(void **state)
{
    (void)state;
    assert_int_equal((eddy_add_signal_handler)(SIGUSR1, NULL, NULL), EDDY_NO_LOOP);
    assert_false(eddy_remove_signal_handler(SIGUSR1));
}

static int handled;

static void own_handler(int number)
{
    handled = number;
}

async(void, shadows)
{
    struct counts counts = {0, 0};
    CHECK(eddy_add_signal_handler(SIGUSR1, count_first, &counts) == 0);
    raise(SIGUSR1);
    while (!counts.first)
        await(eddy_sleep(0));
    CHECK(handled == 0);
}

static void the_programs_own_handler_comes_back(void **state)
{
    (void)state;
    signal(SIGUSR1, own_handler);
    RUN_CLEAN(shadows());
    raise(SIGUSR1);
    assert_int_equal(handled, SIGUSR1);
    signal(SIGUSR1, SIG_DFL);
}

/* ==== several loops ==== */

static pthread_barrier_t both_listen;

async(int, listens)
{
    struct counts counts = {0, 0};
    CHECK(eddy_add_signal_handler(SIGUSR1, count_first, &counts) == 0);
    eddy_detach(spawn(ticks()));
    pthread_barrier_wait(&both_listen);
    async_for (number, eddy_signals(SIGUSR2)) {
        CHECK(number == SIGUSR2);
        break;
    }
    while (!counts.first)
        await(eddy_sleep(0.001));
    return 0;
}

static void *run_loop(void *result)
{
    *(int *)result = eddy_run(listens());
    return NULL;
}

/* SIGUSR2 again and again, since the second loop may not have reached its generator. */
static void every_loop_that_asked_gets_it(void **state)
{
    (void)state;
    const char *driver = getenv("EDDY_DRIVER");
    if (SIGNALS_ARE_LATE && driver && strcmp(driver, "sim") == 0)
        return; /* nor does it run a handler for a loop that makes few calls */
    pthread_t threads[2];
    int results[2] = {-1, -1};
    sigset_t mask, before;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGUSR2);
    pthread_barrier_init(&both_listen, NULL, 3);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_loop, &results[i]), 0);
    pthread_sigmask(SIG_BLOCK, &mask, &before);
    void (*kept)(int) = signal(SIGUSR2, SIG_IGN); /* after both loops have ended */
    (void)kept;
    pthread_barrier_wait(&both_listen);
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 2; i++)
        while (pthread_tryjoin_np(threads[i], NULL) != 0) {
            kill(getpid(), SIGUSR2);
            usleep(1000);
        }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    signal(SIGUSR2, SIG_DFL);
    assert_int_equal(results[0], 0);
    assert_int_equal(results[1], 0);
    assert_true(is_default(SIGUSR1));
    pthread_barrier_destroy(&both_listen);
}

/* ==== SIGINT ==== */

async(void, takes_interrupts)
{
    const int one[] = {SIGINT};
    int left = 3;
    eddy_error err;
    eddy_detach(spawn(ticks()));
    raise(SIGINT); /* not yet: the main task is cancelled at its next await */
    await_always(eddy_sleep(1000), &err);
    CHECK(err.code == ECANCELED);
    eddy_uncancel(eddy_current_task());
    struct eddy_signals signals = eddy_signals(SIGINT);
    struct sends *sender = spawn(sends(one, 1));
    while (left) {
        int number;
        CHECK(await(eddy_anext(&signals, &number)) && number == SIGINT);
        if (--left)
            raise(SIGINT);
    }
    await(sender);
    await(eddy_aclose(&signals));
}

static int run_interrupts(void)
{
    return eddy_run(takes_interrupts());
}

static void a_sigint_handler_replaces_the_cancellation_of_the_main_task(void **state)
{
    (void)state;
    if (SIGNALS_ARE_LATE)
        return;
    struct child child = child_run(run_interrupts);
    assert_string_equal(child.said, "");
    assert_true(child_exited(&child, 0));
}

/* ==== fork ==== */

async(int, forks)
{
    struct counts counts = {0, 0};
    int status;
    CHECK(eddy_add_signal_handler(SIGUSR1, count_first, &counts) == 0);
    pid_t id = fork();
    if (id == 0) {
        raise(SIGUSR1);
        _exit(0);
    }
    CHECK(waitpid(id, &status, 0) == id && WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
    await(eddy_sleep(0.001));
    return counts.first;
}
RULE(signals_of_a_forked_child_are_its_own, forks())

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_yielded_in_the_order_of_arrival),
        cmocka_unit_test(signals_that_cannot_be_handled_are_refused),
        cmocka_unit_test(a_cancelled_wait_restores_the_disposition),
        cmocka_unit_test(a_handler_is_called_until_it_is_removed),
        cmocka_unit_test(without_a_loop_there_is_no_handler),
        cmocka_unit_test(the_programs_own_handler_comes_back),
        cmocka_unit_test(a_sigint_handler_replaces_the_cancellation_of_the_main_task),
        cmocka_unit_test(signals_of_a_forked_child_are_its_own),
        cmocka_unit_test(every_loop_that_asked_gets_it), /* the last test: ThreadSanitizer's fork has only one thread */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
