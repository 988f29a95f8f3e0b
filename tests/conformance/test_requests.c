/* SPDX-License-Identifier: MIT */
/*
 * test_requests.c - a request to cancel always arrives, and an operation that releases something does its work even
 * if a request is pending.
 *
 * First half: an endless loop over each awaitable ends by a timeout, by a cancellation of its task, and by a SIGINT.
 * The list is generated from the public headers (awaitables.py): an awaitable without a row here is a compile error.
 * Second half: each releasing operation is begun with a request pending, of both kinds: the operation succeeds, the
 * await after it fails, and no descriptor, no child and no truncated TLS is left.
 */
#define _GNU_SOURCE
#include "awaitables.h"
#include "requests_at_once.h"

#include <sys/wait.h>

/* ==== the law ==== */

enum { TURNS = 20, PATIENCE = 1000 };

/* True: this process has children, which may have ended. None is reaped here: that is left to the library. */
static bool children_left(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Children that a row was starting when it was cancelled end by themselves; this loop reaps them. */
async(void, see_children_end)
{
    for (int i = 0; i < PATIENCE && children_left(); i++)
        await(eddy_sleep(0.01));
    CHECK(!children_left());
}

async(void, start_one)
{
    (void)await(eddy_run_command(quick, NULL, 0));
}

/* Children that outlived their loop are reaped when the next one is started. */
static void reap_children(void)
{
    for (int i = 0; i < PATIENCE && children_left(); i++) {
        usleep(1000);
        assert_int_equal(eddy_run(start_one()), 0);
    }
}

async(void, loop_of, (const char *, name))
{
#define RUN_ROW(one)                                                                                                   \
    if (strcmp(name, #one) == 0)                                                                                       \
        await(row_##one());
    AWAITABLES(RUN_ROW)
    OTHERS(RUN_ROW)
    AT_ONCE(RUN_ROW)
    throw(EDDY_INVALID_STATE, "the loop of %s has ended", name);
}

#define NAME(one) #one,
static const char *const names[] = {AWAITABLES(NAME) OTHERS(NAME) AT_ONCE(NAME)};
enum { NAMES = sizeof names / sizeof names[0] };

async(void, ask_soon, (void *, task))
{
    for (int i = 0; i < TURNS; i++)
        await(eddy_sleep(0));
    eddy_cancel((eddy_task *)task, "it is time");
}

async(void, ends_when_asked, (const char *, name))
{
    eddy_error err;
    struct loop_of *task = spawn(loop_of(name));
    struct ask_soon *asking = spawn(ask_soon(task));
    await(task, &err);
    await(asking);
    CHECK(err.code == ECANCELED);
}

/* The simulation lets time pass slowly while a task keeps the loop turning. */
async(void, ends_in_time, (const char *, name))
{
    eddy_error err;
    bool simulated = strcmp(eddy_loop_driver(eddy_current_loop()), "sim") == 0;
    await_for(loop_of(name), simulated ? 0.001 : 0.02, &err);
    CHECK(err.code == ETIMEDOUT);
}

async(void, each, (bool, by_time))
{
    for (int i = 0; i < NAMES; i++) {
        eddy_error err;
        if (by_time)
            await(ends_in_time(names[i]), &err);
        else
            await(ends_when_asked(names[i]), &err);
        if (err.code)
            throw(err.code, "%s: %s", names[i], err.message);
    }
    await(see_children_end());
}

static void a_loop_of_any_awaitable_can_be_cancelled(void **state)
{
    (void)state;
    RUN_CLEAN(each(false));
}

static void a_loop_of_any_awaitable_ends_with_its_time(void **state)
{
    (void)state;
    RUN_CLEAN(each(true));
}

async(void, interrupt_soon)
{
    for (int i = 0; i < TURNS; i++)
        await(eddy_sleep(0));
    raise(SIGINT);
}

async(void, interrupted, (const char *, name))
{
    eddy_detach(spawn(interrupt_soon()));
    await(loop_of(name));
}

static void a_loop_of_any_awaitable_ends_by_a_sigint(void **state)
{
    (void)state;
    for (int i = 0; i < NAMES; i++) {
        int code = eddy_run(interrupted(names[i]));
        if (code != 130)
            fail_msg("%s: eddy_run gave %d", names[i], code);
    }
    reap_children();
}

/* ==== releasing ==== */

/* The object that is released by a cancelled task, and what its peer saw. */
struct released {
    struct pair pair;
    eddy_server *server;
    double grace; /* of the server */
    char what;
};

async(void, let_go, (struct released *, r))
{
    eddy_stream *s = r->pair.ends[0];
    r->pair.ends[0] = NULL;
    switch (r->what) {
    case 'c': await(eddy_stream_close(s)); break;
    case 'e':
        r->pair.ends[0] = s;
        await(eddy_stream_write_eof(s));
        break;
    case 's': await(eddy_server_close(r->server, r->grace)); break;
    }
}

/* The operation succeeds; the request is delivered at the await after it. */
async(void, release_asked, (struct released *, r), (bool, level))
{
    eddy_error err;
    if (!level)
        eddy_cancel(eddy_current_task());
    async_with (scope, eddy_cancel_scope()) {
        if (level)
            eddy_scope_cancel(scope);
        await_always(let_go(r), &err);
        CHECK(err.code == 0);
        await_always(eddy_sleep(0), &err);
        CHECK(err.code == ECANCELED);
        await_always(eddy_sleep(0), &err);
        CHECK(err.code == (level ? ECANCELED : 0));
    }
}

/* The other end sees an orderly end. */
async(void, sees_the_end, (eddy_stream *, s))
{
    char byte;
    CHECK(await(eddy_stream_read(s, &byte, 1)) == 0);
}

async(void, release_stream, (char, what), (char, kind), (bool, level))
{
    struct released r = {.what = what};
    defer(abort_pair, &r.pair);
#ifdef EDDY_WITH_TLS
    struct talk talk = {.client_tls = NULL};
    defer(end_talk, &talk);
    if (kind == 't') {
        talk.client_tls = client_of(client_options());
        talk.server_tls = server_of(server_options("server"));
        await(meet(&talk, "localhost"));
        memcpy(r.pair.ends, talk.ends, sizeof talk.ends);
        memset(talk.ends, 0, sizeof talk.ends);
        await(expect_word(r.pair.ends[1], r.pair.ends[0], "word"));
    }
#endif
    if (kind == 'm')
        await(eddy_stream_pair(r.pair.ends));
    if (kind == 's')
        await(open_sockets(&r.pair));
    if (kind == 'p')
        await(eddy_open_pipe(&r.pair.ends[1], &r.pair.ends[0]));
    struct sees_the_end *peer = spawn(sees_the_end(r.pair.ends[1]));
    struct release_asked *task = spawn(release_asked(&r, level));
    await(task);
    await(peer);
}

static void a_stream_that_is_released_by_a_cancelled_task_ends_well(void **state)
{
    (void)state;
#ifdef EDDY_WITH_TLS
    const char *kinds = "mspt";
#else
    const char *kinds = "msp";
#endif
    for (const char *kind = kinds; *kind; kind++)
        for (int level = 0; level < 2; level++) {
            RUN_CLEAN(release_stream('c', *kind, level));
            RUN_CLEAN(release_stream('e', *kind, level));
        }
}

async(void, release_server, (bool, level))
{
    eddy_server *server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    defer(eddy_stream_abort, s);
    await(eddy_stream_write(s, "x", 1));
    char byte;
    CHECK(await(eddy_stream_read(s, &byte, 1)) == 1);
    await(eddy_stream_write_eof(s));
    struct released r = {.what = 's', .server = server, .grace = 5};
    await(spawn(release_asked(&r, level)));
    CHECK(await(eddy_stream_read(s, &byte, 1)) == 0);
}

async(void, stays, (eddy_stream *, s), (void *, nothing))
{
    char byte;
    (void)nothing;
    await(eddy_stream_read(s, &byte, 1));
    await(eddy_stream_write(s, "x", 1));
    await(eddy_sleep(1000));
}

/* The handler is cancelled when the grace is over, not before. */
async(void, release_busy_server, (bool, level))
{
    eddy_server *server = await(eddy_start_server(stays, (void *)NULL, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    defer(eddy_stream_abort, s);
    char byte;
    await(eddy_stream_write(s, "x", 1));
    CHECK(await(eddy_stream_read(s, &byte, 1)) == 1);
    double begun = eddy_time();
    struct released r = {.what = 's', .server = server, .grace = 0.2};
    await(spawn(release_asked(&r, level)));
    CHECK(eddy_time() - begun >= 0.2);
}

static void a_server_that_is_closed_by_a_cancelled_task_is_closed(void **state)
{
    (void)state;
    for (int level = 0; level < 2; level++) {
        RUN_CLEAN(release_server(level));
        RUN_CLEAN(release_busy_server(level));
    }
}

static const char *const slow[] = {"sleep", "1000", NULL};
static const char *const stubborn[] = {"/bin/sh", "-c", "trap '' TERM; echo; while :; do sleep 0.01; done", NULL};

/* The request arrives while the block is entered, and is pending when it ends. */
async(void, leave_process, (bool, level))
{
    async_with (scope, eddy_cancel_scope()) {
        async_with (process, eddy_process_scope(slow, NULL, 5)) {
            (void)process;
            if (level)
                eddy_scope_cancel(scope);
            else
                eddy_cancel(eddy_current_task());
        }
        CHECK(!children_left());
        eddy_error err;
        await_always(eddy_sleep(0), &err);
        CHECK(err.code == ECANCELED);
    }
}

/* It is killed when its grace is over. */
async(void, leave_stubborn_process)
{
    static const eddy_process_options piped = {.size = sizeof piped, .out = EDDY_PIPE};
    async_with (scope, eddy_cancel_scope()) {
        async_with (process, eddy_process_scope(stubborn, &piped, 0.02)) {
            char byte;
            await(eddy_stream_read(eddy_process_out(process), &byte, 1));
            eddy_scope_cancel(scope);
        }
        CHECK(!children_left());
    }
}

static void a_process_that_is_left_by_a_cancelled_task_is_reaped(void **state)
{
    (void)state;
    reap_children();
    RUN_CLEAN(leave_process(false));
    RUN_CLEAN(leave_process(true));
    RUN_CLEAN(leave_stubborn_process());
}

static int make_folder(void **state)
{
    strcpy(folder, "/tmp/eddy-requests-XXXXXX");
    return !mkdtemp(folder) || certificates_make(state);
}

static int remove_folder(void **state)
{
    unlink(path_of("copied").text);
    unlink(path_of("data").text);
    unlink(path_of("socket").text);
    return rmdir(folder) || certificates_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_of_any_awaitable_can_be_cancelled),
        cmocka_unit_test(a_loop_of_any_awaitable_ends_with_its_time),
        cmocka_unit_test(a_loop_of_any_awaitable_ends_by_a_sigint),
        cmocka_unit_test(a_stream_that_is_released_by_a_cancelled_task_ends_well),
        cmocka_unit_test(a_server_that_is_closed_by_a_cancelled_task_is_closed),
        cmocka_unit_test(a_process_that_is_left_by_a_cancelled_task_is_reaped),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
