/* SPDX-License-Identifier: MIT */
/*
 * observations.h - shared by the programs of observations_*.c, which print what they see: codes, counts and order.
 *
 * same_observations.py runs them on each driver and compares: no driver is right by definition, but where one
 * differs from the others, either that one or all the others are wrong. Nothing here depends on time: an operation
 * that must complete gets all the time it needs; one that must wait is given up after a moment.
 */
#ifndef EDDY_TESTS_OBSERVATIONS_H
#define EDDY_TESTS_OBSERVATIONS_H

#include <eddy/keywords.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Limits in seconds: for operations that must complete, and for those that must wait. */
static const double patience = 60, moment = 0.05;
static char folder[] = "/tmp/eddy-observations-XXXXXX";
static char buffer[256];

static inline void print(const char *label, const eddy_error *err, long result)
{
    if (err->code)
        printf("  %s: %s\n", label, eddy_error_name(err->code));
    else
        printf("  %s: %ld\n", label, result);
}

/* Three forms: the result of an operation or its error code; the same for an operation without a result; the same
 * for one that must wait. */
#define SEE(label, ...)                                                                                                \
    do {                                                                                                               \
        eddy_error err_;                                                                                               \
        long result_ = (long)await_for((__VA_ARGS__), patience, &err_);                                                \
        print(label, &err_, result_);                                                                                  \
    } while (0)
#define SEE_DONE(label, ...)                                                                                           \
    do {                                                                                                               \
        eddy_error err_;                                                                                               \
        await_for((__VA_ARGS__), patience, &err_);                                                                     \
        print(label, &err_, 0);                                                                                        \
    } while (0)
#define SEE_WAIT(label, ...)                                                                                           \
    do {                                                                                                               \
        eddy_error err_;                                                                                               \
        long result_ = (long)await_for((__VA_ARGS__), moment, &err_);                                                  \
        print(label, &err_, result_);                                                                                  \
    } while (0)

static inline const char *path_of(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ==== parts of the programs ==== */

static inline int new_socket(int family, int type)
{
    return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static inline void unix_pair(int type, int ends[2])
{
    if (socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends))
        abort();
}

static inline struct sockaddr_in loopback(int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || getsockname(fd, (struct sockaddr *)&address, &size))
        abort();
    return address;
}

static inline void close_both(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

static inline void wait_for(int fd, int events)
{
    struct pollfd entry = {.fd = fd, .events = (short)events};
    poll(&entry, 1, 10000);
}

/* A connection over the kernel's TCP: ends[0] is the side that connected. */
async(void, tcp_pair, (int *, ends))
{
    int listener = new_socket(AF_INET, SOCK_STREAM);
    struct sockaddr_in address = loopback(listener);
    listen(listener, 1);
    ends[0] = new_socket(AF_INET, SOCK_STREAM);
    await(eddy_connect(ends[0], (struct sockaddr *)&address, sizeof address));
    ends[1] = await(eddy_accept(listener));
    close(listener);
}

static inline void reset_on_close(int fd)
{
    struct linger linger = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static inline void fill(int fd)
{
    static char bytes[65536];
    while (send(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
    while (send(fd, bytes, 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
}

/* ==== running them ==== */

static inline int remove_folder(void)
{
    static const char *const left[] = {"polled", "file", "made", "moved", "folder", "open", "fifo", "socket", "server"};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        remove(path_of(left[i]));
    return rmdir(folder);
}

#define RUN(name)                                                                                                      \
    if (!only || strcmp(only, #name) == 0) {                                                                           \
        printf("%s\n", #name);                                                                                         \
        fflush(stdout);                                                                                                \
        eddy_error err;                                                                                                \
        await(name(), &err);                                                                                           \
        if (err.code)                                                                                                  \
            printf("  it ended with %s: %s\n", eddy_error_name(err.code), err.message);                                \
    }

/* All programs of a file: PROGRAMS(RUN), in the file's order. */
#define OBSERVE(PROGRAMS)                                                                                              \
    async(void, all_programs, (const char *, only))                                                                    \
    {                                                                                                                  \
        PROGRAMS(RUN)                                                                                                  \
    }                                                                                                                  \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        setvbuf(stdout, NULL, _IOLBF, 0);                                                                              \
        if (!mkdtemp(folder))                                                                                          \
            return 2;                                                                                                  \
        int status = eddy_run(all_programs(argc > 1 ? argv[1] : NULL));                                                \
        return remove_folder() || status;                                                                              \
    }

#endif
