/* SPDX-License-Identifier: MIT */
/* requests_io.h - the rows of test_requests.c for files, streams, servers, descriptors, names and processes. */
#ifndef EDDY_TESTS_CONFORMANCE_REQUESTS_IO_H
#define EDDY_TESTS_CONFORMANCE_REQUESTS_IO_H

#ifdef EDDY_WITH_TLS
#include "../unit/talk.h"
#endif
#include "requests_tasks.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64];

struct path {
    char text[100];
};

static struct path path_of(const char *name)
{
    struct path path;
    snprintf(path.text, sizeof path.text, "%.60s/%.30s", folder, name);
    return path;
}

static void close_both(int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

/* ==== files ==== */

static void abort_file(eddy_file **file)
{
    eddy_file_abort(*file);
}

#define FILE_ROW(name, step)                                                                                           \
    ROW(name)                                                                                                          \
    {                                                                                                                  \
        eddy_file *file = await(eddy_file_open(path_of("data").text, O_RDWR | O_CREAT, 0600));                         \
        defer(abort_file, &file);                                                                                      \
        char buffer[16] = "some text\nmore\n";                                                                         \
        eddy_slice line;                                                                                               \
        struct stat status;                                                                                            \
        (void)buffer, (void)line, (void)status;                                                                        \
        FOREVER step;                                                                                                  \
    }

FILE_ROW(eddy_file_read, (void)await(eddy_file_read(file, buffer, sizeof buffer)))
FILE_ROW(eddy_file_read_line, (void)await(eddy_file_read_line(file, &line)))
FILE_ROW(eddy_file_read_at, (void)await(eddy_file_read_at(file, buffer, sizeof buffer, 0)))
FILE_ROW(eddy_file_write, (await(eddy_file_write(file, buffer, 15)), eddy_file_seek(file, 0, SEEK_SET)))
FILE_ROW(eddy_file_write_at, await(eddy_file_write_at(file, buffer, 15, 0)))
FILE_ROW(eddy_file_sync, await(eddy_file_sync(file)))
FILE_ROW(eddy_file_sync_data, await(eddy_file_sync_data(file)))
FILE_ROW(eddy_file_truncate, await(eddy_file_truncate(file, 15)))
FILE_ROW(eddy_file_stat, await(eddy_file_stat(file, &status)))
FILE_ROW(eddy_pread, (void)await(eddy_pread(eddy_file_descriptor(file), buffer, sizeof buffer, 0)))
FILE_ROW(eddy_pwrite, (void)await(eddy_pwrite(eddy_file_descriptor(file), buffer, 15, 0)))
FILE_ROW(eddy_stat, await(eddy_stat(path_of("data").text, &status)))
FILE_ROW(eddy_lstat, await(eddy_lstat(path_of("data").text, &status)))
FILE_ROW(eddy_rename, await(eddy_rename(path_of("data").text, path_of("data").text)))

ROW(eddy_file_open)
{
    FOREVER {
        eddy_file *file = await(eddy_file_open(path_of("data").text, O_RDWR | O_CREAT, 0600));
        eddy_file_abort(file);
    }
}

ROW(eddy_file_close)
{
    FOREVER await(eddy_file_close(await(eddy_file_open(path_of("data").text, O_RDWR | O_CREAT, 0600))));
}

ROW(eddy_write_file)
{
    FOREVER await(eddy_write_file(path_of("data").text, "text", 4));
}

ROW(eddy_read_file)
{
    eddy_buffer buffer = {0};
    defer(eddy_buffer_free, &buffer);
    await(eddy_write_file(path_of("data").text, "text", 4));
    FOREVER {
        (void)await(eddy_read_file(path_of("data").text, &buffer));
        buffer.size = 0;
    }
}

ROW(eddy_copy_file)
{
    await(eddy_write_file(path_of("data").text, "text", 4));
    FOREVER await(eddy_copy_file(path_of("data").text, path_of("copied").text));
}

ROW(eddy_unlink)
{
    eddy_error err;
    FOREVER await(eddy_unlink(path_of("nothing").text), &err);
}

ROW(eddy_mkdir)
{
    eddy_error err;
    FOREVER await(eddy_mkdir(folder, 0700), &err);
}

ROW(eddy_rmdir)
{
    eddy_error err;
    FOREVER await(eddy_rmdir(path_of("nothing").text), &err);
}

ROW(eddy_directory)
{
    FOREVER async_for (entry, eddy_directory(folder))
        (void)entry;
}

/* ==== streams ==== */

struct pair {
    eddy_stream *ends[2];
};

static void abort_pair(struct pair *pair)
{
    eddy_stream_abort(pair->ends[0]);
    eddy_stream_abort(pair->ends[1]);
}

/* The first end can be written to, the second can be read from. */
#define PAIR_ROW(name, before, step)                                                                                   \
    ROW(name)                                                                                                          \
    {                                                                                                                  \
        struct pair pair = {{NULL, NULL}};                                                                             \
        char buffer[64];                                                                                               \
        eddy_slice bytes;                                                                                              \
        defer(abort_pair, &pair);                                                                                      \
        await(eddy_stream_pair(pair.ends));                                                                            \
        (void)buffer, (void)bytes;                                                                                     \
        FOREVER {                                                                                                      \
            before;                                                                                                    \
            step;                                                                                                      \
        }                                                                                                              \
    }
#define SEND await(eddy_stream_write(pair.ends[0], "a\nb\n", 4))
#define TAKE (void)await(eddy_stream_read(pair.ends[1], buffer, sizeof buffer))

PAIR_ROW(eddy_stream_read, SEND, TAKE)
PAIR_ROW(eddy_stream_read_some, SEND, (void)await(eddy_stream_read_some(pair.ends[1], &bytes)))
PAIR_ROW(eddy_stream_read_exactly, SEND, (void)await(eddy_stream_read_exactly(pair.ends[1], buffer, 4)))
PAIR_ROW(eddy_stream_read_line, SEND, (void)await(eddy_stream_read_line(pair.ends[1], &bytes)))
PAIR_ROW(eddy_stream_read_until, SEND, (void)await(eddy_stream_read_until(pair.ends[1], "b\n", &bytes)))
PAIR_ROW(eddy_stream_read_until_any, SEND,
         (void)await(eddy_stream_read_until_any(pair.ends[1], &(eddy_slice){"\n", 1}, 1, &bytes)))
PAIR_ROW(eddy_stream_skip_line, SEND, (void)await(eddy_stream_skip_line(pair.ends[1])))
PAIR_ROW(eddy_stream_write, SEND, TAKE)
PAIR_ROW(eddy_stream_writev, await(eddy_stream_writev(pair.ends[0], &(eddy_slice){"ab", 2}, 1)), TAKE)
PAIR_ROW(eddy_stream_printf, await(eddy_stream_printf(pair.ends[0], "%d", 1)), TAKE)
PAIR_ROW(eddy_sendfile, await(eddy_write_file(path_of("data").text, "text", 4)), {
    eddy_file *file = await(eddy_file_open(path_of("data").text, O_RDONLY));
    defer(abort_file, &file);
    (void)await(eddy_sendfile(pair.ends[0], eddy_file_descriptor(file), 0, 4));
    TAKE;
})

ROW(eddy_stream_pair)
{
    FOREVER {
        struct pair pair;
        await(eddy_stream_pair(pair.ends));
        abort_pair(&pair);
    }
}

ROW(eddy_stream_write_eof)
{
    FOREVER {
        struct pair pair;
        await(eddy_stream_pair(pair.ends));
        defer(abort_pair, &pair);
        await(eddy_stream_write_eof(pair.ends[0]));
    }
}

ROW(eddy_stream_close)
{
    FOREVER {
        struct pair pair;
        await(eddy_stream_pair(pair.ends));
        await(eddy_stream_close(pair.ends[0]));
        await(eddy_stream_close(pair.ends[1]));
    }
}

ROW(eddy_open_pipe)
{
    FOREVER {
        struct pair pair;
        await(eddy_open_pipe(&pair.ends[0], &pair.ends[1]));
        abort_pair(&pair);
    }
}

async(void, open_sockets, (struct pair *, pair))
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
        throw(errno);
    pair->ends[0] = await(eddy_open_descriptors(fds[0], fds[0]));
    pair->ends[1] = await(eddy_open_descriptors(fds[1], fds[1]));
}

ROW(eddy_open_descriptors)
{
    FOREVER {
        int fds[2];
        eddy_error err;
        if (pipe2(fds, O_NONBLOCK | O_CLOEXEC))
            throw(errno);
        eddy_stream *s = await_always(eddy_open_descriptors(fds[0], -1), &err);
        close(fds[1]);
        if (err.code)
            close(fds[0]);
        else
            eddy_stream_abort(s);
        if (err.code)
            rethrow(&err);
    }
}

async(void, pass_descriptor, (struct pair *, pair))
{
    char byte;
    int fd = STDERR_FILENO;
    size_t count = 1;
    await(eddy_stream_send_descriptors(pair->ends[0], "x", 1, &fd, 1));
    (void)await(eddy_stream_receive_descriptors(pair->ends[1], &byte, 1, &fd, &count));
    if (count)
        close(fd);
}

ROW(eddy_stream_send_descriptors)
{
    struct pair pair = {{NULL, NULL}};
    await(open_sockets(&pair));
    defer(abort_pair, &pair);
    FOREVER await(pass_descriptor(&pair));
}

ROW(eddy_stream_receive_descriptors)
{
    await(row_eddy_stream_send_descriptors());
}

/* ==== connections, servers ==== */

async(void, echo, (eddy_stream *, s), (void *, unused))
{
    char buffer[64];
    eddy_error err;
    (void)unused;
    for (size_t size; (size = await(eddy_stream_read(s, buffer, sizeof buffer), &err)) > 0 && !err.code;)
        await(eddy_stream_write(s, buffer, size), &err);
}

/* If `closing` is set, the handlers of cancelled connections are joined as well. */
static void leave_server(eddy_server **server)
{
    eddy_error err;
    eddy_await(eddy_server_close(*server, 0), &err);
}

#define SERVER_ROW(name, step)                                                                                         \
    ROW(name)                                                                                                          \
    {                                                                                                                  \
        eddy_server *server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));                            \
        defer(leave_server, &server);                                                                                  \
        FOREVER {                                                                                                      \
            eddy_stream *s = step;                                                                                     \
            eddy_stream_abort(s);                                                                                      \
        }                                                                                                              \
    }

SERVER_ROW(eddy_open_connection, await(eddy_open_connection("127.0.0.1", eddy_server_port(server))))
SERVER_ROW(eddy_open_connection_with_options,
           await(eddy_open_connection_with_options("127.0.0.1", eddy_server_port(server), NULL)))

ROW(eddy_start_server)
{
    FOREVER {
        eddy_server *server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
        await(eddy_server_close(server, 0));
    }
}

ROW(eddy_server_close)
{
    await(row_eddy_start_server());
}

static int listen_at(const struct sockaddr *address, socklen_t size, int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 || bind(fd, address, size) || listen(fd, 8) ? -1 : fd;
}

ROW(eddy_open_unix_connection)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path_of("socket").text);
    unlink(address.sun_path);
    eddy_server_options options = {.size = sizeof options, .unix_path = address.sun_path};
    eddy_server *server = await(eddy_start_server_with_options(echo, (void *)NULL, &options));
    defer(leave_server, &server);
    FOREVER {
        eddy_stream *s = await(eddy_open_unix_connection(address.sun_path));
        eddy_stream_abort(s);
    }
}

#ifdef EDDY_WITH_TLS
async(void, shake_once)
{
    struct talk talk = {.client_tls = client_of(client_options()), .server_tls = server_of(server_options("server"))};
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
}

ROW(eddy_start_tls)
{
    FOREVER await(shake_once());
}

static void free_tls(eddy_tls **tls)
{
    eddy_tls_free(*tls);
}

ROW(eddy_open_tls_connection)
{
    eddy_tls *client_tls = client_of(client_options()), *server_tls = server_of(server_options("server"));
    defer(free_tls, &client_tls);
    defer(free_tls, &server_tls);
    eddy_server *server = await(eddy_over_tls(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0), server_tls));
    defer(leave_server, &server);
    FOREVER {
        eddy_stream *s = await(eddy_open_tls_connection("localhost", eddy_server_port(server), client_tls));
        eddy_stream_abort(s);
    }
}
#else
static int certificates_make(void **state) { return (void)state, 0; }
static int certificates_remove(void **state) { return (void)state, 0; }

ROW(eddy_start_tls)
{
    FOREVER await(eddy_sleep(0));
}

ROW(eddy_open_tls_connection)
{
    FOREVER await(eddy_sleep(0));
}
#endif

/* ==== descriptors ==== */

#define SOCKET_ROW(name, kind, before, step)                                                                           \
    ROW(name)                                                                                                          \
    {                                                                                                                  \
        int fds[2];                                                                                                    \
        char buffer[8];                                                                                                \
        struct iovec part = {buffer, sizeof buffer};                                                                   \
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};                                                   \
        if (socketpair(AF_UNIX, (kind) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))                                        \
            throw(errno);                                                                                              \
        defer(close_both, fds);                                                                                        \
        memset(buffer, 0, sizeof buffer);                                                                              \
        (void)message;                                                                                                 \
        FOREVER {                                                                                                      \
            before;                                                                                                    \
            step;                                                                                                      \
        }                                                                                                              \
    }

SOCKET_ROW(eddy_recv, SOCK_STREAM, CHECK(send(fds[0], "x", 1, 0) == 1), (void)await(eddy_recv(fds[1], buffer, 8, 0)))
SOCKET_ROW(eddy_send_bytes, SOCK_STREAM, (void)await(eddy_send_bytes(fds[0], "x", 1, 0)),
           CHECK(recv(fds[1], buffer, 8, 0) == 1))
SOCKET_ROW(eddy_read, SOCK_STREAM, CHECK(send(fds[0], "x", 1, 0) == 1), (void)await(eddy_read(fds[1], buffer, 8)))
SOCKET_ROW(eddy_write, SOCK_STREAM, (void)await(eddy_write(fds[0], "x", 1)), CHECK(recv(fds[1], buffer, 8, 0) == 1))
SOCKET_ROW(eddy_poll, SOCK_STREAM, , (void)await(eddy_poll(fds[0], POLLOUT)))
SOCKET_ROW(eddy_recvmsg, SOCK_DGRAM, CHECK(send(fds[0], "x", 1, 0) == 1),
           (void)await(eddy_recvmsg(fds[1], &message, 0)))
SOCKET_ROW(eddy_sendmsg, SOCK_DGRAM, (void)await(eddy_sendmsg(fds[0], &message, 0)),
           CHECK(recv(fds[1], buffer, 8, 0) > 0))

static void close_one(int *fd)
{
    close(*fd);
}

/* A datagram socket that is connected to itself. */
async(int, speaks_with_itself, (eddy_address *, own))
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof own->data;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
          getsockname(fd, (struct sockaddr *)(void *)own->data, &size) == 0);
    own->size = size;
    return fd;
}

ROW(eddy_sendto)
{
    eddy_address own = {0};
    char byte;
    int fd = await(speaks_with_itself(&own));
    defer(close_one, &fd);
    FOREVER {
        (void)await(eddy_sendto(fd, "x", 1, 0, &own));
        (void)await(eddy_recvfrom(fd, &byte, 1, 0, NULL));
    }
}

ROW(eddy_recvfrom)
{
    await(row_eddy_sendto());
}

struct listening {
    int fd;
    struct sockaddr_in address;
};

async(struct listening, listens)
{
    struct listening l = {.address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
    socklen_t size = sizeof l.address;
    l.fd = listen_at((struct sockaddr *)&l.address, size, AF_INET);
    CHECK(l.fd >= 0 && getsockname(l.fd, (struct sockaddr *)&l.address, &size) == 0);
    return l;
}

ROW(eddy_accept)
{
    struct listening l = await(listens());
    defer(close_one, &l.fd);
    FOREVER {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        defer(close_one, &client);
        CHECK(connect(client, (struct sockaddr *)&l.address, sizeof l.address) == 0);
        close(await(eddy_accept(l.fd)));
    }
}

ROW(eddy_connect)
{
    struct listening l = await(listens());
    defer(close_one, &l.fd);
    FOREVER {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        defer(close_one, &client);
        await(eddy_connect(client, (struct sockaddr *)&l.address, sizeof l.address));
        int accepted = accept(l.fd, NULL, NULL);
        if (accepted >= 0)
            close(accepted);
    }
}

/* ==== names, processes ==== */

ROW(eddy_getaddrinfo)
{
    FOREVER freeaddrinfo(await(eddy_getaddrinfo("127.0.0.1", "80", NULL)));
}

ROW(eddy_getnameinfo)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    FOREVER(void) await(
        eddy_getnameinfo((struct sockaddr *)&address, sizeof address, NI_NUMERICHOST | NI_NUMERICSERV));
}

static const char *const quick[] = {"true", NULL};

ROW(eddy_process_start)
{
    FOREVER {
        eddy_process *process = await(eddy_process_start(quick));
        eddy_process_free(process); /* it ends by itself, and is reaped by the loop */
    }
}

static void free_process(eddy_process **process)
{
    eddy_process_free(*process);
}

ROW(eddy_process_wait)
{
    eddy_process *process = await(eddy_process_start(quick));
    defer(free_process, &process);
    FOREVER(void) await(eddy_process_wait(process));
}

ROW(eddy_process_communicate)
{
    FOREVER {
        eddy_process *process = await(eddy_process_start(quick));
        defer(free_process, &process);
        (void)await(eddy_process_communicate(process, (eddy_slice){0}, NULL, NULL, 0));
    }
}

ROW(eddy_run_command)
{
    FOREVER(void) await(eddy_run_command(quick, NULL, 0));
}

ROW(eddy_process_scope)
{
    FOREVER async_with (process, eddy_process_scope(quick, NULL, 1))
        (void)process;
}

#endif
