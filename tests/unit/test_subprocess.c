/* SPDX-License-Identifier: MIT */
/* test_subprocess.c - rules of processes that call a protocol: the order of calls, pipes, ends. */
#define _GNU_SOURCE /* pipe2 */
#include <eddy.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_clean.h"

/* A process, and what its protocol was told. */
struct told {
    char log[200];          /* a letter a call: m(ade) r(eceived) p(aused) u(npaused) x (exited) l(ost); 0 1 2: that
                               pipe is lost */
    int id;                 /* at made */
    eddy_subprocess *p;     /* until lost */
    eddy_exit_status status;
    int error;              /* of lost */
    int pipe_errors[3];
    size_t received[3];
    char last[64];          /* the last bytes received */
    bool in_call;           /* eddy_subprocess_start runs, which calls nothing */
    void (*at_made)(struct told *told);
};

static struct told *told_of(eddy_subprocess *p)
{
    return eddy_subprocess_argument(p);
}

static void note(struct told *told, char what)
{
    size_t length = strlen(told->log);
    assert_false(told->in_call);
    if (length < sizeof told->log - 1 && (what != 'r' || told->log[length - 1] != 'r'))
        told->log[length] = what;
}

static void made(eddy_subprocess *p)
{
    struct told *told = told_of(p);
    told->p = p;
    told->id = eddy_subprocess_id(p);
    note(told, 'm');
    if (told->at_made)
        told->at_made(told);
}

static void received(eddy_subprocess *p, int fd, const char *data, size_t size)
{
    struct told *told = told_of(p);
    size_t part = size < sizeof told->last - 1 ? size : sizeof told->last - 1;
    assert_true(fd == 1 || fd == 2);
    note(told, 'r');
    told->received[fd] += size;
    memcpy(told->last, data, part);
    told->last[part] = 0;
}

static void paused(eddy_subprocess *p)
{
    note(told_of(p), 'p');
}

static void resumed(eddy_subprocess *p)
{
    note(told_of(p), 'u');
}

static void pipe_lost(eddy_subprocess *p, int fd, int error)
{
    note(told_of(p), (char)('0' + fd));
    told_of(p)->pipe_errors[fd] = error;
}

static void exited(eddy_subprocess *p, eddy_exit_status status, int error)
{
    eddy_exit_status same;
    assert_true(error == 0 && eddy_subprocess_status(p, &same) && same.code == status.code);
    assert_int_equal(eddy_subprocess_signal(p, SIGTERM), ESRCH);
    told_of(p)->status = status;
    note(told_of(p), 'x');
}

static void lost(eddy_subprocess *p, int error)
{
    struct told *told = told_of(p);
    assert_true(!eddy_subprocess_pipe(p, 0) && !eddy_subprocess_pipe(p, 1) && !eddy_subprocess_pipe(p, 2));
    eddy_subprocess_close(p);
    note(told, 'l');
    told->error = error;
    told->p = NULL;
}

static const struct eddy_subprocess_protocol all = {.made = made, .received = received, .paused = paused,
                                                    .resumed = resumed, .pipe_lost = pipe_lost, .exited = exited,
                                                    .lost = lost};
static const eddy_process_options pipes = {.size = sizeof pipes, .in = EDDY_PIPE, .out = EDDY_PIPE, .err = EDDY_PIPE};

static int run(struct told *told, const char *script, const eddy_process_options *options)
{
    told->error = -1;
    told->in_call = true;
    int error = eddy_subprocess_start(&told->p, EDDY_COMMAND("/bin/sh", "-c", script), options, &all, told);
    told->in_call = false;
    return error;
}

async(void, until_lost, (struct told *, told))
{
    while (told->error < 0)
        await(eddy_sleep(0.0005));
    size_t length = strlen(told->log);
    CHECK(told->log[0] == 'm' && told->log[length - 1] == 'l' && strchr(told->log, 'l') == told->log + length - 1);
}

static bool was_told(const struct told *told, char what)
{
    return strchr(told->log, what) != NULL;
}

/* ==== the usual course ==== */

async(void, answers)
{
    struct told told = {.error = -1};
    CHECK(run(&told, "read line; echo \"got $line\"; echo wrong >&2; exit 3", &pipes) == 0);
    CHECK(eddy_subprocess_id(told.p) > 0);
    CHECK(eddy_transport_write(eddy_subprocess_pipe(told.p, 0), "it\n", 3) == 0);
    await(until_lost(&told));
    CHECK(told.received[1] == 7 && told.received[2] == 6 && told.status.code == 3 && told.status.signal == 0);
    CHECK(was_told(&told, '0') && was_told(&told, '1') && was_told(&told, '2') && was_told(&told, 'x'));
    CHECK(told.error == 0 && told.pipe_errors[1] == 0 && told.pipe_errors[2] == 0);
}

static void a_process_is_fed_and_heard(void **state)
{
    (void)state;
    RUN_CLEAN(answers());
}

async(void, has_no_pipes)
{
    struct told told = {.error = -1};
    CHECK(run(&told, "exit 0", NULL) == 0);
    CHECK(!eddy_subprocess_pipe(told.p, 0) && !eddy_subprocess_pipe(told.p, -1) && !eddy_subprocess_pipe(told.p, 3));
    await(until_lost(&told));
    CHECK(strcmp(told.log, "mxl") == 0 && told.status.code == 0);
}

static void a_process_needs_no_pipes(void **state)
{
    (void)state;
    RUN_CLEAN(has_no_pipes());
}

/* ==== back-pressure ==== */

enum { MUCH = 1000000 };
static char much[MUCH];

async(void, copies_much)
{
    struct told told = {.error = -1};
    const eddy_process_options two = {.size = sizeof two, .in = EDDY_PIPE, .out = EDDY_PIPE};
    CHECK(run(&told, "cat", &two) == 0);
    eddy_transport_pause(eddy_subprocess_pipe(told.p, 1));
    CHECK(eddy_transport_write(eddy_subprocess_pipe(told.p, 0), much, MUCH) == 0);
    CHECK(eddy_transport_write_eof(eddy_subprocess_pipe(told.p, 0)) == 0);
    for (int i = 0; i < 20; i++)
        await(eddy_sleep(0.0005));
    CHECK(told.received[1] == 0 && was_told(&told, 'p') && !was_told(&told, 'u'));
    eddy_transport_resume(eddy_subprocess_pipe(told.p, 1));
    await(until_lost(&told));
    CHECK(told.received[1] == MUCH && was_told(&told, 'u') && told.pipe_errors[0] == 0 && told.status.code == 0);
}

static void both_sides_may_be_slow(void **state)
{
    (void)state;
    RUN_CLEAN(copies_much());
}

async(void, does_not_read)
{
    struct told told = {.error = -1};
    CHECK(run(&told, "exec <&-; sleep 0.01; exit 0", &pipes) == 0);
    CHECK(eddy_transport_write(eddy_subprocess_pipe(told.p, 0), much, MUCH) == 0);
    await(until_lost(&told));
    CHECK(told.pipe_errors[0] == EPIPE && told.error == 0 && told.status.code == 0);
}

static void input_that_is_not_read_is_told(void **state)
{
    (void)state;
    RUN_CLEAN(does_not_read());
}

/* ==== ends ==== */

/* The grandchild keeps the pipe: there is output after the end of the process. */
async(void, outlived_by_a_grandchild)
{
    struct told told = {.error = -1};
    CHECK(run(&told, "exec 3<&0; (read line <&3; echo late) & exit 5", &pipes) == 0);
    while (!was_told(&told, 'x'))
        await(eddy_sleep(0.0005));
    CHECK(strcmp(told.log, "mx") == 0 && told.status.code == 5);
    CHECK(eddy_transport_write(eddy_subprocess_pipe(told.p, 0), "now\n", 4) == 0);
    await(until_lost(&told));
    /* The end of its input may be seen before its output: the order is that of a pipe, not of three. */
    const char *output = strchr(told.log, 'r'), *end = strchr(told.log, '1');
    CHECK(output && end && output < end && told.received[1] == 5);
}

static void the_last_bytes_come_before_the_loss(void **state)
{
    (void)state;
    RUN_CLEAN(outlived_by_a_grandchild());
}

static void close_now(struct told *told)
{
    eddy_subprocess_close(told->p);
    eddy_subprocess_close(told->p);
}

async(void, is_closed, (bool, at_once))
{
    struct told told = {.at_made = at_once ? close_now : NULL};
    eddy_exit_status status;
    int ends[2];
    char byte;
    eddy_process_options options = pipes;
    CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    options.keep = &ends[1];
    options.keep_count = 1;
    options.new_group = true; /* the group is killed: the sleep, too */
    CHECK(run(&told, "trap '' TERM; echo up; sleep 100", &options) == 0);
    close(ends[1]);
    if (!at_once) {
        while (told.received[1] < 3)
            await(eddy_sleep(0.0005));
        CHECK(eddy_subprocess_signal(told.p, SIGTERM) == 0 && !eddy_subprocess_status(told.p, &status));
        close_now(&told);
    }
    await(until_lost(&told));
    CHECK(told.status.signal == SIGKILL && told.status.code == -1 && told.error == 0);
    while (read(ends[0], &byte, 1) != 0) /* no process of the group has the other end any more */
        await(eddy_sleep(0.0005));
    close(ends[0]);
}

static void closing_kills_it(void **state)
{
    (void)state;
    RUN_CLEAN(is_closed(false));
    RUN_CLEAN(is_closed(true));
}

static struct told left;

async(void, is_left)
{
    left = (struct told){.error = -1};
    CHECK(run(&left, "read line", &pipes) == 0); /* it ends with its input */
    while (!left.log[0])
        await(eddy_sleep(0.0005));
}

static void the_end_of_the_loop_lets_it_run(void **state)
{
    (void)state;
    siginfo_t info;
    assert_int_equal(eddy_run(is_left()), 0);
    while (waitid(P_PID, (id_t)left.id, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        continue; /* ECHILD: it ended so soon that the first loop reaped it */
    assert_int_equal(eddy_run(answers()), 0); /* reaps it */
    assert_int_equal(memory_live_blocks(), 0);
    assert_int_equal(left.error, ECANCELED);
    assert_true(left.log[strlen(left.log) - 1] == 'l' && !was_told(&left, 'x') && was_told(&left, '1'));
}

/* ==== what fails ==== */

async(void, is_nowhere)
{
    struct told told = {.error = -1};
    CHECK(eddy_subprocess_start(NULL, EDDY_COMMAND("/nowhere/x"), &pipes, &all, &told) == ENOENT);
    CHECK(eddy_subprocess_start(NULL, EDDY_COMMAND("/etc"), NULL, &all, &told) == EACCES);
    const eddy_process_options odd = {.size = sizeof odd, .in = EDDY_SAME_AS_OUTPUT};
    CHECK(run(&told, "exit 0", &odd) == EINVAL && told.log[0] == 0);
}

static void a_program_may_be_missing(void **state)
{
    (void)state;
    RUN_CLEAN(is_nowhere());
}

static void it_needs_a_loop(void **state)
{
    struct told told = {.error = -1};
    (void)state;
    assert_int_equal(run(&told, "exit 0", NULL), EDDY_NO_LOOP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_is_fed_and_heard),
        cmocka_unit_test(a_process_needs_no_pipes),
        cmocka_unit_test(both_sides_may_be_slow),
        cmocka_unit_test(input_that_is_not_read_is_told),
        cmocka_unit_test(the_last_bytes_come_before_the_loss),
        cmocka_unit_test(closing_kills_it),
        cmocka_unit_test(the_end_of_the_loop_lets_it_run),
        cmocka_unit_test(a_program_may_be_missing),
        cmocka_unit_test(it_needs_a_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
