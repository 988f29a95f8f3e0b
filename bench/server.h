/* SPDX-License-Identifier: MIT */
/*
 * server.h - shared by the echo servers, Eddy's and its peers': `PROGRAM [BUFFER]` listens on a port that the kernel
 * chooses, prints `listening PORT`, and echoes until it is ended. BUFFER: the size of a reader's buffer, if it has
 * one.
 */
#ifndef SERVER_H
#define SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { SERVER_BACKLOG = 4096 };

/* The name of an environment variable. If it is set, the server speaks TLS with the certificate and key of this PEM
 * file. */
#define SERVER_CERTIFICATE "BENCH_CERTIFICATE"

/* The name of an environment variable: how many cores the server may use; one unless it is set. */
#define SERVER_CORES "BENCH_CORES"

/* Raises the limit on descriptors as far as possible. */
static inline void server_limits(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static inline void server_says(int port)
{
    printf("listening %d\n", port);
    fflush(stdout);
}

/* Sends everything to a non-blocking socket whose peer reads. The next read reports errors. */
static inline void server_send_all(int fd, const char *data, ssize_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, (size_t)size, MSG_NOSIGNAL);
        struct pollfd room = {fd, POLLOUT, 0};
        if (sent >= 0) {
            data += sent;
            size -= sent;
        } else if (errno != EAGAIN) {
            return;
        } else {
            poll(&room, 1, -1);
        }
    }
}

static inline size_t server_buffer(int argc, char **argv)
{
    return argc > 1 ? strtoul(argv[1], NULL, 10) : 16384;
}

/* flags: SOCK_NONBLOCK or 0. */
static inline int server_listen(int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    memset(&own, 0, sizeof own);
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server_limits();
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) || listen(fd, SERVER_BACKLOG) ||
        getsockname(fd, (struct sockaddr *)&own, &length)) {
        perror("listen");
        exit(1);
    }
    server_says(ntohs(own.sin_port));
    return fd;
}

static inline void server_no_delay(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

#endif
