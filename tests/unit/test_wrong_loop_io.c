/* SPDX-License-Identifier: MIT */
/*
 * test_wrong_loop_io.c - rules of misuse across threads: files, processes and servers of another loop, and waits on
 * a loop's own thread for something that only that loop can do.
 */
#define _GNU_SOURCE
#include <eddy.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "log.h"
#include "transcript.h"

static void note_code(int code)
{
    note("%s", code == EDDY_WRONG_LOOP ? "wrong" : eddy_error_name(code));
}

#define CODE(statement) \
    do { \
        eddy_error err = {0}; \
        statement; \
        note_code(err.code); \
    } while (0)

/* ==== what belongs to another loop ==== */

static eddy_file *file;
static eddy_process *process;
static eddy_server *server;

eddy_async(void, uses_the_file)
{
    char byte;
    eddy_slice line;
    struct stat status;
    CODE(eddy_await(eddy_file_read(file, &byte, 1), &err));
    CODE(eddy_await(eddy_file_read_line(file, &line), &err));
    CODE(eddy_await(eddy_file_read_at(file, &byte, 1, 0), &err));
    CODE(eddy_await(eddy_file_write(file, "x", 1), &err));
    CODE(eddy_await(eddy_file_write_at(file, "x", 1, 0), &err));
    CODE(eddy_await(eddy_file_sync(file), &err));
    CODE(eddy_await(eddy_file_truncate(file, 0), &err));
    CODE(eddy_await(eddy_file_stat(file, &status), &err));
    CODE(eddy_await(eddy_file_close(file), &err));
    note_code((int)-eddy_file_seek(file, 0, SEEK_SET));
    eddy_file_abort(file);
}

eddy_async(void, uses_the_process)
{
    eddy_buffer out = {0};
    CODE(eddy_await(eddy_process_wait(process), &err));
    CODE(eddy_await(eddy_process_communicate(process, (eddy_slice){0}, &out, NULL, 0), &err));
    note_code(eddy_process_signal(process, SIGKILL));
    note_code(eddy_process_signal_group(process, SIGKILL));
    note_code(eddy_process_terminate(process));
    note_code(eddy_process_kill(process));
    eddy_process_free(process);
    eddy_process_abort(process);
}

eddy_async(void, uses_the_server)
{
    CODE(eddy_await(eddy_server_close(server, 1), &err));
}

eddy_async(void, uses_others)
{
    eddy_await(uses_the_file());
    note("|");
    eddy_await(uses_the_process());
    note("|");
    eddy_await(uses_the_server());
    note("|");
}

static void *run_another_loop(void *unused)
{
    (void)unused;
    note("%d", eddy_run_with(LOGGING(), uses_others()));
    return NULL;
}

eddy_async(void, serve, (eddy_stream *, s), (void *, unused))
{
    (void)s;
    (void)unused;
    eddy_await(eddy_sleep(0));
}

/* All three work normally afterwards. */
eddy_async(void, owns_all)
{
    static const char *const arguments[] = {"sleep", "1000", NULL};
    pthread_t thread;
    char path[] = "/tmp/eddy-wrong-loop-XXXXXX", byte = 0;
    close(mkstemp(path));
    file = eddy_await(eddy_file_open(path, O_RDWR));
    unlink(path);
    eddy_await(eddy_file_write(file, "a", 1));
    process = eddy_await(eddy_process_start(arguments));
    server = eddy_await(eddy_start_server(serve, (void *)NULL, "127.0.0.1", 0));
    pthread_create(&thread, NULL, run_another_loop, NULL);
    pthread_join(thread, NULL); /* the loop stands meanwhile: the misuse is no race */
    eddy_await(eddy_file_read_at(file, &byte, 1, 0));
    note("%c %d", byte, eddy_process_ended(process));
    eddy_await(eddy_file_close(file));
    note("%d", eddy_process_kill(process));
    note("%d", eddy_await(eddy_process_wait(process)).signal);
    eddy_process_free(process);
    eddy_await(eddy_server_close(server, 0));
}

static void objects_of_another_loop_are_refused_and_unchanged(void **state)
{
    (void)state;
    RUN(owns_all());
    told("wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong | "
         "wrong wrong wrong wrong wrong wrong | wrong | 0 a 0 0 9");
    assert_int_equal(log_count("eddy_file_abort of a file of another thread's loop did nothing"), 1);
    assert_int_equal(log_count("eddy_file_seek of a file of another thread's loop"), 1);
    assert_int_equal(log_count("eddy_process_free of a process of another thread's loop"), 1);
    assert_int_equal(log_count("eddy_process_abort of a process of another thread's loop"), 1);
}

/* ==== a loop's thread waits for itself ==== */

static int descriptors(void)
{
    int fd = dup(STDERR_FILENO), count = 0;
    for (int i = 0; i < fd + 64; i++)
        count += fcntl(i, F_GETFD) >= 0;
    close(fd);
    return count;
}

/* Waiting is refused at once, since the waiting thread is the one that would have to do the work. After it was given
 * up nothing is left. */
#define DEADLOCK(coroutine) \
    do { \
        eddy_error err; \
        eddy_remote *remote = eddy_run_coroutine_threadsafe(eddy_current_loop(), coroutine); \
        bool ended = eddy_remote_wait(remote, -1, NULL, &err); \
        note("%d %s", ended, eddy_error_name(err.code)); \
        if (!strstr(err.message, "await the coroutine")) \
            note("%s", err.message); \
        eddy_error_free(&err); \
        eddy_remote_cancel(remote); \
        eddy_remote_free(remote); \
        eddy_await(eddy_sleep(0.01)); \
    } while (0)

static int bound_socket(int type)
{
    struct sockaddr_storage any = {.ss_family = AF_INET};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&any, sizeof(struct sockaddr_in)) != 0 ||
        (type == SOCK_STREAM && listen(fd, 1) != 0))
        note("%s", strerror(errno));
    return fd;
}

eddy_async(void, waits_for_itself)
{
    static const char *const arguments[] = {"true", NULL};
    char bytes[8];
    int datagrams = bound_socket(SOCK_DGRAM), listener = bound_socket(SOCK_STREAM);
    eddy_file *null = eddy_await(eddy_file_open("/dev/null", O_RDWR));
    DEADLOCK(eddy_file_open("/dev/null", O_RDWR));
    DEADLOCK(eddy_file_read(null, bytes, sizeof bytes));
    DEADLOCK(eddy_process_start(arguments));
    DEADLOCK(eddy_start_server(serve, (void *)NULL, "127.0.0.1", 0));
    DEADLOCK(eddy_recvfrom(datagrams, bytes, sizeof bytes, 0, NULL));
    DEADLOCK(eddy_accept(listener));
    eddy_await(eddy_file_close(null));
    close(datagrams);
    close(listener);
}

static void waiting_on_the_loops_own_thread_is_a_deadlock_and_named(void **state)
{
    (void)state;
    int before = descriptors();
    RUN(waits_for_itself());
    told("1 EDEADLK 1 EDEADLK 1 EDEADLK 1 EDEADLK 1 EDEADLK 1 EDEADLK");
    assert_int_equal(descriptors(), before);
}

/* ==== what belongs to no loop ==== */

enum { MESSAGES = 500, READERS = 2 };

static int ends[2];
static size_t received[READERS];

eddy_async(void, receive_until_end, (size_t *, total))
{
    char bytes[7];
    for (size_t size; (size = eddy_await(eddy_recv(ends[0], bytes, sizeof bytes, 0))) > 0;)
        *total += size;
}

static void *run_reader(void *total)
{
    eddy_run(receive_until_end(total));
    return NULL;
}

/* As two threads may read from one descriptor: each byte goes to one of them, and both see the end. */
static void a_raw_descriptor_may_be_used_on_two_loops_at_once(void **state)
{
    (void)state;
    pthread_t threads[READERS];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_reader, &received[i]), 0);
    for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(write(ends[1], "abcde", 5), 5);
    shutdown(ends[1], SHUT_WR);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(received[0] + received[1], 5 * MESSAGES);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_of_another_loop_are_refused_and_unchanged),
        cmocka_unit_test(waiting_on_the_loops_own_thread_is_a_deadlock_and_named),
        cmocka_unit_test(a_raw_descriptor_may_be_used_on_two_loops_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
