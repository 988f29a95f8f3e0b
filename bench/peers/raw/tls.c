/* SPDX-License-Identifier: MIT */
/* tls.c - epoll.c with OpenSSL between: one buffer for all connections; each keeps only the state of OpenSSL. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "server.h"

enum { EVENTS = 256 };

static char *buffer;
static size_t buffer_size;
static SSL_CTX *context;

static void watch(int epoll, int fd, SSL *tls)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = tls}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_all(int epoll, int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        SSL *tls = SSL_new(context);
        server_no_delay(fd);
        SSL_set_fd(tls, fd);
        SSL_set_accept_state(tls);
        watch(epoll, fd, tls);
    }
}

static void write_all(SSL *tls, const char *data, int size)
{
    while (size > 0) {
        int sent = SSL_write(tls, data, size);
        struct pollfd room = {SSL_get_fd(tls), POLLOUT, 0};
        if (sent > 0) {
            data += sent;
            size -= sent;
        } else if (SSL_get_error(tls, sent) != SSL_ERROR_WANT_WRITE) {
            return;
        } else {
            poll(&room, 1, -1);
        }
    }
}

static void echo(SSL *tls)
{
    int got;
    do {
        got = SSL_read(tls, buffer, (int)buffer_size);
        if (got > 0)
            write_all(tls, buffer, got);
    } while (got > 0 && SSL_pending(tls));
    int error = got > 0 ? SSL_ERROR_NONE : SSL_get_error(tls, got);
    if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) {
        close(SSL_get_fd(tls));
        SSL_free(tls);
    }
}

int main(int argc, char **argv)
{
    const char *certificate = getenv(SERVER_CERTIFICATE);
    buffer_size = server_buffer(argc, argv);
    buffer = malloc(buffer_size);
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!certificate || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, certificate, SSL_FILETYPE_PEM) != 1)
        return fprintf(stderr, "tls: no certificate\n"), 1;
    int listener = server_listen(SOCK_NONBLOCK), epoll = epoll_create1(0);
    struct epoll_event events[EVENTS];
    watch(epoll, listener, NULL);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                echo(events[i].data.ptr);
            else
                accept_all(epoll, listener);
        }
    }
}
