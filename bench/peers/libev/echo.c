/* SPDX-License-Identifier: MIT */
/* echo.c - libev's echo server: one buffer for all connections. */
#define _GNU_SOURCE
#include <errno.h>
#include <ev.h>
#include <unistd.h>

#include "server.h"

static char *buffer;
static size_t buffer_size;

static void on_bytes(struct ev_loop *loop, ev_io *watcher, int events)
{
    ssize_t got = recv(watcher->fd, buffer, buffer_size, 0);
    (void)events;
    if (got > 0) {
        server_send_all(watcher->fd, buffer, got);
    } else if (got == 0 || errno != EAGAIN) {
        ev_io_stop(loop, watcher);
        close(watcher->fd);
        free(watcher);
    }
}

static void on_connection(struct ev_loop *loop, ev_io *listener, int events)
{
    int fd;
    (void)events;
    while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        ev_io *watcher = malloc(sizeof *watcher);
        server_no_delay(fd);
        ev_io_init(watcher, on_bytes, fd, EV_READ);
        ev_io_start(loop, watcher);
    }
}

int main(int argc, char **argv)
{
    struct ev_loop *loop = ev_default_loop(0);
    ev_io listener;
    buffer_size = server_buffer(argc, argv);
    buffer = malloc(buffer_size);
    ev_io_init(&listener, on_connection, server_listen(SOCK_NONBLOCK), EV_READ);
    ev_io_start(loop, &listener);
    ev_run(loop, 0);
}
