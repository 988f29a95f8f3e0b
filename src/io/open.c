/* SPDX-License-Identifier: MIT */
/* open.c - streams that are not connections to a host: descriptors, pipes, Unix sockets, memory. */
#define EDDY_LIBRARY
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/socket.h"
#include "io/stream.h"
#include "io/turn.h"
#include "os/memory.h"

/* ==== memory ==== */

eddy_async_define(void, eddy_stream_pair, (eddy_stream **, ends))
{
    eddy_await(turn());
    struct transport *made[2];
    ends[0] = ends[1] = NULL;
    if (!memory_transports(current.loop, made))
        eddy_raise(ENOMEM, "eddy_stream_pair");
    for (int i = 0; i < 2; i++)
        ends[i] = stream_new(made[i]);
    if (ends[0] && ends[1])
        return;
    for (int i = 0; i < 2; i++) {
        if (ends[i])
            eddy_stream_abort(ends[i]);
        else
            transport_close(made[i]);
        ends[i] = NULL;
    }
    eddy_raise(ENOMEM, "eddy_stream_pair");
}

/* ==== descriptors ==== */

static bool is_socket(int fd)
{
    struct stat facts;
    return fstat(fd, &facts) == 0 && S_ISSOCK(facts.st_mode);
}

static bool is_unix(int fd)
{
    int family = 0;
    socklen_t size = sizeof family;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_UNIX;
}

/* NULL: no memory. */
static struct eddy_stream *stream_of(struct transport *t)
{
    struct eddy_stream *s = t ? stream_new(t) : NULL;
    if (!s)
        memory_free(t);
    return s;
}

/* Returns 0, or an errno value.  O_NONBLOCK is neither read nor changed: see transport_descriptor.c. */
static int set_close_on_exec(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? errno : 0;
}

static struct eddy_stream *take_socket(struct eddy_loop *loop, int fd)
{
    struct eddy_stream *s = stream_of(socket_transport(loop, fd, is_unix(fd)));
    if (s)
        socket_transport_take(stream_transport(s));
    return s;
}

static struct eddy_stream *take_descriptors(struct eddy_loop *loop, int in, int out)
{
    struct eddy_stream *s = stream_of(descriptor_transport(loop, in, out));
    if (s)
        descriptor_transport_take(stream_transport(s));
    return s;
}

eddy_async_define(eddy_stream *, eddy_open_descriptors, (int, in), (int, out))
{
    eddy_await(turn());
    int error = in < 0 && out < 0 ? EBADF : 0;
    if (!error && in >= 0)
        error = set_close_on_exec(in);
    if (!error && out >= 0 && out != in)
        error = set_close_on_exec(out);
    if (error)
        eddy_raise(error, "eddy_open_descriptors(%d, %d)", in, out);
    bool socket = in == out && is_socket(in);
    eddy_stream *s = socket ? take_socket(current.loop, in) : take_descriptors(current.loop, in, out);
    if (!s)
        eddy_raise(ENOMEM, "eddy_open_descriptors(%d, %d)", in, out);
    return s;
}

eddy_async_free(eddy_open_descriptors, eddy_stream_abort);

eddy_async_define(void, eddy_open_pipe, (eddy_stream **, reader), (eddy_stream **, writer))
{
    eddy_await(turn());
    int fds[2];
    *reader = *writer = NULL;
    if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0)
        eddy_raise(errno, "eddy_open_pipe");
    *reader = stream_of(descriptor_transport(current.loop, fds[0], -1));
    *writer = stream_of(descriptor_transport(current.loop, -1, fds[1]));
    for (int i = 0; i < 2; i++)
        driver_adopt(current.loop->driver, fds[i]);
    if (*reader && *writer)
        return;
    for (int i = 0; i < 2; i++) {
        eddy_stream **end = i ? writer : reader;
        if (*end)
            eddy_stream_abort(*end);
        else
            socket_close(current.loop, fds[i]);
        *end = NULL;
    }
    eddy_raise(ENOMEM, "eddy_open_pipe");
}

/* ==== Unix sockets ==== */

eddy_async_define(eddy_stream *, eddy_open_unix_connection, (const char *, path))
{
    struct eddy_address address;
    int error = eddy_address_unix(&address, path);
    TURN_IF(error);
    if (error)
        eddy_raise(error, "eddy_open_unix_connection(\"%s\")", path);
    struct held_socket held = {current.loop, socket_open(AF_UNIX)};
    eddy_defer(socket_drop, &held);
    int64_t result = held.fd;
    if (held.fd >= 0)
        result = eddy_await(socket_connect_patiently(held.fd, address_any(&address), address.size));
    if (result < 0)
        eddy_raise((int)-result, "eddy_open_unix_connection(\"%s\")", path);
    eddy_stream *s = stream_of_socket(held.loop, held.fd, true, path);
    if (!s)
        eddy_raise(ENOMEM, "eddy_open_unix_connection(\"%s\")", path);
    held.fd = -1;
    return s;
}

eddy_async_free(eddy_open_unix_connection, eddy_stream_abort);
