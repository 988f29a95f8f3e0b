/* SPDX-License-Identifier: MIT */
/*
 * client.c - the other side of the measured servers: client PORT CONNECTIONS SECONDS SIZE; SIZE may be "http".
 *
 * Each connection sends a request when it has the whole answer to the last: SIZE bytes that come back, or a response
 * of HTTP that has "Hello, world" in it.  Prints the number of answers and the rate.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { LARGEST = 1 << 21 };

struct connection {
    int fd;
    size_t got, sent; /* of the answer, of the request */
};

static char request[LARGEST], answer[LARGEST];
static size_t request_size;
static int http;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void make_request(const char *what)
{
    http = strcmp(what, "http") == 0;
    if (http) {
        request_size = (size_t)snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: here\r\nAccept: */*\r\n\r\n");
    } else {
        request_size = strtoul(what, NULL, 10);
        if (request_size > LARGEST)
            exit(2);
        memset(request, 'x', request_size);
    }
}

static int open_connection(int port, int epoll, unsigned index)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    return fd;
}

static void send_some(struct connection *c)
{
    ssize_t sent = send(c->fd, request + c->sent, request_size - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0)
        c->sent += (size_t)sent;
}

/* The answer has ended with these bytes. */
static int is_whole(const struct connection *c, const char *bytes, size_t n)
{
    if (!http)
        return c->got >= request_size;
    return memmem(bytes, n, "Hello, world", 12) != NULL;
}

/* 1: an answer was completed. */
static int receive_some(struct connection *c)
{
    ssize_t n = recv(c->fd, answer, sizeof answer, MSG_DONTWAIT);
    if (n == 0) {
        fprintf(stderr, "client: the server closed a connection\n");
        exit(1);
    }
    if (n < 0)
        return 0;
    c->got += (size_t)n;
    if (!is_whole(c, answer, (size_t)n)) {
        if (c->sent < request_size)
            send_some(c);
        return 0;
    }
    c->got = c->sent = 0;
    send_some(c);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int port = atoi(argv[1]), count = atoi(argv[2]), epoll = epoll_create1(0);
    struct connection *connections = calloc((size_t)count, sizeof *connections);
    struct epoll_event events[64];
    long answers = 0;
    make_request(argv[4]);
    for (int i = 0; i < count; i++) {
        connections[i].fd = open_connection(port, epoll, (unsigned)i);
        send_some(&connections[i]);
    }
    double began = now(), end = began + atof(argv[3]);
    while (now() < end) {
        int n = epoll_wait(epoll, events, 64, 1);
        for (int i = 0; i < n; i++)
            answers += receive_some(&connections[events[i].data.u32]);
        for (int i = 0; request_size > 60000 && i < count; i++)
            if (connections[i].sent < request_size)
                send_some(&connections[i]);
    }
    printf("%ld %.1f\n", answers, (double)answers / (now() - began));
    return 0;
}
