/* SPDX-License-Identifier: MIT */
/* echo.c - libevent's echo server by its bufferevents: the input buffer is moved to the output buffer. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "server.h"

static void on_bytes(struct bufferevent *b, void *nothing)
{
    (void)nothing;
    bufferevent_write_buffer(b, bufferevent_get_input(b));
}

static void on_event(struct bufferevent *b, short events, void *nothing)
{
    (void)nothing;
    if (events & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        bufferevent_free(b);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int length,
                          void *base)
{
    struct bufferevent *b = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    (void)listener, (void)peer, (void)length;
    server_no_delay(fd);
    bufferevent_setcb(b, on_bytes, NULL, on_event, NULL);
    bufferevent_enable(b, EV_READ | EV_WRITE);
}

int main(void)
{
    struct event_base *base = event_base_new();
    evconnlistener_new(base, on_connection, base, LEV_OPT_CLOSE_ON_FREE, 0, server_listen(SOCK_NONBLOCK));
    event_base_dispatch(base);
}
