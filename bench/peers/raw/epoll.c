/* SPDX-License-Identifier: MIT */
/* epoll.c - an echo server by hand, as cheap as it can be: one buffer for all connections, level-triggered, no
 * state. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "server.h"

enum { EVENTS = 256 };

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_all(int epoll, int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        server_no_delay(fd);
        watch(epoll, fd);
    }
}

static void echo(int fd, char *buffer, size_t size)
{
    ssize_t got = recv(fd, buffer, size, 0);
    if (got > 0)
        server_send_all(fd, buffer, got);
    else if (got == 0 || errno != EAGAIN)
        close(fd);
}

int main(int argc, char **argv)
{
    size_t size = server_buffer(argc, argv);
    char *buffer = malloc(size);
    int listener = server_listen(SOCK_NONBLOCK), epoll = epoll_create1(0);
    struct epoll_event events[EVENTS];
    watch(epoll, listener);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                accept_all(epoll, listener);
            else
                echo(events[i].data.fd, buffer, size);
        }
    }
}
