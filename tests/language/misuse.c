/* SPDX-License-Identifier: MIT */
/* misuse.c - misuse that is found only at run time is reported with the user's file and line, and with the remedy. */
#include <pthread.h>
#include <eddy/keywords.h>

#include "check.h"

/* What a child prints on stderr before it ends. */
static char said[4096];

static void listen_to(void (*function)(void))
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        function();
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t n; (n = read(ends[0], said + length, sizeof said - 1 - length)) > 0;)
        length += (size_t)n;
    said[length] = '\0';
    close(ends[0]);
    waitpid(child, NULL, 0);
}

/* The line of the output that names this file: other lines come from the driver, or from a tool that observes the
 * program. */
static const char *told(void)
{
    const char *line = strstr(said, "eddy: " __FILE__ ":");
    return line ? line : "";
}

/* It begins with "eddy: FILE:LINE: " and `begins`; `remedy` follows. */
static bool tells(int line, const char *begins, const char *remedy)
{
    char place[300];
    snprintf(place, sizeof place, "eddy: %s:%d: %s", __FILE__, line, begins);
    bool good = strncmp(told(), place, strlen(place)) == 0 && strstr(told(), remedy);
    if (!good)
        fprintf(stderr, "wanted \"%s ... %s\", got:\n%s\n", place, remedy, said);
    return good;
}

static bool names_the_library(void)
{
    const char *library = strstr(told(), "src/");
    return library && library < told() + strcspn(told(), "\n");
}

/* Debug mode, without its reports of slow steps. */
#define IN_DEBUG_MODE (&(eddy_loop_options){.size = sizeof(eddy_loop_options), .slow_step = 3600})

static void debug_mode(void)
{
    setenv("EDDY_DEBUG", "1", 1);
}

async(int, number)
{
    await(eddy_sleep(0.001));
    return 1;
}

/* ---- a handle ---- */

enum { SPAWNED_AND_AWAITED = __LINE__ + 4 };

async(int, awaits_twice)
{
    struct number *t = spawn(number());
    await(t);
    return await(t);
}

enum { SPAWNED_AND_DETACHED = __LINE__ + 4 };

async(int, detaches_what_it_awaited)
{
    struct number *t = spawn(number());
    await(t);
    eddy_detach(t);
    return 0;
}

enum { SPAWNED_DETACHED_AND_AWAITED = __LINE__ + 4 };

async(int, awaits_what_it_detached)
{
    struct number *t = spawn(number());
    eddy_detach(t);
    return await(t);
}

enum { SPAWNED_AND_SHIELDED = __LINE__ + 4 };

async(int, awaits_and_shields)
{
    struct number *t = spawn(number());
    await(t);
    return await_shielded(t);
}

/* Debug mode keeps the memory of a task that has ended, so that a second use is found. */
static void await_twice(void)
{
    debug_mode();
    eddy_run_with(IN_DEBUG_MODE, awaits_twice());
}

static void await_and_shield(void)
{
    debug_mode();
    eddy_run_with(IN_DEBUG_MODE, awaits_and_shields());
}

static void await_and_detach(void)
{
    debug_mode();
    eddy_run_with(IN_DEBUG_MODE, detaches_what_it_awaited());
}

/* The task still runs, so no debug mode is needed. */
static void detach_and_await(void)
{
    eddy_run(awaits_what_it_detached());
}

static bool names_places(int before, int now)
{
    char first[300], second[300];
    snprintf(first, sizeof first, " before at %s:%d: ", __FILE__, before);
    snprintf(second, sizeof second, "; now used at %s:%d by ", __FILE__, now);
    return strstr(told(), first) && strstr(told(), second);
}

static void a_handle_is_told_by_where_it_was_spawned_and_used(void)
{
    const char *rule = "the handle of task \"number-2\", spawned here, was awaited or given up before at " __FILE__ ":";
    listen_to(await_twice);
    CHECK(tells(SPAWNED_AND_AWAITED, rule, ": await it once (await_shielded keeps it); now used at " __FILE__ ":"));
    CHECK(names_places(SPAWNED_AND_AWAITED + 1, SPAWNED_AND_AWAITED + 2));
    CHECK(strstr(said, "task \"awaits_twice"));
    CHECK(names_the_library());
    listen_to(await_and_detach);
    CHECK(tells(SPAWNED_AND_DETACHED, rule, "; now used at "));
    CHECK(names_places(SPAWNED_AND_DETACHED + 1, SPAWNED_AND_DETACHED + 2));
    listen_to(await_and_shield);
    CHECK(tells(SPAWNED_AND_SHIELDED, rule, "; now used at "));
    CHECK(names_places(SPAWNED_AND_SHIELDED + 1, SPAWNED_AND_SHIELDED + 2));
    listen_to(detach_and_await);
    CHECK(tells(SPAWNED_DETACHED_AND_AWAITED, rule, "; now used at "));
    CHECK(names_places(SPAWNED_DETACHED_AND_AWAITED + 1, SPAWNED_DETACHED_AND_AWAITED + 2));
}

/* ---- the running task ---- */

static eddy_lock lock = EDDY_LOCK_INIT;

async(void, releases)
{
    await(eddy_sleep(0));
    eddy_lock_release(&lock);
}

enum { SPAWNED_TO_RELEASE = __LINE__ + 4 };

async(int, spawns_one_that_releases)
{
    await(spawn(releases()));
    return 0;
}

static void release(void)
{
    eddy_run(spawns_one_that_releases());
}

static void release_in_debug_mode(void)
{
    debug_mode();
    eddy_run_with(IN_DEBUG_MODE, spawns_one_that_releases());
}

static void a_call_is_told_by_where_its_task_was_spawned(void)
{
    const char *rule = "task \"releases-2\", spawned here: eddy_lock_release of a lock that is not held";
    listen_to(release);
    CHECK(tells(SPAWNED_TO_RELEASE, rule, "held: release it once for each eddy_lock_acquire\n"));
    CHECK(!names_the_library());
    listen_to(release_in_debug_mode);
    CHECK(tells(SPAWNED_TO_RELEASE, rule, "eddy_lock_acquire ("));
    CHECK(names_the_library());
}

/* ---- a call that does nothing ---- */

typedef future_of(int) int_future;

enum { SETS_AGAIN = __LINE__ + 6 };

async(void, sets_twice)
{
    int_future *f = eddy_future_new(int_future);
    eddy_set_result(f, 1);
    eddy_set_result(f, 2);
    eddy_future_free(f);
}

enum { SETS_AN_ERROR = __LINE__ + 6 };

async(void, sets_an_error_as_well)
{
    int_future *f = eddy_future_new(int_future);
    eddy_set_result(f, 1);
    eddy_set_error(f, EINVAL);
    eddy_future_free(f);
}

/* The function behind the macro does not know the place of the call. */
async(void, sets_an_error_by_the_function)
{
    int_future *f = eddy_future_new(int_future);
    eddy_set_result(f, 1);
    (eddy_set_error)(f, EINVAL, "%s", "");
    eddy_future_free(f);
}

static void set_an_error_as_well(void)
{
    eddy_run(sets_an_error_as_well());
}

enum { STARTED_TO_SET = __LINE__ + 4 };

static void set_an_error_by_the_function(void)
{
    eddy_run(sets_an_error_by_the_function());
}

static void set_twice(void)
{
    eddy_run(sets_twice());
}

static void what_does_nothing_is_told(void)
{
    const char *rule = "a future was set twice: it keeps what it has; ask eddy_future_pending first";
    listen_to(set_twice);
    CHECK(tells(SETS_AGAIN, "a call that does nothing", rule));
    listen_to(set_an_error_as_well);
    CHECK(tells(SETS_AN_ERROR, "a call that does nothing", rule));
    listen_to(set_an_error_by_the_function);
    CHECK(tells(STARTED_TO_SET, "task \"sets_an_error_by_the_function-1\", spawned here: a call that does nothing",
                rule));
}

/* ---- the place of the call itself, where it is known ---- */

/* Calls of callbacks and of other threads: no task was spawned that could be named. */
static struct completed {
    struct eddy_awaitable awaitable;
    eddy_void result;
} completed;

static void start_nothing(struct eddy_awaitable *a)
{
    (void)a;
}

static const struct eddy_awaitable_type completed_type = {.name = "completed", .start = start_nothing};

typedef void callback_type(void *argument);

enum { COMPLETES_AGAIN = __LINE__ + 6 };

static void complete_again(void *nothing)
{
    (void)nothing;
    eddy_complete(&completed);
    eddy_complete(&completed);
}

enum { FAILS_AGAIN = __LINE__ + 6 };

static void fail_again(void *nothing)
{
    (void)nothing;
    eddy_complete(&completed);
    eddy_complete_error(&completed, EIO);
}

async(int, waits_for_completion, (callback_type *, callback))
{
    completed = (struct completed){EDDY_AWAITABLE_INIT(&completed_type)};
    eddy_call_soon(callback, NULL);
    await(&completed);
    return 0;
}

static void complete_twice(void)
{
    eddy_run(waits_for_completion(complete_again));
}

static void complete_and_fail(void)
{
    eddy_run(waits_for_completion(fail_again));
}

enum { SETS_ON_A_THREAD = __LINE__ + 4 };

static void *set_on_a_thread(void *f)
{
    eddy_set_result((int_future *)f, 1);
    return NULL;
}

async(int, waits_for_a_thread)
{
    pthread_t thread;
    int_future *f = eddy_future_new(int_future);
    defer(eddy_future_free, f);
    CHECK(pthread_create(&thread, NULL, set_on_a_thread, f) == 0);
    int result = await(f);
    pthread_join(thread, NULL);
    return result;
}

static void set_elsewhere(void)
{
    eddy_run(waits_for_a_thread());
}

static void a_callback_and_a_thread_are_told_by_the_place_of_the_call(void)
{
    const char *rule = "an awaitable of type \"completed\" was completed twice, or before it was started";
    listen_to(complete_twice);
    CHECK(tells(COMPLETES_AGAIN, "a call that does nothing", rule));
    listen_to(complete_and_fail);
    CHECK(tells(FAILS_AGAIN, "a call that does nothing", rule));
    listen_to(set_elsewhere);
    CHECK(tells(SETS_ON_A_THREAD, "a future was set or cancelled on a thread that does not run its loop",
                "eddy_call_soon_threadsafe(loop, function, argument)"));
}

enum { SPAWNED_OUTSIDE = __LINE__ + 4 };

static void spawn_outside(void)
{
    eddy_detach(spawn(number()));
}

enum { BREAKS = __LINE__ + 5 };

async(int, breaks)
{
    for (int i = 0; i < 2; i++)
        async_with (scope, eddy_timeout(1))
            break;
    return 0;
}

static void break_in_a_block(void)
{
    eddy_run(breaks());
}

static void a_call_is_told_by_its_own_place(void)
{
    listen_to(spawn_outside);
    CHECK(tells(SPAWNED_OUTSIDE, "spawn needs a running loop: call it from what eddy_run runs\n", ""));
    listen_to(break_in_a_block);
    CHECK(tells(BREAKS, "break inside of async_with leaves only the block", "use a flag or goto\n"));
}

int main(void)
{
    unsetenv("EDDY_DEBUG");
    a_handle_is_told_by_where_it_was_spawned_and_used();
    a_call_is_told_by_where_its_task_was_spawned();
    what_does_nothing_is_told();
    a_call_is_told_by_its_own_place();
    a_callback_and_a_thread_are_told_by_the_place_of_the_call();
    return 0;
}
