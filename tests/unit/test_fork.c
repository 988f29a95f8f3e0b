/* SPDX-License-Identifier: MIT */
/* test_fork.c - fork and exec beside a loop: what a child inherits, what it must not touch, and what it may do. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_clean.h"

#define RULE(rule, body)                                                                                             \
    static void rule(void **state)                                                                                   \
    {                                                                                                                \
        (void)state;                                                                                                 \
        RUN_CLEAN(body);                                                                                             \
    }

/* ==== exec ==== */

async(void, answer, (eddy_stream *, s), (void *, unused))
{
    char byte;
    (void)unused;
    while (await(eddy_stream_read(s, &byte, 1)))
        continue;
}

/* The highest descriptor that a program would inherit by exec, among those that a test opens. */
static int highest_inherited(void)
{
    int highest = -1;
    for (int fd = 0; fd < 200; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && !(flags & FD_CLOEXEC))
            highest = fd;
    }
    return highest;
}

async(void, opens_everything, (int, before))
{
    eddy_stream *reader, *writer;
    struct eddy_directory folder = eddy_directory("/");
    const eddy_process_options piped = {.size = sizeof piped, .in = EDDY_PIPE, .out = EDDY_PIPE, .err = EDDY_PIPE};
    eddy_server *server = await(eddy_start_server(answer, NULL, "127.0.0.1", 0));
    eddy_stream *client = await(eddy_open_connection("localhost", eddy_server_port(server)));
    defer(eddy_stream_abort, client);
    await(eddy_stream_printf(client, "x"));
    await(eddy_open_pipe(&reader, &writer));
    defer(eddy_stream_abort, reader);
    defer(eddy_stream_abort, writer);
    eddy_file *file = await(eddy_file_open("/etc/passwd", O_RDONLY));
    defer(eddy_file_abort, file);
    eddy_directory_entry entry;
    CHECK(await(eddy_anext(&folder, &entry)));
    eddy_process *process = await(eddy_process_start(EDDY_COMMAND("cat"), &piped));
    defer(eddy_process_abort, process);
    while (eddy_server_connections(server) == 0)
        await(eddy_sleep(0.001));
    CHECK(highest_inherited() == before);
    await(eddy_aclose(&folder));
    await(eddy_server_close(server, 0));
}
RULE(open_descriptors_are_closed_by_exec, opens_everything(highest_inherited()))

/* ==== a child inside of a loop ==== */

enum touch { SLEEPS, POLLS, CLOSES, POSTS, ADDS_A_READER, RETURNS, TOUCHES };

static void nothing(void *unused)
{
    (void)unused;
}

/* How a child ends: the call reports it, or eddy_run does, which waited for something that the child cannot have. */
enum { TOLD_BY_CALL = 7, TOLD_BY_RUN = 8, NOT_TOLD = 99 };

/* ThreadSanitizer takes a child of a fiber for a race, and ends it with an exit status of its own. */
#if defined __SANITIZE_THREAD__
enum { RACES_TOLD = 66 };
#else
enum { RACES_TOLD = TOLD_BY_RUN };
#endif

/* The parent's tasks have clean-up that only the parent may run. */
static pid_t parent;
static void only_in_the_parent(void *unused)
{
    (void)unused;
    if (getpid() != parent)
        _exit(NOT_TOLD);
}

async(void, touch_loop, (int, touch), (eddy_stream *, stream))
{
    eddy_error err = {0};
    switch (touch) {
    case SLEEPS:
        await(eddy_sleep(0.001));
        break;
    case POLLS:
        await(eddy_poll(0, 1), &err);
        _exit(err.code == EDDY_NO_LOOP ? TOLD_BY_CALL : NOT_TOLD);
    case CLOSES:
        eddy_stream_abort(stream);
        _exit(TOLD_BY_CALL); /* of the parent, which continues to read */
    case POSTS:
        _exit(eddy_call_soon_threadsafe(eddy_current_loop(), nothing, (void *)NULL) == EDDY_NO_LOOP ? TOLD_BY_CALL
                                                                                                    : NOT_TOLD);
    case ADDS_A_READER:
        eddy_add_reader(0, nothing, (void *)NULL);
        await(eddy_sleep(1));
        break;
    default:
        return;
    }
    _exit(NOT_TOLD);
}

struct said {
    int status;
    char text[65536]; /* ThreadSanitizer reports too much about a fork inside a fiber */
};

static void read_all(int fd, struct said *said)
{
    size_t size = 0;
    ssize_t got;
    while ((got = read(fd, said->text + size, sizeof said->text - 1 - size)) > 0)
        size += (size_t)got;
    said->text[size] = 0;
}

static int other_task_ran;

async(void, other_task)
{
    defer(only_in_the_parent, (void *)NULL);
    for (;;) {
        other_task_ran++;
        await(eddy_sleep(0));
    }
}

async(void, try_to_touch, (int, touch), (struct said *, said))
{
    int ends[2];
    eddy_stream *reader, *writer;
    await(eddy_open_pipe(&reader, &writer));
    defer(eddy_stream_abort, reader);
    defer(eddy_stream_abort, writer);
    struct other_task *other = spawn(other_task());
    CHECK(pipe(ends) == 0);
    pid_t id = fork();
    if (id == 0) {
        dup2(ends[1], STDERR_FILENO);
        await(touch_loop(touch, reader));
        return; /* the end of the loop closes the streams */
    }
    close(ends[1]);
    read_all(ends[0], said);
    close(ends[0]);
    CHECK(waitpid(id, &said->status, 0) == id);
    char byte = 'y'; /* the parent has not noticed anything */
    await(eddy_stream_write(writer, "x", 1));
    CHECK(await(eddy_stream_read(reader, &byte, 1)) == 1 && byte == 'x');
    CHECK(!eddy_done(other));
}

async(void, try_all)
{
    for (int touch = 0; touch < TOUCHES; touch++) {
        static struct said said;
        await(try_to_touch(touch, &said));
        int status = WIFEXITED(said.status) ? WEXITSTATUS(said.status) : -1;
        if ((status != TOLD_BY_CALL && status != TOLD_BY_RUN && status != RACES_TOLD) ||
            !strstr(said.text, "forked inside of an event loop, which is its parent's"))
            throw(EDDY_INVALID_STATE, "touch %d: status %x: %s", touch, (unsigned)said.status, said.text);
    }
}
/* A child returns from the parent's eddy_run. */
static void a_forked_child_that_uses_its_parents_loop_gets_an_error(void **state)
{
    (void)state;
    parent = getpid();
    int result = eddy_run(try_all());
    if (getpid() != parent)
        _exit(result == 1 ? TOLD_BY_RUN : NOT_TOLD);
    assert_int_equal(result, 0);
}

/* ==== the child's own loop ==== */

async(int, sleeps_and_runs)
{
    eddy_buffer out = {0};
    defer(eddy_buffer_free, &out);
    await(eddy_sleep(0.001));
    await(eddy_run_command(EDDY_COMMAND("echo", "well"), &out, 0));
    return strcmp(out.data, "well\n") == 0 ? 7 : 1;
}

async(void, forks_a_loop)
{
    int status;
    struct other_task *other = spawn(other_task());
    await(eddy_sleep(0));
    int before = other_task_ran;
    pid_t id = fork();
    if (id == 0) {
        int result = eddy_run(sleeps_and_runs());
        _exit(result == 7 && other_task_ran == before ? 7 : 1); /* the parent's tasks still belong to the parent */
    }
    CHECK(waitpid(id, &status, 0) == id && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    while (other_task_ran == before)
        await(eddy_sleep(0));
    CHECK(!eddy_done(other));
}
RULE(a_child_may_run_a_loop_of_its_own, forks_a_loop())

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_descriptors_are_closed_by_exec),
        cmocka_unit_test(a_forked_child_that_uses_its_parents_loop_gets_an_error),
        cmocka_unit_test(a_child_may_run_a_loop_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
