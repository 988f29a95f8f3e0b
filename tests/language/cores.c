/* SPDX-License-Identifier: MIT */
/*
 * cores.c - a program on several cores: each runs its own copy, the first failure or a signal ends all, and nothing
 * hangs whichever core fails, and however early.
 */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

enum { CORES = 3 };

/* Of each core, written by that core alone. */
static struct {
    int began, ended, code;
    eddy_loop *loop;
} seen[CORES];

static int waiting; /* atomic: number of cores that have come to wait */

static void forget(void)
{
    memset(seen, 0, sizeof seen);
    waiting = 0;
}

static int sum_of_ended(void)
{
    int sum = 0;
    for (int i = 0; i < CORES; i++)
        sum += seen[i].ended;
    return sum;
}

static void count_end(int *ended)
{
    ++*ended;
}

/* In the simulation a sleep would end at once. */
async(void, wait_for_ever)
{
    eddy_event never = {0};
    __atomic_add_fetch(&waiting, 1, __ATOMIC_RELEASE);
    await(eddy_event_wait(&never));
}

async(void, wait_until_others_wait)
{
    while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE) < CORES - 1)
        await(eddy_sleep(0.001));
}

/* ---- success ---- */

async(int, each, (int, number))
{
    int i = eddy_core_index();
    seen[i].began++;
    seen[i].loop = eddy_current_loop();
    CHECK(eddy_core_count() == CORES);
    CHECK(eddy_core_loop(i) == eddy_current_loop());
    CHECK(!eddy_core_loop(-1) && !eddy_core_loop(CORES));
    await(eddy_sleep(0.001 * (CORES - i)));
    CHECK(eddy_core_index() == i);
    number += i; /* its own copy */
    return number;
}

static void each_core_runs_a_copy(void)
{
    forget();
    CHECK(eddy_run_on_cores(CORES, each(40)) == 40);
    for (int i = 0; i < CORES; i++) {
        CHECK(seen[i].began == 1 && seen[i].loop);
        for (int j = 0; j < i; j++)
            CHECK(seen[j].loop != seen[i].loop);
    }
}

struct pair {
    long a, b;
};

async(struct pair, gives_pair, (long, a), (long, b))
{
    await(eddy_sleep(0));
    return (struct pair){a, b};
}

static void a_result_of_any_type(void)
{
    eddy_error err;
    struct pair pair = eddy_run_on_cores(2, gives_pair(3, 4), &err);
    CHECK(err.code == 0 && pair.a == 3 && pair.b == 4);
    pair = eddy_run_on_cores_with(&(eddy_cores_options){.size = sizeof(eddy_cores_options), .cores = 2, .pin = true},
                                  gives_pair(5, 6), &err);
    CHECK(err.code == 0 && pair.a == 5 && pair.b == 6);
}

async(void, counts_cores)
{
    if (eddy_core_index() == 0)
        seen[0].began = eddy_core_count();
    await(eddy_sleep(0));
}

static void all_that_are_allowed(void)
{
    forget();
    CHECK(eddy_run_on_cores(0, counts_cores()) == 0);
    const char *driver = getenv("EDDY_DRIVER");
    bool simulated = driver && strcmp(driver, "sim") == 0; /* one core, so that a seed repeats a run */
    CHECK(seen[0].began == (simulated ? 1 : eddy_cores_allowed()));
}

async(void, alone)
{
    CHECK(eddy_core_index() == 0 && eddy_core_count() == 1);
    CHECK(eddy_core_loop(0) == eddy_current_loop() && !eddy_core_loop(1));
    await(eddy_sleep(0));
}

static void without_cores(void)
{
    CHECK(eddy_core_index() == 0 && eddy_core_count() == 1 && !eddy_core_loop(0));
    CHECK(eddy_run(alone()) == 0);
    CHECK(eddy_run_on_cores(1, alone()) == 0);
}

blocking(int, index_on_a_thread)
{
    return 10 * eddy_core_count() + eddy_core_index();
}

async(int, asks_its_thread)
{
    return await(index_on_a_thread()) - eddy_core_index();
}

static void a_thread_of_the_pool_belongs_to_its_core(void)
{
    CHECK(eddy_run_on_cores(2, asks_its_thread()) == 20);
}

/* ---- a core whose main task has ended serves the others ---- */

static eddy_event answered; /* of the loop of core 0 */

static void answer(void *unused)
{
    (void)unused;
    eddy_event_set(&answered);
}

static void ask(eddy_loop *from)
{
    CHECK(eddy_core_index() == 1);
    CHECK(eddy_call_soon_threadsafe(from, answer, NULL) == 0);
}

async(int, asks_core_1)
{
    if (eddy_core_index() == 1)
        return 1;
    for (int i = 0; i < 3; i++) {
        eddy_event_clear(&answered);
        int error = eddy_call_soon_threadsafe(eddy_core_loop(1), ask, eddy_current_loop());
        if (error)
            throw(error);
        await(eddy_event_wait(&answered));
    }
    return 7;
}

static void a_core_that_has_ended_goes_on_serving(void)
{
    answered = (eddy_event){0};
    int status = eddy_run_on_cores(2, asks_core_1());
    CHECK(status == 7 || getenv("EDDY_FAIL_ALLOC"));
}

/* ---- failure ---- */

async(void, fails_on, (int, index), (bool, early))
{
    int i = eddy_core_index();
    defer(count_end, &seen[i].ended);
    if (i == index && !early)
        await(wait_until_others_wait());
    if (i == index)
        throw(EDOM, "on purpose");
    eddy_error err;
    await_always(wait_for_ever(), &err);
    seen[i].code = err.code;
    rethrow(&err);
}

static void one_failure_ends_all(int index, bool early)
{
    eddy_error err;
    char text[600], name[40];
    forget();
    eddy_run_on_cores(CORES, fails_on(index, early), &err);
    CHECK(err.code == EDOM && strcmp(err.message, "on purpose") == 0);
    CHECK(eddy_error_count(&err) == 1);
    eddy_error_format(&err, text, sizeof text);
    snprintf(name, sizeof name, "task \"core %d\"\n", index);
    CHECK(strstr(text, " in fails_on ") && strstr(text, name));
    for (int i = 0; i < CORES; i++) /* one that had not begun never does */
        CHECK(seen[i].ended <= 1 && seen[i].code == (i == index || !seen[i].ended ? 0 : ECANCELED));
    CHECK(sum_of_ended() >= 1 && seen[index].ended == 1);
    CHECK(early || sum_of_ended() == CORES);
}

static void the_first_failure_ends_all(void)
{
    for (int index = 0; index < CORES; index++) {
        one_failure_ends_all(index, false);
        for (int i = 0; i < 5; i++)
            one_failure_ends_all(index, true);
    }
}

async(void, fails_when_asked)
{
    int i = eddy_core_index();
    eddy_error err;
    if (i == 0) {
        await(wait_until_others_wait());
        throw(EDOM, "first");
    }
    await_always(wait_for_ever(), &err);
    CHECK(strcmp(err.message, "core 0 has failed") == 0);
    throw(ERANGE, "of core %d", i);
}

static void later_failures_are_in_its_group(void)
{
    eddy_error err;
    forget();
    eddy_run_on_cores(CORES, fails_when_asked(), &err);
    CHECK(err.code == EDOM && eddy_error_count(&err) == CORES);
    for (size_t i = 1; i < CORES; i++)
        CHECK(eddy_error_at(&err, i).code == ERANGE);
}

static void keep(const char *text, void *logged)
{
    strncat(logged, text, 1000);
}

/* Without &err it is printed, by the hook if there is one. */
static void a_failure_is_printed_once(void)
{
    char logged[4096] = "";
    eddy_loop_options loop = {.size = sizeof loop, .log = keep, .log_argument = logged};
    eddy_cores_options options = {.size = sizeof options, .cores = CORES, .loop = &loop};
    forget();
    CHECK(eddy_run_on_cores_with(&options, fails_on(1, false)) == 1);
    const char *at = strstr(logged, "EDOM: ");
    CHECK(at && strstr(at, ": on purpose\n") && !strstr(at + 1, "EDOM") && strstr(logged, "task \"core 1\""));
}

/* ---- signals ---- */

async(int, is_ended_by, (int, number))
{
    int i = eddy_core_index();
    eddy_error err;
    defer(count_end, &seen[i].ended);
    if (i == 0) {
        await(wait_until_others_wait());
        kill(getpid(), number);
    }
    await_always(wait_for_ever(), &err);
    CHECK(strcmp(err.message, number == SIGTERM ? "SIGTERM" : "SIGINT") == 0);
    rethrow(&err);
}

static void log_nothing(const char *text, void *argument)
{
    (void)text;
    (void)argument;
}

static void a_signal_ends_all(int number)
{
    eddy_loop_options loop = {.size = sizeof loop, .log = log_nothing};
    eddy_cores_options options = {.size = sizeof options, .cores = CORES, .loop = &loop};
    forget();
    CHECK(eddy_run_on_cores_with(&options, is_ended_by(number)) == 128 + number);
    CHECK(sum_of_ended() == CORES);
    eddy_error err;
    forget();
    eddy_run_on_cores(CORES, is_ended_by(number), &err);
    CHECK(err.code == ECANCELED);
}

async(int, takes_it_well)
{
    eddy_error err;
    if (eddy_core_index() == 0) {
        await(wait_until_others_wait());
        kill(getpid(), SIGTERM);
    }
    await_always(wait_for_ever(), &err);
    return 5;
}

async(int, has_its_own_handler)
{
    if (eddy_core_index() != 0)
        return 0;
    async_for (number, eddy_signals(SIGTERM, SIGUSR1)) {
        if (number == SIGTERM)
            return 6;
        kill(getpid(), SIGTERM);
    }
    return 1;
}

static void raise_soon(void *unused)
{
    (void)unused;
    kill(getpid(), SIGUSR1);
}

async(int, raises_for_itself)
{
    if (eddy_core_index() == 0 && !eddy_call_later(0.002, raise_soon, NULL))
        throw(ENOMEM);
    return await(has_its_own_handler());
}

static void a_program_may_end_well_after_a_signal(void)
{
    forget();
    CHECK(eddy_run_on_cores(CORES, takes_it_well()) == 5);
    struct sigaction before = {.sa_handler = SIG_IGN}, now;
    sigaction(SIGUSR1, &before, NULL);
    int status = eddy_run_on_cores(2, raises_for_itself());
    CHECK(status == 6 || getenv("EDDY_FAIL_ALLOC"));
    sigaction(SIGTERM, NULL, &now);
    CHECK(now.sa_handler == SIG_DFL);
}

/* ---- what is refused ---- */

async(int, nests)
{
    eddy_error err;
    eddy_run_on_cores(2, each(1), &err);
    CHECK(err.code == EDDY_LOOP_RUNNING);
    await(eddy_sleep(0));
    return 0;
}

static void what_cannot_be(void)
{
    eddy_error err;
    eddy_loop_options loop = {.size = sizeof loop, .driver = "steam"};
    eddy_run_on_cores(-1, each(1), &err);
    CHECK(err.code == EINVAL);
    eddy_run_on_cores_with(&(eddy_cores_options){.cores = 1}, each(1), &err);
    CHECK(err.code == EINVAL);
    eddy_run_on_cores_with(&(eddy_cores_options){.size = sizeof(eddy_cores_options), .loop = &loop}, each(1), &err);
    CHECK(err.code == EINVAL);
    CHECK(eddy_run(nests()) == 0);
}

/* ---- results that nobody takes ---- */

static int freed; /* atomic */

static void free_text(char *text)
{
    __atomic_add_fetch(&freed, 1, __ATOMIC_RELAXED);
    free(text);
}

async(char *, gives_text, (bool, fails))
{
    await(eddy_sleep(0));
    if (fails && eddy_core_index() == 1)
        throw(EDOM);
    return strdup("text");
}
async_free(gives_text, free_text);

static void results_that_are_not_returned_are_freed(void)
{
    eddy_error err;
    char *text = eddy_run_on_cores(CORES, gives_text(false), &err);
    CHECK(err.code == 0 && strcmp(text, "text") == 0 && freed == CORES - 1);
    free(text);
    freed = 0;
    text = eddy_run_on_cores(1, gives_text(false), &err);
    CHECK(text && freed == 0);
    free(text);
}

int main(void)
{
    each_core_runs_a_copy();
    a_result_of_any_type();
    all_that_are_allowed();
    without_cores();
    a_thread_of_the_pool_belongs_to_its_core();
    a_core_that_has_ended_goes_on_serving();
    the_first_failure_ends_all();
    later_failures_are_in_its_group();
    a_failure_is_printed_once();
    a_signal_ends_all(SIGTERM);
    a_signal_ends_all(SIGINT);
    a_program_may_end_well_after_a_signal();
    what_cannot_be();
    results_that_are_not_returned_are_freed();
    return 0;
}
