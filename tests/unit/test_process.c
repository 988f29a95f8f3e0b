/* SPDX-License-Identifier: MIT */
/* test_process.c - processes: started with the given options, fed, read, waited for, ended; and nothing of them is
 * left. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/child.h"
#include "run_clean.h"

#define SHELL(script) EDDY_COMMAND("/bin/sh", "-c", script)

/* Also checks that every child was reaped. */

#define RUN_REAPED(coroutine)                                                                                        \
    do {                                                                                                             \
        RUN_CLEAN(coroutine);                                                                                        \
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);                                                            \
        assert_int_equal(errno, ECHILD);                                                                             \
    } while (0)

#define RULE(rule, body)                                                                                             \
    static void rule(void **state)                                                                                   \
    {                                                                                                                \
        (void)state;                                                                                                 \
        RUN_REAPED(body);                                                                                            \
    }

static const eddy_process_options piped = {
    .size = sizeof piped, .in = EDDY_PIPE, .out = EDDY_PIPE, .err = EDDY_PIPE};

/* ==== how it ends ==== */

async(void, ends)
{
    char text[40];
    eddy_process *p = await(eddy_process_start(SHELL("exit 3")));
    defer(eddy_process_free, p);
    eddy_exit_status status = await(eddy_process_wait(p));
    CHECK(status.code == 3 && status.signal == 0 && eddy_process_ended(p) && eddy_process_id(p) > 0);
    CHECK(await(eddy_process_wait(p)).code == 3); /* again */
    CHECK(eddy_exit_status_describe(status, text, sizeof text) == 13 && !strcmp(text, "exit status 3"));
    eddy_process *killed = await(eddy_process_start(SHELL("kill -9 $$")));
    defer(eddy_process_free, killed);
    status = await(eddy_process_wait(killed));
    CHECK(status.code == -1 && status.signal == SIGKILL && !status.dumped);
    eddy_exit_status_describe(status, text, sizeof text);
    CHECK(!strncmp(text, "signal 9 (", 10));
    CHECK(eddy_process_signal(killed, SIGTERM) == ESRCH && eddy_process_kill(killed) == ESRCH);
}
RULE(status_and_signal_are_told_apart, ends())

async(void, obeys_signals)
{
    const eddy_process_options group = {.size = sizeof group, .new_group = true};
    eddy_process *p = await(eddy_process_start(EDDY_COMMAND("sleep", "1000")));
    defer(eddy_process_abort, p);
    CHECK(eddy_process_signal(p, 12345) == EINVAL && eddy_process_signal_group(p, SIGTERM) == EINVAL);
    CHECK(!eddy_process_ended(p) && eddy_process_terminate(p) == 0);
    CHECK(await(eddy_process_wait(p)).signal == SIGTERM);
    eddy_process *leader = await(eddy_process_start(SHELL("sleep 1000 & wait"), &group));
    defer(eddy_process_abort, leader);
    CHECK(eddy_process_signal_group(leader, SIGTERM) == 0);
    CHECK(await(eddy_process_wait(leader)).signal == SIGTERM);
}
RULE(signals_reach_it_and_its_group, obeys_signals())

async(eddy_exit_status, wait_for, (eddy_process *, p))
{
    return await(eddy_process_wait(p));
}

async(void, waits_often)
{
    eddy_error err;
    eddy_process *p = await(eddy_process_start(EDDY_COMMAND("cat"), &piped));
    defer(eddy_process_abort, p);
    struct wait_for *first = spawn(wait_for(p)), *second = spawn(wait_for(p)), *third = spawn(wait_for(p));
    await(eddy_sleep(0));
    eddy_cancel(second);
    await(second, &err);
    CHECK(err.code == ECANCELED && !eddy_process_ended(p));
    await_for(eddy_process_wait(p), 0.001, &err);
    CHECK(err.code == ETIMEDOUT && !eddy_process_ended(p));
    await(eddy_stream_write_eof(eddy_process_in(p)));
    CHECK(await(first).code == 0 && await(third).code == 0);
}
RULE(a_cancelled_wait_leaves_the_child_running, waits_often())

/* ==== input and output ==== */

async(void, communicates)
{
    enum { SIZE = 1000000 };
    char *input = calloc(1, SIZE);
    defer(free, input);
    eddy_buffer out = {0}, err = {0};
    defer(eddy_buffer_free, &out);
    defer(eddy_buffer_free, &err);
    eddy_process *p = await(eddy_process_start(SHELL("cat; cat /etc/passwd >&2; exit 7"), &piped));
    defer(eddy_process_abort, p);
    CHECK(await(eddy_process_communicate(p, (eddy_slice){input, SIZE}, &out, &err, 0)).code == 7);
    CHECK(out.size == SIZE && !memcmp(out.data, input, SIZE) && err.size > 0);
    eddy_process *deaf = await(eddy_process_start(SHELL("exec <&-; echo no"), &piped));
    defer(eddy_process_abort, deaf);
    out.size = 0;
    CHECK(await(eddy_process_communicate(deaf, (eddy_slice){input, SIZE}, &out, NULL, 3)).code == 0);
    CHECK(out.size == 3 && !memcmp(out.data, "no\n", 3));
}
RULE(communicate_feeds_reads_and_waits, communicates())

async(void, overruns)
{
    eddy_error err;
    eddy_buffer out = {0};
    defer(eddy_buffer_free, &out);
    eddy_process *p = await(eddy_process_start(SHELL("while :; do echo yes; done"), &piped));
    defer(eddy_process_abort, p);
    await(eddy_process_communicate(p, (eddy_slice){0}, &out, NULL, 10), &err);
    CHECK(err.code == EDDY_LIMIT_OVERRUN && out.size == 10 && !strcmp(out.data, "yes\nyes\nye"));
    CHECK(strstr(err.message, "/bin/sh") && strstr(err.message, "10 bytes"));
    CHECK(!eddy_process_ended(p));
}
RULE(output_has_a_limit, overruns())

async(void, gives_what_was_asked)
{
    char folder[] = "/tmp/eddy-process-XXXXXX";
    const char *environment[] = {"COLOUR=blue", "PATH=/bin:/usr/bin", NULL};
    eddy_slice line;
    CHECK(mkdtemp(folder));
    defer(rmdir, folder);
    eddy_process_options options = {.size = sizeof options, .in = EDDY_NULL, .out = EDDY_PIPE,
                                    .err = EDDY_SAME_AS_OUTPUT, .directory = folder, .environment = environment};
    eddy_process *p = await(eddy_process_start(SHELL("read x; pwd >&2; echo $COLOUR; env | wc -l"), &options));
    defer(eddy_process_abort, p);
    CHECK(!eddy_process_in(p) && eddy_process_out(p) && !eddy_process_err(p));
    CHECK(await(eddy_stream_read_line(eddy_process_out(p), &line)) == strlen(folder) + 1);
    CHECK(!memcmp(line.data, folder, strlen(folder)));
    await(eddy_stream_read_line(eddy_process_out(p), &line));
    CHECK(line.size == 5 && !memcmp(line.data, "blue\n", 5));
    await(eddy_stream_read_line(eddy_process_out(p), &line));
    CHECK(atoi(line.data) < 6); /* variables that the shell itself adds */
    CHECK(await(eddy_process_wait(p)).code == 0);
}
RULE(directory_environment_and_merged_output, gives_what_was_asked())

async(void, redirects)
{
    eddy_buffer out = {0};
    defer(eddy_buffer_free, &out);
    int ends[2];
    CHECK(pipe(ends) == 0);
    eddy_stream *reader = await(eddy_open_descriptors(ends[0], -1));
    defer(eddy_stream_abort, reader);
    eddy_process_options options = {.size = sizeof options, .out = ends[1], .err = 1};
    eddy_process *p = await(eddy_process_start(SHELL("echo from out; exec 1>&-"), &options));
    defer(eddy_process_abort, p);
    close(ends[1]);
    eddy_slice line;
    await(eddy_stream_read_line(reader, &line));
    CHECK(line.size == 9 && !memcmp(line.data, "from out\n", 9));
    CHECK(await(eddy_process_wait(p)).code == 0);
    CHECK(await(eddy_stream_read_line(reader, &line)) == 0); /* no other process has it open */
}
RULE(descriptors_of_the_caller_are_handed_on, redirects())

/* ls itself has the folder open, at the lowest free number. */
async(void, lists_descriptors)
{
    eddy_buffer out = {0};
    defer(eddy_buffer_free, &out);
    int open_ones[2];
    CHECK(pipe(open_ones) == 0 && dup2(open_ones[0], 17) == 17); /* none of them is close-on-exec */
    eddy_process *other = await(eddy_process_start(EDDY_COMMAND("cat"), &piped));
    defer(eddy_process_abort, other);
    CHECK(await(eddy_run_command(EDDY_COMMAND("ls", "/proc/self/fd"), &out, 0)).code == 0);
    CHECK(!strcmp(out.data, "0\n1\n2\n3\n"));
    out.size = 0;
    const int kept[] = {17};
    eddy_process_options options = {.size = sizeof options, .out = EDDY_PIPE, .keep = kept, .keep_count = 1};
    eddy_process *p = await(eddy_process_start(EDDY_COMMAND("ls", "/proc/self/fd"), &options));
    defer(eddy_process_abort, p);
    await(eddy_process_communicate(p, (eddy_slice){0}, &out, NULL, 0));
    CHECK(!strcmp(out.data, "0\n1\n17\n2\n3\n"));
    for (int i = 0; i < 2; i++)
        close(open_ones[i]);
    close(17);
}
RULE(the_child_has_only_the_descriptors_that_it_was_given, lists_descriptors())

async(void, leads)
{
    static const char script[] = "read a b c d pgrp session rest </proc/$$/stat; "
                                 "[ $pgrp = $$ ] && echo group; [ $session = $$ ] && echo session; :";
    eddy_process_options options = {.size = sizeof options, .out = EDDY_PIPE, .new_group = true};
    const char *expected[] = {"group\n", "group\nsession\n"};
    for (int i = 0; i < 2; i++) {
        eddy_buffer out = {0};
        defer(eddy_buffer_free, &out);
        eddy_process *p = await(eddy_process_start(SHELL(script), &options));
        defer(eddy_process_abort, p);
        await(eddy_process_communicate(p, (eddy_slice){0}, &out, NULL, 0));
        CHECK(!strcmp(out.data, expected[i]));
        options.new_session = true;
    }
}
RULE(the_child_can_lead_a_group_or_session, leads())

static void ignore(int number)
{
    (void)number;
}

/* The program's own handlers and signal mask do not affect the child. */
async(void, resets_signals)
{
    eddy_buffer out = {0};
    defer(eddy_buffer_free, &out);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN), (*hangup)(int) = signal(SIGHUP, SIG_IGN),
         (*user)(int) = signal(SIGUSR1, ignore);
    await(eddy_run_command(EDDY_COMMAND("grep", "^SigIgn", "/proc/self/status"), &out, 0));
    signal(SIGPIPE, before);
    signal(SIGHUP, hangup);
    signal(SIGUSR1, user);
    unsigned long long ignored = strtoull(strchr(out.data, ':') + 1, NULL, 16);
    CHECK((ignored & (1ull << (SIGPIPE - 1) | 1ull << (SIGHUP - 1))) == 0);
}
RULE(dispositions_are_the_default_ones, resets_signals())

async(void, dies_of, (int, number))
{
    char script[32];
    sigset_t set, mask;
    sigemptyset(&set);
    sigaddset(&set, number);
    snprintf(script, sizeof script, "kill -%d $$", number);
    pthread_sigmask(SIG_BLOCK, &set, &mask);
    void (*before)(int) = signal(number, SIG_IGN);
    eddy_error err;
    eddy_process *p = await(eddy_process_start(SHELL(script), NULL), &err);
    signal(number, before);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    CHECK(!err.code);
    defer(eddy_process_abort, p);
    eddy_exit_status status = await(eddy_process_wait(p));
    CHECK(status.signal == number);
}

async(void, ends_by_signals)
{
    const int numbers[] = {SIGPIPE, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        await(dies_of(numbers[i]));
}
RULE(blocked_and_ignored_signals_end_it, ends_by_signals())

/* ==== errors ==== */

async(void, fails)
{
    eddy_error err;
    const eddy_process_options nowhere = {.size = sizeof nowhere, .directory = "/no/such/folder"};
    const eddy_process_options wrong = {.size = sizeof wrong, .out = EDDY_SAME_AS_OUTPUT};
    const eddy_process_options closed = {.size = sizeof closed, .out = 999};
    char *words[] = {"/no/such/program", "x", NULL};
    await(eddy_process_start(words), &err);
    CHECK(err.code == ENOENT && !strcmp(err.message, "eddy_process_start(\"/no/such/program\")"));
    await(eddy_process_start(EDDY_COMMAND("eddy-no-such-program"), &piped), &err);
    CHECK(err.code == ENOENT);
    await(eddy_process_start(EDDY_COMMAND("/etc/passwd"), &piped), &err);
    CHECK(err.code == EACCES);
    await(eddy_process_start(EDDY_COMMAND("ls"), &nowhere), &err);
    CHECK(err.code == ENOENT && strstr(err.message, "\"ls\"") && strstr(err.message, "directory \"/no/such/folder\""));
    await(eddy_process_start(EDDY_COMMAND("ls"), &wrong), &err);
    CHECK(err.code == EINVAL);
    await(eddy_process_start(EDDY_COMMAND("ls"), &closed), &err);
    CHECK(err.code == EBADF && strstr(err.message, "descriptors"));
    await(eddy_process_start((const char *const *)words + 2), &err);
    CHECK(err.code == ENOENT);
}
RULE(a_program_that_cannot_be_started_is_an_error_of_the_start, fails())

/* A daemon has closed its standard descriptors, and pipes get their numbers. */
static void put_away(int kept[3])
{
    for (int i = 0; i < 3; i++) {
        kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 20);
        close(i);
    }
}

static void put_back(int *kept)
{
    for (int i = 0; i < 3; i++)
        if (kept[i] >= 0) {
            dup2(kept[i], i);
            close(kept[i]);
        }
}

async(void, start_two, (int, output))
{
    const eddy_process_options given = {.size = sizeof given, .out = output, .err = output};
    eddy_error err;
    eddy_slice line;
    await(eddy_process_start(EDDY_COMMAND("/no/such/program"), &given), &err);
    CHECK(err.code == ENOENT); /* the output does not replace the pipe by which the child says so */
    eddy_error_free(&err);
    eddy_process *p = await(eddy_process_start(SHELL("read word; echo $word; echo $word >&2"), &piped));
    defer(eddy_process_abort, p);
    await(eddy_stream_write(eddy_process_in(p), "here\n", 5));
    CHECK(await(eddy_stream_read_line(eddy_process_out(p), &line)) == 5 && !memcmp(line.data, "here\n", 5));
    CHECK(await(eddy_stream_read_line(eddy_process_err(p), &line)) == 5 && !memcmp(line.data, "here\n", 5));
    CHECK(await(eddy_process_wait(p)).code == 0);
}

async(void, start_as_a_daemon)
{
    int kept[3];
    put_away(kept);
    defer(put_back, kept);
    await(start_two(kept[2]));
}
RULE(a_daemon_without_standard_descriptors_starts_programs, start_as_a_daemon())

/* Of its pipe, child_start leaves 1 open and moves 2: nothing is open under 2, which is to become 0. */
static int start_with_a_closed_descriptor(void)
{
    close(1);
    close(2);
    const char *words[] = {"true", NULL};
    struct child child;
    enum child_step step = CHILD_MAKE;
    const struct child_plan plan = {.arguments = words, .descriptors = {2, 1, 1}};
    return child_start(&plan, &child, &step) == EBADF && step == CHILD_DESCRIPTOR ? 0 : 1;
}

static void descriptors_that_cannot_be_placed_are_an_error(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t id = fork();
    if (id == 0)
        _exit(start_with_a_closed_descriptor());
    int status;
    assert_int_equal(waitpid(id, &status, 0), id);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

async(void, loses)
{
    eddy_error err;
    eddy_process *p = await(eddy_process_start(EDDY_COMMAND("/bin/cat"), &piped));
    defer(eddy_process_abort, p);
    eddy_process_kill(p);
    CHECK(waitpid(eddy_process_id(p), NULL, 0) == eddy_process_id(p));
    await(eddy_process_wait(p), &err);
    CHECK(err.code == ECHILD && strstr(err.message, "/bin/cat"));
}
RULE(a_status_that_other_code_took_is_an_error, loses())

/* ==== ending it ==== */

async(void, scopes)
{
    char byte;
    eddy_exit_status status = {0};
    async_with (p, eddy_process_scope(SHELL("trap '' TERM; echo; while :; do sleep 0.01; done"), &piped, 0.02)) {
        await(eddy_stream_read(eddy_process_out(p), &byte, 1));
    }
    async_with (p, eddy_process_scope(SHELL("exit 4"), NULL, 10))
        status = await(eddy_process_wait(p));
    CHECK(status.code == 4);
    async_with (p, eddy_process_scope(EDDY_COMMAND("sleep", "1000"), NULL, 1000))
        throw(EIO, "%d", eddy_process_id(p));
}

async(void, leaves_a_scope)
{
    eddy_error err;
    await(scopes(), &err);
    CHECK(err.code == EIO && kill(atoi(err.message), 0) < 0 && errno == ESRCH);
}
RULE(a_scope_ends_its_process, leaves_a_scope())

async(void, runs_late)
{
    eddy_error err;
    eddy_buffer out = {0};
    defer(eddy_buffer_free, &out);
    await_for(eddy_run_command(SHELL("echo begun; sleep 1000 & wait"), &out, 0), 0.2, &err);
    CHECK(err.code == ETIMEDOUT);
    await(eddy_run_command(EDDY_COMMAND("eddy-no-such-program"), NULL, 0), &err);
    CHECK(err.code == ENOENT);
    CHECK(await(eddy_run_command(EDDY_COMMAND("true"), NULL, 0)).code == 0);
}
RULE(a_command_that_takes_too_long_is_killed, runs_late())

async(void, gives_up)
{
    eddy_process *p = await(eddy_process_start(SHELL("exit 0")));
    int id = eddy_process_id(p);
    eddy_process_free(p);
    eddy_process_free(NULL);
    eddy_process_abort(NULL);
    while (kill(id, 0) == 0) /* a zombie still has its process number */
        await(eddy_sleep(0.001));
}
RULE(an_abandoned_child_is_reaped, gives_up())

async(int, leaves_running)
{
    return eddy_process_id(await(eddy_process_start(EDDY_COMMAND("sleep", "1000"), &piped)));
}

static void a_child_that_outlives_its_loop_is_reaped_later(void **state)
{
    (void)state;
    int id = eddy_run(leaves_running());
    assert_true(id > 0);
    assert_int_equal(kill(id, SIGKILL), 0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)id, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(eddy_run(gives_up()), 0);
    assert_int_equal(kill(id, 0), -1);
    assert_int_equal(memory_live_blocks(), 0);
}

static void kernels_without_pidfd(void **state)
{
    child_refuse_descriptors(true);
    status_and_signal_are_told_apart(state);
    signals_reach_it_and_its_group(state);
    a_cancelled_wait_leaves_the_child_running(state);
    a_scope_ends_its_process(state);
    an_abandoned_child_is_reaped(state);
    child_refuse_descriptors(false);
}

async(void, runs_with_little_memory)
{
    for (int n = 1;; n++) {
        eddy_error err;
        eddy_buffer out = {0};
        defer(eddy_buffer_free, &out);
        memory_fail_after(n);
        await(eddy_run_command(EDDY_COMMAND("echo", "well"), &out, 0), &err);
        bool all = memory_fault_countdown > 0;
        memory_fail_after(0);
        CHECK(err.code == ENOMEM || !err.code);
        if (all)
            break;
    }
}
RULE(without_memory_nothing_is_left, runs_with_little_memory())

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_and_signal_are_told_apart),
        cmocka_unit_test(signals_reach_it_and_its_group),
        cmocka_unit_test(a_cancelled_wait_leaves_the_child_running),
        cmocka_unit_test(communicate_feeds_reads_and_waits),
        cmocka_unit_test(output_has_a_limit),
        cmocka_unit_test(directory_environment_and_merged_output),
        cmocka_unit_test(descriptors_of_the_caller_are_handed_on),
        cmocka_unit_test(the_child_has_only_the_descriptors_that_it_was_given),
        cmocka_unit_test(the_child_can_lead_a_group_or_session),
        cmocka_unit_test(dispositions_are_the_default_ones),
        cmocka_unit_test(blocked_and_ignored_signals_end_it),
        cmocka_unit_test(a_program_that_cannot_be_started_is_an_error_of_the_start),
        cmocka_unit_test(a_daemon_without_standard_descriptors_starts_programs),
        cmocka_unit_test(descriptors_that_cannot_be_placed_are_an_error),
        cmocka_unit_test(a_status_that_other_code_took_is_an_error),
        cmocka_unit_test(a_scope_ends_its_process),
        cmocka_unit_test(a_command_that_takes_too_long_is_killed),
        cmocka_unit_test(an_abandoned_child_is_reaped),
        cmocka_unit_test(a_child_that_outlives_its_loop_is_reaped_later),
        cmocka_unit_test(kernels_without_pidfd),
        cmocka_unit_test(without_memory_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
