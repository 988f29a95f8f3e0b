/* SPDX-License-Identifier: MIT */
/* test_sigpipe.c - SIGPIPE while a loop runs on a thread: it is blocked, taken away, and afterwards as before. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_clean.h"

/* ==== facts ==== */

static bool is_blocked(void)
{
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    return sigismember(&mask, SIGPIPE) == 1;
}

static bool is_pending(void)
{
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, SIGPIPE) == 1;
}

static bool is_default(void)
{
    struct sigaction action;
    sigaction(SIGPIPE, NULL, &action);
    return !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL;
}

static void set_blocked(bool blocked)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void take(void)
{
    const struct timespec at_once = {0, 0};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigtimedwait(&set, NULL, &at_once);
}

static void assert_untouched(void)
{
    assert_false(is_blocked());
    assert_false(is_pending());
    assert_true(is_default());
}

/* ==== the calls of the library ==== */

static int open_broken_pipe(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    close(ends[0]);
    return ends[1];
}

static int open_broken_socket(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    close(ends[0]);
    return ends[1];
}

static void close_descriptor(int *fd)
{
    close(*fd);
}

async(void, write_raw)
{
    eddy_error err;
    int ends[2] = {open_broken_pipe(), open_broken_socket()};
    defer(close_descriptor, &ends[0]);
    defer(close_descriptor, &ends[1]);
    for (int i = 0; i < 2; i++) {
        await(eddy_write(ends[i], "x", 1), &err);
        CHECK(err.code == EPIPE);
    }
    await(eddy_send_bytes(ends[1], "x", 1, 0), &err);
    CHECK(err.code == EPIPE);
}

/* All ways in which a stream writes. */
async(void, write_stream, (int, fd))
{
    eddy_error err;
    eddy_slice parts[2] = {{"a", 1}, {"b", 1}};
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    eddy_stream *s = await(eddy_open_descriptors(fd, fd));
    defer(eddy_stream_abort, s);
    defer(close_descriptor, &file);
    await(eddy_stream_write(s, "x", 1), &err);
    CHECK(err.code == EPIPE);
    await(eddy_stream_writev(s, parts, 2), &err);
    CHECK(err.code == EPIPE);
    await(eddy_sendfile(s, file, 0, SIZE_MAX), &err);
    CHECK(err.code == EPIPE);
    CHECK(is_default());
}

async(void, serve, (eddy_stream *, s), (bool *, over))
{
    eddy_error err = {0};
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    defer(close_descriptor, &file);
    while (!err.code)
        await(eddy_sendfile(s, file, 0, SIZE_MAX), &err);
    CHECK(err.code == EPIPE || err.code == ECONNRESET);
    *over = true;
}

async(void, leave_early)
{
    bool over = false;
    char byte;
    eddy_server *server = await(eddy_start_server(serve, &over, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    await(eddy_stream_read(s, &byte, 1));
    eddy_stream_abort(s);
    await(eddy_server_close(server, 60));
    CHECK(over);
}

async(void, write_all_ways)
{
    await(write_raw());
    await(write_stream(open_broken_pipe()));
    await(write_stream(open_broken_socket()));
    await(leave_early());
}

static void no_call_raises_sigpipe(void **state)
{
    (void)state;
    RUN_CLEAN(write_all_ways());
    assert_untouched();
}

/* ==== the mask ==== */

async(void, write_by_itself)
{
    int fd = open_broken_pipe();
    CHECK(is_blocked() && write(fd, "x", 1) < 0 && errno == EPIPE && is_pending());
    close(fd);
}

static void a_write_of_the_program_fails_while_a_loop_runs(void **state)
{
    (void)state;
    RUN_CLEAN(write_by_itself());
    assert_untouched();
}

async(int, nothing)
{
    return 0;
}

async(int, break_off)
{
    eddy_error err;
    CHECK(eddy_run(nothing(), &err) == 0 && err.code == EDDY_LOOP_RUNNING && is_blocked());
    raise(SIGPIPE);
    throw(EXDEV, "out");
}

static void the_mask_comes_back_on_every_way_out(void **state)
{
    eddy_loop_options nowhere = {.size = sizeof nowhere, .driver = "nowhere"};
    eddy_error err;
    (void)state;
    (void)!eddy_run(break_off(), &err);
    assert_int_equal(err.code, EXDEV);
    eddy_error_free(&err);
    assert_untouched();
    (void)!eddy_run_with(&nowhere, nothing(), &err);
    assert_int_equal(err.code, EINVAL);
    eddy_error_free(&err);
    assert_untouched();
}

static void a_sigpipe_that_was_pending_before_stays_pending(void **state)
{
    (void)state;
    set_blocked(true);
    RUN_CLEAN(write_by_itself());
    assert_true(is_blocked());
    assert_false(is_pending());
    raise(SIGPIPE);
    RUN_CLEAN(write_by_itself());
    assert_true(is_blocked());
    assert_true(is_pending());
    take();
    set_blocked(false);
    assert_untouched();
}

/* ==== other programs and threads ==== */

blocking(bool, blocks_it)
{
    return is_blocked();
}

async(void, ask_pool)
{
    CHECK(await(blocks_it()));
}

static void threads_of_the_pool_block_it(void **state)
{
    (void)state;
    RUN_CLEAN(ask_pool());
}

async(void, fork_one)
{
    int status;
    pid_t id = fork();
    if (id == 0)
        _exit(is_blocked() || is_pending() ? 1 : 42);
    CHECK(id > 0 && waitpid(id, &status, 0) == id && WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

static void a_forked_child_has_the_mask_of_before(void **state)
{
    (void)state;
    RUN_CLEAN(fork_one());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_call_raises_sigpipe),
        cmocka_unit_test(a_write_of_the_program_fails_while_a_loop_runs),
        cmocka_unit_test(the_mask_comes_back_on_every_way_out),
        cmocka_unit_test(a_sigpipe_that_was_pending_before_stays_pending),
        cmocka_unit_test(threads_of_the_pool_block_it),
        cmocka_unit_test(a_forked_child_has_the_mask_of_before),
    };
    set_blocked(false);
    signal(SIGPIPE, SIG_DFL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
