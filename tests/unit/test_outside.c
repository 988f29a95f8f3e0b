/* SPDX-License-Identifier: MIT */
/* test_outside.c - rules of awaits without a task: each one fails with EDDY_NO_TASK, and changes nothing. */
#include <eddy.h>
#include <errno.h>
#include <signal.h>

#include "transcript.h"

typedef eddy_future_of(int) int_future;

eddy_async(int, five)
{
    eddy_await(eddy_sleep(0));
    return 5;
}

/* The findings of a callback of the loop, which is not a task. */
struct outside {
    struct five *task;
    int_future *future;
    eddy_stream *ends[2];
    eddy_server *server;
    bool called;
};

static void expect_no_task(const char *what, const eddy_error *err)
{
    if (err->code != EDDY_NO_TASK || !strstr(err->message, what))
        note("%s: %d, \"%s\"", what, err->code, err->message);
}

static void await_handles(struct outside *outside)
{
    eddy_error err;
    eddy_await(outside->task, &err);
    expect_no_task("await of task \"five", &err);
    eddy_await(outside->future, &err);
    expect_no_task("await of a future", &err);
    eddy_await(eddy_gather(outside->task, outside->future), &err);
    expect_no_task("await of gather", &err);
    eddy_await(eddy_gather_array(&outside->task, 1), &err);
    expect_no_task("await of gather", &err);
    (void)!eddy_await(eddy_wait(&outside->task, 1, EDDY_ALL_COMPLETED), &err);
    expect_no_task("await of wait", &err);
}

static void await_operations(void)
{
    eddy_error err;
    int number;
    eddy_event event = EDDY_EVENT_INIT;
    eddy_await(eddy_sleep(0), &err);
    expect_no_task("await of sleep", &err);
    eddy_await(eddy_event_wait(&event), &err);
    expect_no_task("await of", &err);
    eddy_await(five(), &err);
    expect_no_task("await of", &err);
    __auto_type signals = eddy_signals(SIGUSR1);
    (void)!eddy_await(eddy_anext(&signals, &number), &err);
    expect_no_task("await of", &err);
}

/* Each fails before it has changed the stream. */
static void use_a_stream(eddy_stream *s)
{
    eddy_error err;
    eddy_slice line;
    char byte;
    (void)!eddy_await(eddy_stream_read(s, &byte, 1), &err);
    expect_no_task("await of", &err);
    (void)!eddy_await(eddy_stream_read_some(s, &line), &err);
    expect_no_task("await of", &err);
    (void)!eddy_await(eddy_stream_read_exactly(s, &byte, 1), &err);
    expect_no_task("await of", &err);
    (void)!eddy_await(eddy_stream_read_line(s, &line), &err);
    expect_no_task("await of", &err);
    (void)!eddy_await(eddy_stream_skip_line(s), &err);
    expect_no_task("await of", &err);
    eddy_await(eddy_stream_write(s, "x", 1), &err);
    expect_no_task("await of", &err);
    eddy_await(eddy_stream_writev(s, &(eddy_slice){"x", 1}, 1), &err);
    expect_no_task("await of", &err);
    eddy_await(eddy_stream_printf(s, "%d", 1), &err);
    expect_no_task("await of", &err);
    eddy_await(eddy_stream_write_eof(s), &err);
    expect_no_task("await of", &err);
}

/* With a context of its own and with the default one, which belongs to a loop. */
static void use_tls(eddy_stream *s)
{
    eddy_error err;
    eddy_tls *tls = eddy_tls_client_new(NULL, &err);
    if (!tls && err.code == ENOSYS) /* built without OpenSSL: every call fails so */
        return;
    if (!tls)
        note("a context: %d, \"%s\"", err.code, err.message);
    eddy_await(eddy_start_tls(s, tls, "localhost"), &err);
    expect_no_task("await of", &err);
    eddy_await(eddy_start_tls(s, NULL, "localhost"), &err);
    expect_no_task("await of", &err);
    (void)!eddy_await(eddy_open_tls_connection("127.0.0.1", 1, tls), &err);
    expect_no_task("await of", &err);
    (void)!eddy_await(eddy_open_tls_connection("127.0.0.1", 1, NULL), &err);
    expect_no_task("await of", &err);
    eddy_tls_free(tls);
}

static void use_the_network(struct outside *outside)
{
    eddy_error err;
    use_a_stream(outside->ends[0]);
    use_tls(outside->ends[0]);
    (void)!eddy_await(eddy_open_connection("127.0.0.1", 1), &err);
    expect_no_task("await of", &err);
    (void)!eddy_await(eddy_open_unix_connection("@eddy-test-nothing"), &err);
    expect_no_task("await of", &err);
    eddy_await(eddy_server_close(outside->server, 1), &err);
    expect_no_task("eddy_server_close", &err);
    eddy_await(eddy_stream_close(outside->ends[1]), &err); /* needs no wait */
    if (err.code)
        note("close: %d", err.code);
}

static void enter_blocks(void)
{
    eddy_error err = {.code = 0};
    struct eddy_timeout timeout = eddy_timeout(1);
    timeout.manager.enter(&timeout.manager, &err);
    expect_no_task("a timeout", &err);
    err = (eddy_error){.code = 0};
    struct eddy_task_group group = eddy_task_group();
    group.manager.enter(&group.manager, &err);
    expect_no_task("eddy_task_group", &err);
    err = (eddy_error){.code = 0};
    __auto_type scope = eddy_cancel_scope();
    scope.manager.enter(&scope.manager, &err);
    expect_no_task("", &err);
}

/* The calls that await_for makes before it awaits, and after. */
static void set_a_deadline(void)
{
    struct eddy_deadline deadline;
    eddy_error err;
    struct five value = five();
    if (eddy_deadline_open(&deadline, (struct eddy_awaitable *)(void *)&value, false, 1))
        note("opened");
    eddy_failure_catch(eddy_deadline_close(&deadline, NULL), &err);
    expect_no_task("await_for", &err);
}

static void call(struct outside *outside)
{
    await_handles(outside);
    use_the_network(outside);
    await_operations();
    enter_blocks();
    set_a_deadline();
    outside->called = true;
}

eddy_async(void, reads_to_the_end, (eddy_stream *, s), (void *, argument))
{
    char byte;
    (void)argument;
    while (eddy_await(eddy_stream_read(s, &byte, 1)) > 0)
        ;
}

eddy_async(void, opens, (struct outside *, outside))
{
    char place[40]; /* its own: the test runs on several drivers at a time */
    snprintf(place, sizeof place, "@eddy-test-outside-%d", (int)getpid());
    outside->server = eddy_await(eddy_start_unix_server(reads_to_the_end, (void *)NULL, place));
    outside->ends[0] = eddy_await(eddy_open_unix_connection(place));
    outside->ends[1] = eddy_await(eddy_open_unix_connection(place));
    while (eddy_server_connections(outside->server) < 2)
        eddy_await(eddy_sleep(0));
}

eddy_async(void, closes, (struct outside *, outside))
{
    eddy_await(eddy_stream_write(outside->ends[0], "x", 1));
    eddy_await(eddy_stream_close(outside->ends[0]));
    eddy_await(eddy_server_close(outside->server, 60));
}

eddy_async(void, calls_back)
{
    struct outside outside = {.task = eddy_spawn(five()), .future = eddy_future_new(int_future)};
    eddy_await(opens(&outside));
    eddy_call_soon(call, &outside);
    while (!outside.called)
        eddy_await(eddy_sleep(0));
    eddy_await(closes(&outside));
    note("%d", eddy_await(outside.task));
    eddy_set_result(outside.future, 6);
    note("%d", eddy_await(outside.future));
    eddy_future_free(outside.future);
}

static void a_callback_of_the_loop_cannot_await(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(calls_back()), 0); /* the last error is kept, as errno is */
    told("5 6");
    RUN(calls_back());
    told("5 6");
}

static void a_thread_without_a_loop_cannot_await(void **state)
{
    (void)state;
    await_operations();
    use_tls(NULL);
    long blocks = memory_live_blocks(); /* the last error is kept, as errno is */
    await_operations();
    use_tls(NULL);
    enter_blocks();
    set_a_deadline();
    told("");
    assert_int_equal(memory_live_blocks(), blocks);
}

eddy_async(void, makes_a_future, (int_future **, f))
{
    *f = eddy_future_new(int_future);
    eddy_set_result(*f, 7);
}

static void results_that_are_ready_can_be_read_anywhere(void **state)
{
    (void)state;
    int_future *f;
    eddy_error err;
    assert_int_equal(eddy_run(makes_a_future(&f)), 0);
    assert_int_equal(eddy_await(f, &err), 7);
    assert_int_equal(err.code, 0);
    eddy_future_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_callback_of_the_loop_cannot_await),
        cmocka_unit_test(a_thread_without_a_loop_cannot_await),
        cmocka_unit_test(results_that_are_ready_can_be_read_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
