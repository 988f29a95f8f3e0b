/* SPDX-License-Identifier: MIT */
/* echo.c - libuv's echo server: one buffer for all connections, written at once if the socket accepts it. */
#include <uv.h>

#include "server.h"

static char *buffer;
static size_t buffer_size;

static void lend(uv_handle_t *handle, size_t suggested, uv_buf_t *lent)
{
    (void)handle, (void)suggested;
    *lent = uv_buf_init(buffer, (unsigned)buffer_size);
}

static void on_close(uv_handle_t *handle)
{
    free(handle);
}

static void on_write(uv_write_t *write, int status)
{
    (void)status;
    free(write);
}

static void write_later(uv_stream_t *s, const char *data, size_t size)
{
    uv_write_t *write = malloc(sizeof *write + size);
    uv_buf_t rest = uv_buf_init((char *)(write + 1), (unsigned)size);
    memcpy(rest.base, data, size);
    uv_write(write, s, &rest, 1, on_write);
}

static void on_read(uv_stream_t *s, ssize_t size, const uv_buf_t *bytes)
{
    if (size < 0) {
        uv_close((uv_handle_t *)s, on_close);
    } else if (size > 0) {
        uv_buf_t all = uv_buf_init(bytes->base, (unsigned)size);
        int sent = uv_try_write(s, &all, 1);
        sent = sent < 0 ? 0 : sent;
        if (sent < size)
            write_later(s, bytes->base + sent, (size_t)(size - sent));
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    uv_tcp_t *tcp = malloc(sizeof *tcp);
    uv_tcp_init(listener->loop, tcp);
    if (status || uv_accept(listener, (uv_stream_t *)tcp)) {
        uv_close((uv_handle_t *)tcp, on_close);
        return;
    }
    uv_tcp_nodelay(tcp, 1);
    uv_read_start((uv_stream_t *)tcp, lend, on_read);
}

int main(int argc, char **argv)
{
    uv_tcp_t listener;
    buffer_size = server_buffer(argc, argv);
    buffer = malloc(buffer_size);
    uv_tcp_init(uv_default_loop(), &listener);
    uv_tcp_open(&listener, server_listen(SOCK_NONBLOCK));
    uv_listen((uv_stream_t *)&listener, SERVER_BACKLOG, on_connection);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
