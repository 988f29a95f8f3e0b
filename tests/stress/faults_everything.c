/* SPDX-License-Identifier: MIT */
/*
 * faults_everything.c - a part for each thing that the library does by means of the kernel, libc or OpenSSL: streams
 * of all kinds, TLS, servers, datagrams, files, folders, processes, names, signals, threads.
 *
 * faults.py lets the library's own allocations and operations fail here; below.py lets the layers below fail.
 * EDDY_TEST_FOLDER holds cert.pem and key.pem; without it there is no TLS.
 */
#include "faults.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Real or virtual seconds that a part may take: EDDY_TEST_PATIENCE. */
static double patience = 20;

/* ==== streams ==== */

async(void, echo, (eddy_stream *, s), (void *, unused))
{
    eddy_slice line;
    (void)unused;
    while (await(eddy_stream_read_line(s, &line)))
        await(eddy_stream_write(s, line.data, line.size));
}

static void drop(eddy_stream **s)
{
    eddy_stream_abort(*s);
}

async(void, close_server, (eddy_server *, server))
{
    eddy_error err;
    await(eddy_server_close(server, 0.5), &err);
    part_ended("closing a server", &err);
}

async(void, talk, (eddy_stream *, s))
{
    eddy_slice line;
    defer(drop, &s);
    for (int i = 0; i < 3; i++) {
        await(eddy_stream_printf(s, "hello %d\n", i));
        await(eddy_stream_read_line(s, &line));
        EXPECT(line.size == 8 && memcmp(line.data, "hello", 5) == 0);
    }
    await(eddy_stream_write_eof(s));
    EXPECT(await(eddy_stream_read_line(s, &line)) == 0);
    eddy_stream *mine = s;
    s = NULL;
    await(eddy_stream_close(mine));
}

async(void, over_tcp)
{
    eddy_server *server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
    eddy_error err;
    await(talk(await(eddy_open_connection("127.0.0.1", eddy_server_port(server)))), &err);
    await(close_server(server));
    if (err.code)
        rethrow(&err);
}

async(void, over_unix)
{
    char path[64];
    snprintf(path, sizeof path, "@eddy-faults-%d", (int)getpid());
    eddy_server *server = await(eddy_start_unix_server(echo, (void *)NULL, path));
    eddy_error err;
    await(talk(await(eddy_open_unix_connection(path))), &err);
    await(close_server(server));
    if (err.code)
        rethrow(&err);
}

async(void, over_a_pipe)
{
    eddy_stream *reader = NULL, *writer = NULL;
    eddy_slice line;
    await(eddy_open_pipe(&reader, &writer));
    defer(drop, &reader);
    defer(drop, &writer);
    await(eddy_stream_write(writer, "abc\n", 4));
    EXPECT(await(eddy_stream_read_line(reader, &line)) == 4);
}

/* ==== TLS ==== */

static char certificate[4096], key[4096];

/* False: there is none. */
static bool find_certificate(void)
{
    const char *folder = getenv("EDDY_TEST_FOLDER");
    if (!folder)
        return false;
    snprintf(certificate, sizeof certificate, "%s/cert.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    return true;
}

async(void, tls_between, (eddy_tls *, ours), (eddy_tls *, theirs))
{
    eddy_server *server = await(eddy_over_tls(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0), ours));
    eddy_error err;
    for (int i = 0; i < 2; i++) {
        await(talk(await(eddy_open_tls_connection("127.0.0.1", eddy_server_port(server), theirs))), &err);
        part_ended("a connection over TLS", &err);
    }
    await(close_server(server));
}

async(void, over_tls)
{
    eddy_error err;
    eddy_tls_options of_server = {.size = sizeof of_server, .certificate_file = certificate, .key_file = key};
    eddy_tls_options of_client = {.size = sizeof of_client, .ca_file = certificate};
    if (!find_certificate())
        return;
    eddy_tls *ours = eddy_tls_server_new(&of_server, &err);
    if (!ours)
        rethrow(&err);
    defer(eddy_tls_free, ours);
    eddy_tls *theirs = eddy_tls_client_new(&of_client, &err);
    if (!theirs)
        rethrow(&err);
    defer(eddy_tls_free, theirs);
    await(tls_between(ours, theirs));
}

/* ==== processes ==== */

static void free_process(eddy_process **process)
{
    eddy_process_abort(*process);
}

async(void, a_process)
{
    const char *arguments[] = {"/bin/cat", NULL};
    eddy_process_options options = {.size = sizeof options, .in = EDDY_PIPE, .out = EDDY_PIPE, .err = EDDY_NULL};
    eddy_process *process = await(eddy_process_start(arguments, &options));
    defer(free_process, &process);
    eddy_buffer out = {0};
    defer(eddy_buffer_free, &out);
    eddy_slice in = {"some input\n", 11};
    eddy_exit_status status = await(eddy_process_communicate(process, in, &out, NULL, 1000));
    EXPECT(status.code == 0 && out.size == 11);
}

/* ==== files and names ==== */

static void remove_file(const char *path)
{
    unlink(path);
}

async(void, files)
{
    char path[64], other[72];
    struct stat status;
    eddy_buffer content = {0};
    snprintf(path, sizeof path, "/tmp/eddy-faults-%d", (int)getpid());
    snprintf(other, sizeof other, "%s.moved", path);
    defer(remove_file, path);
    defer(remove_file, other);
    defer(eddy_buffer_free, &content);
    await(eddy_write_file(path, "content", 7));
    await(eddy_stat(path, &status));
    await(eddy_read_file(path, &content));
    EXPECT(content.size == 7 && status.st_size == 7);
    EXPECT(await(eddy_copy_file(path, other)) == 7);
    await(eddy_rename(path, other));
    eddy_file *file = await(eddy_file_open(other, O_RDWR, 0));
    defer(eddy_file_abort, file);
    await(eddy_file_write_at(file, "C", 1, 0));
    await(eddy_file_sync(file));
    await(eddy_file_truncate(file, 3));
}

async(void, a_folder)
{
    int count = 0;
    async_for (entry, eddy_directory("/etc")) {
        (void)entry;
        count++;
    }
    EXPECT(count > 0);
}

async(void, names)
{
    freeaddrinfo(await(eddy_getaddrinfo("127.0.0.1", "80", NULL)));
}

/* ==== datagrams, threads, signals ==== */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

async(void, datagrams)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    eddy_address to;
    char bytes[10];
    defer(close_fd, &fd);
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, size) || getsockname(fd, (struct sockaddr *)&own, &size))
        throw(errno, "a socket for datagrams");
    eddy_address_ip(&to, "127.0.0.1", ntohs(own.sin_port));
    await(eddy_sendto(fd, "hi", 2, 0, &to));
    EXPECT(await(eddy_recvfrom(fd, bytes, sizeof bytes, 0, &to)) == 2);
}

blocking(int, twice, (int, n))
{
    return n * 2;
}

async(void, a_thread)
{
    EXPECT(await(twice(4)) == 8);
}

async(void, raise_it)
{
    for (int i = 0; i < 3; i++) {
        await(eddy_sleep(0.01));
        kill(getpid(), SIGUSR2);
    }
}

async(void, a_signal)
{
    __auto_type raising = spawn(raise_it());
    async_for (number, eddy_signals(SIGUSR2)) {
        EXPECT(number == SIGUSR2);
        break;
    }
    eddy_cancel(raising);
}

/* ==== operations without a task ==== */

/* They outlive the task that started them, if that fails. */
static struct eddy_operation receiving, sending;
static int ends[2], in_flight;
static bool received;

static void operation_ended(struct eddy_operation *op)
{
    if (op == &receiving)
        received = op->result > 0 && op->data[0] == 'h';
    eddy_operation_give_back(op);
    if (op == &sending && op->result < 0)
        eddy_operation_cancel(&receiving);
    if (--in_flight == 0)
        eddy_release(ends[0]), close(ends[0]), close(ends[1]);
}

async(void, operations)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        throw(errno, "a pair of sockets");
    receiving = sending = (struct eddy_operation){.complete = operation_ended};
    in_flight = 2;
    EXPECT(eddy_adopt(ends[0]) == 0);
    EXPECT(eddy_operation_recv_lent(&receiving, ends[0]) == 0);
    EXPECT(eddy_operation_send(&sending, ends[1], "hi", 2, 0) == 0);
    while (in_flight > 0)
        await(eddy_sleep(0.001));
    for (struct eddy_operation *op = &receiving; op; op = op == &receiving ? &sending : NULL)
        if (op->result < 0)
            throw((int)-op->result, "an operation");
    EXPECT(received);
}

/* ==== all parts ==== */

async(void, several_at_once)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, over_tcp());
        eddy_group_spawn(group, a_process());
        eddy_group_spawn(group, files());
        eddy_group_spawn(group, a_thread());
    }
}

#define IN_TIME(x)                                \
    do {                                          \
        eddy_error in_time_;                      \
        await_for(x, patience, &in_time_);        \
        part_ended(#x, &in_time_);                \
    } while (0)

async(int, everything)
{
    signal(SIGUSR2, SIG_IGN);
    IN_TIME(over_tcp());
    IN_TIME(over_unix());
    IN_TIME(over_a_pipe());
    IN_TIME(over_tls());
    IN_TIME(a_process());
    IN_TIME(files());
    IN_TIME(a_folder());
    IN_TIME(names());
    IN_TIME(datagrams());
    IN_TIME(a_thread());
    IN_TIME(a_signal());
    IN_TIME(operations());
    IN_TIME(several_at_once());
    return 0;
}

static void unseen(const eddy_error *err, void *unused)
{
    (void)unused;
    part_ended("nobody saw it, but it", err);
}

int main(void)
{
    eddy_error err;
    const char *text = getenv("EDDY_TEST_PATIENCE");
    long blocks = memory_live_blocks();
    if (text)
        patience = atof(text);
    eddy_loop_options options = {.size = sizeof options, .exception_handler = unseen};
    eddy_run_with(&options, everything(), &err);
    part_ended("the program", &err);
    return err.code ? 1 : faults_end(0, blocks); /* the thread keeps the error's words until its next error */
}
