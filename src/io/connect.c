/* SPDX-License-Identifier: MIT */
/* connect.c - eddy_open_connection: the addresses of a host are tried in their order. */
#define EDDY_LIBRARY
#include <errno.h>

#include "io/resolve.h"
#include "io/socket.h"
#include "io/stream.h"

/* A socket that is closed on the way out, unless it was handed on (fd -1). */
struct held {
    struct eddy_loop *loop;
    int fd;
};

static void drop(struct held *held)
{
    if (held->fd >= 0)
        socket_close(held->loop, held->fd);
}

/* 0, or why this address did not answer. */
eddy_async(int, try_address, (const union address *, address), (eddy_stream **, stream))
{
    struct held held = {current.loop, socket_open(address->any.sa_family)};
    eddy_defer(drop, &held);
    if (held.fd < 0)
        return -held.fd;
    int64_t result = eddy_await(socket_connect(held.fd, &address->any, address_size(address)));
    if (result < 0)
        return (int)-result;
    char peer[64];
    address_format(address, peer, sizeof peer);
    *stream = stream_of_socket(held.loop, held.fd, peer);
    if (!*stream)
        return ENOMEM;
    held.fd = -1;
    return 0;
}

eddy_async_define(eddy_stream *, eddy_open_connection, (const char *, host), (int, port))
{
    if (!host)
        host = "";
    if (port < 1 || port > 65535)
        eddy_raise(EINVAL, "eddy_open_connection(\"%s\", %d): ports go from 1 to 65535", host, port);
    struct address_list list = eddy_await(resolve_host(host, port, false));
    if (list.code)
        eddy_raise(list.code, "eddy_open_connection(\"%s\", %d)%s%s", host, port, list.reason[0] ? ": " : "",
                   list.reason);
    eddy_stream *stream = NULL;
    int error = ENOENT;
    for (size_t i = 0; i < list.count && !stream; i++)
        error = eddy_await(try_address(&list.items[i], &stream));
    if (!stream)
        eddy_raise(error, "eddy_open_connection(\"%s\", %d)", host, port);
    return stream;
}
