/* SPDX-License-Identifier: MIT */
/*
 * test_wrong_loop.c - rules of misuse across threads: it is reported, and nothing waits for ever.
 *
 * The other thread acts while a callback of the loop waits for the thread to end. So each case breaks the rule but
 * is no race: the outcome does not depend on timing.
 */
#include <eddy.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "log.h"
#include "transcript.h"

/* ==== what is printed to standard error ==== */

static FILE *kept;
static int standard_error;

static void keep_standard_error(void)
{
    fflush(stderr);
    kept = tmpfile();
    standard_error = dup(STDERR_FILENO);
    dup2(fileno(kept), STDERR_FILENO);
}

/* Standard error is as it was before; true: each of the texts was printed. */
static bool was_said(const char *first, const char *second, const char *third)
{
    char text[8192];
    fflush(stderr);
    ssize_t size = pread(fileno(kept), text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    fclose(kept);
    return strstr(text, first) && strstr(text, second) && strstr(text, third);
}

/* ==== a thread acts on the object that a task waits for ==== */

typedef eddy_future_of(int) int_future;
typedef eddy_queue_of(int) int_queue;

static eddy_event event;
static eddy_lock lock;
static eddy_semaphore semaphore;
static eddy_condition condition;
static eddy_barrier barrier;
static int_future *future;
static int_queue queue;
static struct sleeps *task;
static eddy_awaitable *own;
static eddy_handle *handle;
static int called;

typedef void (*action)(void);

static void *act(void *what)
{
    (*(action *)what)();
    return NULL;
}

/* Run in a callback: the loop stands until the thread has ended. */
static void act_elsewhere(action *what)
{
    pthread_t thread;
    pthread_create(&thread, NULL, act, what);
    pthread_join(thread, NULL);
}

static void ask(action what)
{
    static action asked;
    asked = what;
    eddy_call_soon(act_elsewhere, &asked);
}

eddy_async(int, sleeps, (double, seconds))
{
    eddy_await(eddy_sleep(seconds));
    return 1;
}

static void set_event(void)
{
    eddy_event_set(&event);
}

eddy_async(void, waits_for_the_event)
{
    event = (eddy_event)EDDY_EVENT_INIT;
    ask(set_event);
    eddy_await(eddy_event_wait(&event));
}

static void release_lock(void)
{
    eddy_lock_release(&lock);
}

eddy_async(void, waits_for_the_lock)
{
    lock = (eddy_lock)EDDY_LOCK_INIT;
    eddy_await(eddy_lock_acquire(&lock));
    ask(release_lock);
    eddy_await(eddy_lock_acquire(&lock));
    eddy_lock_release(&lock);
}

static void release_unit(void)
{
    eddy_semaphore_release(&semaphore);
}

eddy_async(void, waits_for_the_semaphore)
{
    semaphore = (eddy_semaphore)EDDY_SEMAPHORE_INIT(0);
    ask(release_unit);
    eddy_await(eddy_semaphore_acquire(&semaphore));
}

static void notify(void)
{
    lock.held = true;
    eddy_condition_notify(&condition, 1);
    lock.held = false;
}

eddy_async(void, waits_for_the_condition)
{
    lock = (eddy_lock)EDDY_LOCK_INIT;
    condition = (eddy_condition)EDDY_CONDITION_INIT(&lock);
    eddy_await(eddy_lock_acquire(&lock));
    ask(notify);
    eddy_await(eddy_condition_wait(&condition));
    eddy_lock_release(&lock);
}

static void abort_barrier(void)
{
    eddy_barrier_abort(&barrier);
}

eddy_async(void, waits_for_the_barrier)
{
    eddy_error err;
    barrier = (eddy_barrier)EDDY_BARRIER_INIT(2);
    ask(abort_barrier);
    eddy_await(eddy_barrier_wait(&barrier), &err);
    note("%s", eddy_error_name(err.code));
}

static void put_item(void)
{
    note("%d", eddy_queue_try_put(&queue, 5));
}

eddy_async(void, waits_for_an_item)
{
    eddy_queue_init(&queue, 1);
    eddy_defer(eddy_queue_free, &queue);
    ask(put_item);
    note("%d", eddy_await(eddy_queue_get(&queue)));
}

static void get_item(void)
{
    int item;
    note("%d", eddy_queue_try_get(&queue, &item));
}

eddy_async(void, waits_for_room)
{
    eddy_queue_init(&queue, 1);
    eddy_defer(eddy_queue_free, &queue);
    eddy_await(eddy_queue_put(&queue, 1));
    ask(get_item);
    eddy_await(eddy_queue_put(&queue, 2));
}

static void set_result(void)
{
    eddy_set_result(future, 7);
}

static void set_error(void)
{
    eddy_set_error(future, EDOM, "wrong");
}

static void cancel_future(void)
{
    note("%d", eddy_cancel(future));
}

eddy_async(void, waits_for_the_future, (action, what))
{
    eddy_error err;
    future = eddy_future_new(int_future);
    eddy_defer(eddy_future_free, future);
    ask(what);
    int result = eddy_await(future, &err);
    note("%d %s", err.code ? 0 : result, err.code ? eddy_error_name(err.code) : "well");
}

static void cancel_task(void)
{
    note("%d", eddy_cancel(task));
}

eddy_async(void, waits_for_the_task)
{
    eddy_error err;
    task = eddy_spawn(sleeps(1e6));
    ask(cancel_task);
    eddy_await(task, &err);
    note("%s", eddy_error_name(err.code));
}

struct bell {
    struct eddy_awaitable awaitable;
    eddy_void result;
};

static void begin_bell(struct eddy_awaitable *a)
{
    own = (eddy_awaitable *)(void *)a;
}

static const struct eddy_awaitable_type bell_type = {.name = "bell", .start = begin_bell};

static void ring(void)
{
    eddy_complete(own);
}

eddy_async(void, waits_for_the_bell)
{
    struct bell bell = {.awaitable = {.awaitable = {.type = &bell_type}}};
    ask(ring);
    eddy_await(bell);
}

#define PASSED_ON_AT(coroutine, begin, what, expected) \
    do { \
        keep_standard_error(); \
        RUN(coroutine); \
        assert_true(was_said("eddy: " begin, what, "eddy_call_soon_threadsafe(loop, function, argument)")); \
        told(expected); \
    } while (0)
#define PASSED_ON(coroutine, what, expected) PASSED_ON_AT(coroutine, what, "", expected)

static void waking_a_task_of_another_thread_is_reported_and_passed_on(void **state)
{
    (void)state;
    PASSED_ON(waits_for_the_event(), "the end of the wait (eddy_event_wait) of the task that was spawned at", "");
    PASSED_ON(waits_for_the_lock(), "", "");
    PASSED_ON(waits_for_the_semaphore(), "", "");
    PASSED_ON(waits_for_the_condition(), "", "");
    PASSED_ON(waits_for_the_barrier(), "", "EDDY_BARRIER_BROKEN");
    PASSED_ON(waits_for_an_item(), "the end of the wait (eddy_queue_get)", "1 5");
    PASSED_ON(waits_for_room(), "", "1");
    PASSED_ON_AT(waits_for_the_future(set_result), __FILE__ ":", ": a future was set or cancelled", "7 well");
    PASSED_ON(waits_for_the_future(set_error), "a future was set or cancelled", "0 EDOM");
    PASSED_ON(waits_for_the_future(cancel_future), "a future was set or cancelled", "1 0 ECANCELED");
    PASSED_ON(waits_for_the_task(), "eddy_cancel of the task that was spawned at", "1 ECANCELED");
    PASSED_ON(waits_for_the_bell(), "the end of the wait (bell)", "");
}

/* ==== calls that cannot be passed on do nothing, and say so ==== */

static void never(void *unused)
{
    (void)unused;
    note("never");
}

static void call_things(void)
{
    note("%d", eddy_call_soon(never, (void *)NULL) == NULL);
    note("%d", eddy_call_later(0, never, (void *)NULL) == NULL);
    note("%d", eddy_call_at(0, never, (void *)NULL) == NULL);
}

static void cancel_handle(void)
{
    eddy_handle_cancel(handle);
}

static void change_task(void)
{
    eddy_detach(task);
    note("%d", eddy_uncancel(task));
    note("%s", eddy_error_name(eddy_add_done_callback(task, never, (void *)NULL)));
}

static eddy_scope *scope;
static eddy_group *group;

static void end_scope(void)
{
    eddy_scope_cancel(scope);
    eddy_reschedule(scope, 0);
}

static void end_group(void)
{
    eddy_group_cancel(group);
    eddy_group_spawn(group, eddy_stream_printf(NULL, "%0100d", 1)); /* owns memory, which the refusal frees */
}

static void count_call(int *count)
{
    ++*count;
}

eddy_async(void, goes_on, (action, what))
{
    eddy_error err;
    called = 0;
    handle = eddy_call_later(0.001, count_call, &called);
    task = eddy_spawn(sleeps(1e6));
    eddy_async_with (s, eddy_timeout(1e6)) {
        eddy_async_with (g, eddy_task_group()) {
            scope = s;
            group = g;
            ask(what);
            eddy_await(eddy_sleep(0.002));
        }
    }
    eddy_cancel(task);
    eddy_await(task, &err);
    note("%s %d", eddy_error_name(err.code), called);
}

#define REFUSED(what, sentence, expected) \
    do { \
        keep_standard_error(); \
        RUN(goes_on(what)); \
        assert_true(was_said("eddy: ", sentence, "")); \
        told(expected); \
    } while (0)

static void a_call_that_cannot_be_passed_on_does_nothing_and_is_reported(void **state)
{
    (void)state;
    REFUSED(call_things, "eddy_call_later on a thread that runs no loop", "1 1 1 ECANCELED 1");
    REFUSED(cancel_handle, "eddy_handle_cancel on a thread", "ECANCELED 1");
    REFUSED(change_task, "eddy_detach of a task", "0 EDDY_NO_LOOP ECANCELED 1");
    REFUSED(end_scope, "eddy_reschedule of a scope of another thread's loop", "ECANCELED 1");
    REFUSED(end_group, "eddy_group_spawn of a group", "ECANCELED 1");
}

/* ==== two loops ==== */

static eddy_stream *ends[2];
static struct sleeps *others_task;

#define CODE(statement) \
    do { \
        eddy_error err = {0}; \
        statement; \
        note("%s", err.code == EDDY_WRONG_LOOP ? "wrong" : eddy_error_name(err.code)); \
    } while (0)

/* Uses all the objects of the first loop. */
eddy_async(void, uses_others)
{
    char byte;
    CODE(eddy_await(others_task, &err));
    CODE(eddy_await(future, &err));
    CODE(eddy_await_shielded(others_task, &err));
    CODE(eddy_await(eddy_gather(others_task, future), &err));
    CODE(eddy_await(eddy_wait(&others_task, 1, EDDY_ALL_COMPLETED), &err));
    CODE(eddy_await(eddy_event_wait(&event), &err));
    CODE(eddy_await(eddy_lock_acquire(&lock), &err));
    CODE(eddy_await(eddy_semaphore_acquire(&semaphore), &err));
    CODE(eddy_await(eddy_queue_get(&queue), &err));
    CODE(eddy_await(eddy_barrier_wait(&barrier), &err));
    CODE(eddy_await(eddy_stream_read(ends[0], &byte, 1), &err));
    CODE(eddy_await(eddy_stream_write(ends[0], "x", 1), &err));
    CODE(eddy_await(eddy_stream_close(ends[0]), &err));
    eddy_stream_abort(ends[0]);
    CODE(err.code = eddy_add_done_callback(others_task, never, (void *)NULL));
}

static void run_other_loop(void)
{
    note("%d", eddy_run_with(LOGGING(), uses_others()));
}

eddy_async(void, waits_in, (int, which))
{
    eddy_error err;
    if (which == 0)
        eddy_await(eddy_event_wait(&event), &err);
    else if (which == 1)
        eddy_await(eddy_lock_acquire(&lock), &err);
    else if (which == 2)
        eddy_await(eddy_semaphore_acquire(&semaphore), &err);
    else if (which == 3)
        eddy_await(eddy_queue_get(&queue), &err);
    else
        eddy_await(eddy_barrier_wait(&barrier), &err);
}

eddy_async(void, has_all)
{
    eddy_error err;
    event = (eddy_event)EDDY_EVENT_INIT;
    lock = (eddy_lock){.held = true};
    semaphore = (eddy_semaphore)EDDY_SEMAPHORE_INIT(0);
    barrier = (eddy_barrier)EDDY_BARRIER_INIT(3);
    eddy_queue_init(&queue, 1);
    eddy_defer(eddy_queue_free, &queue);
    future = eddy_future_new(int_future);
    eddy_defer(eddy_future_free, future);
    eddy_await(eddy_stream_pair(ends));
    eddy_defer(eddy_stream_abort, ends[0]);
    eddy_defer(eddy_stream_abort, ends[1]);
    others_task = eddy_spawn(sleeps(1e6));
    for (int i = 0; i < 5; i++)
        eddy_detach(eddy_spawn(waits_in(i)));
    eddy_await(eddy_sleep(0.001));
    ask(run_other_loop);
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_sleep(0));
    eddy_cancel(others_task);
    eddy_await(others_task, &err);
    note("%s", eddy_error_name(err.code));
}

static void an_await_of_another_loops_future_fails(void **state)
{
    (void)state;
    RUN(has_all());
    told("wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong 0 ECANCELED");
    assert_int_equal(log_count("eddy_stream_abort of a stream of another thread's loop"), 1);
}

/* The objects that are open in the first loop. */
static eddy_process *process;
static eddy_server *server;
static eddy_file *file;

eddy_async(void, uses_open_things)
{
    char byte;
    CODE(eddy_await(eddy_process_wait(process), &err));
    CODE(eddy_await(eddy_server_close(server, 0), &err));
    CODE(eddy_await(eddy_file_read_at(file, &byte, 1, 0), &err));
    CODE(eddy_await(eddy_file_close(file), &err));
    eddy_stream_set_deadline(ends[0], 0);
}

static void run_with_open_things(void)
{
    note("%d", eddy_run_with(LOGGING(), uses_open_things()));
}

eddy_async(void, serves_nobody, (eddy_stream *, s), (void *, argument))
{
    (void)s;
    (void)argument;
    eddy_await(eddy_sleep(0));
}

eddy_async(void, has_open_things)
{
    char byte;
    process = eddy_await(eddy_process_start(EDDY_COMMAND("sleep", "1000")));
    eddy_defer(eddy_process_abort, process);
    server = eddy_await(eddy_start_server(serves_nobody, (void *)NULL, "127.0.0.1", 0));
    file = eddy_await(eddy_file_open("/dev/zero", O_RDONLY, 0));
    eddy_await(eddy_stream_pair(ends));
    eddy_defer(eddy_stream_abort, ends[0]);
    eddy_defer(eddy_stream_abort, ends[1]);
    ask(run_with_open_things);
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_sleep(0));
    eddy_await(eddy_stream_write(ends[0], "x", 1)); /* the deadline was not set */
    note("%zu", eddy_await(eddy_stream_read(ends[1], &byte, 1)));
    note("%d", eddy_process_ended(process));
    eddy_await(eddy_file_close(file));
    eddy_await(eddy_server_close(server, 0));
}

static void open_objects_of_another_loop_are_unchanged(void **state)
{
    (void)state;
    RUN(has_open_things());
    told("wrong wrong wrong wrong 0 1 0");
    assert_int_equal(log_count("eddy_stream_set_deadline of a stream of another thread's loop"), 1);
}

/* ==== what is passed on and comes too late ==== */

static void set_error_elsewhere(void)
{
    eddy_set_error(future, EIO, "from another thread");
}

static void set_elsewhere_and_here(action *what)
{
    act_elsewhere(what);
    eddy_set_result(future, 8);
}

eddy_async(int, takes_the_future)
{
    return eddy_await(future);
}

eddy_async(void, is_set_twice)
{
    static action what = set_error_elsewhere;
    future = eddy_future_new(int_future);
    eddy_defer(eddy_future_free, future);
    struct takes_the_future *waiter = eddy_spawn(takes_the_future());
    eddy_await(eddy_sleep(0));
    eddy_call_soon(set_elsewhere_and_here, &what);
    note("%d", eddy_await(waiter));
    eddy_await(eddy_sleep(0.001));
    note("%d", eddy_await(future));
}

eddy_async(void, waits_for_event)
{
    eddy_await(eddy_event_wait(&event));
}

static struct waits_for_event *event_waiter;

static void set_elsewhere_and_cancel(action *what)
{
    act_elsewhere(what);
    eddy_cancel(event_waiter);
}

eddy_async(void, waits_and_is_cancelled)
{
    event = (eddy_event)EDDY_EVENT_INIT;
    static action what = set_event;
    eddy_error err;
    event_waiter = eddy_spawn(waits_for_event());
    eddy_await(eddy_sleep(0));
    eddy_call_soon(set_elsewhere_and_cancel, &what);
    eddy_await(event_waiter, &err);
    note("%s", eddy_error_name(err.code));
    eddy_await(eddy_sleep(0.001));
}

static void late_calls_are_dropped(void **state)
{
    (void)state;
    keep_standard_error();
    RUN(is_set_twice());
    RUN(waits_and_is_cancelled());
    assert_true(was_said("eddy: ", "", ""));
    told("8 8 ECANCELED");
}

/* ==== which loop is meant ==== */

static int second_runs, second_ends; /* atomic */

eddy_async(void, runs_second)
{
    __atomic_store_n(&second_runs, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&second_ends, __ATOMIC_SEQ_CST))
        eddy_await(eddy_sleep(0.001));
}

static void *run_second(void *nothing)
{
    (void)eddy_run(runs_second());
    return nothing;
}

/* Runs on a thread without a loop. */
static void call_without_naming_a_loop(void)
{
    eddy_error err;
    eddy_remote *remote = eddy_run_coroutine_threadsafe(NULL, sleeps(0));
    if (eddy_remote_wait(remote, -1, NULL, &err))
        note("%s", eddy_error_name(err.code));
    eddy_error_free(&err);
    eddy_remote_free(remote);
    note("%s", eddy_error_name(eddy_call_soon_threadsafe(NULL, never, (void *)NULL)));
}

eddy_async(void, runs_beside_another)
{
    pthread_t thread;
    static action what = call_without_naming_a_loop;
    second_runs = second_ends = 0;
    pthread_create(&thread, NULL, run_second, NULL);
    while (!__atomic_load_n(&second_runs, __ATOMIC_SEQ_CST))
        eddy_await(eddy_sleep(0.001));
    act_elsewhere(&what);
    __atomic_store_n(&second_ends, 1, __ATOMIC_SEQ_CST);
    pthread_join(thread, NULL);
}

static void of_several_loops_one_must_be_named(void **state)
{
    (void)state;
    keep_standard_error();
    RUN(runs_beside_another());
    assert_true(was_said("eddy: eddy_run_coroutine_threadsafe(loop, coroutine) without a loop: several loops run",
                         "name the one that is meant", ""));
    told("EINVAL EINVAL");
}

eddy_async(void, gives_up_what_it_has_not)
{
    eddy_loop *mine = eddy_current_loop();
    note("%d", eddy_loop_ref(mine) == mine);
    eddy_loop_unref(mine);
    eddy_loop_unref(NULL);
    note("%zu", log_count("eddy_loop_unref without"));
    eddy_loop_unref(mine);
    note("%zu", log_count("eddy: eddy_loop_unref without an eddy_loop_ref before it; it did nothing"));
    note("%d", eddy_current_loop() == mine && eddy_loop_driver(mine) != NULL);
}

static void a_reference_that_was_not_taken_cannot_be_given_up(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_with(LOGGING(), gives_up_what_it_has_not()), 0);
    told("1 0 1 1");
}

/* ==== uses that must go on working ==== */

eddy_async(void, makes_a_future)
{
    future = eddy_future_new(int_future);
    eddy_await(eddy_sleep(0));
}

static void set_it(int *result)
{
    eddy_set_result(future, *result);
}

eddy_async(void, uses_the_future)
{
    int result = 7;
    eddy_call_soon(set_it, &result);
    note("%d", eddy_await(future));
}

/* No other thread claims them. */
static void a_future_of_no_loop_or_of_an_ended_one_may_be_used(void **state)
{
    (void)state;
    keep_standard_error();
    future = eddy_future_new(int_future);
    RUN(uses_the_future());
    eddy_future_free(future);
    assert_int_equal(eddy_run(makes_a_future()), 0);
    RUN(uses_the_future());
    eddy_future_free(future);
    assert_int_equal(eddy_run(makes_a_future()), 0);
    set_result();
    assert_true(eddy_done(future));
    eddy_future_free(future);
    assert_false(was_said("eddy: ", "", ""));
    told("7 7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waking_a_task_of_another_thread_is_reported_and_passed_on),
        cmocka_unit_test(a_call_that_cannot_be_passed_on_does_nothing_and_is_reported),
        cmocka_unit_test(an_await_of_another_loops_future_fails),
        cmocka_unit_test(a_future_of_no_loop_or_of_an_ended_one_may_be_used),
        cmocka_unit_test(open_objects_of_another_loop_are_unchanged),
        cmocka_unit_test(late_calls_are_dropped),
        cmocka_unit_test(of_several_loops_one_must_be_named),
        cmocka_unit_test(a_reference_that_was_not_taken_cannot_be_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
