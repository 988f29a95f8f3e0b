/* SPDX-License-Identifier: MIT */
/* net.c - the kernel's sockets: see net.h. */
#define _GNU_SOURCE
#include "os/net.h"

#include "os/hibernate.h"

#include <errno.h>
#include <sys/sendfile.h>

static int answer(int result)
{
    return result < 0 ? -errno : result;
}

static int open_socket(struct driver *driver, int family, int type, int protocol)
{
    int fd = answer(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    if (fd >= 0)
        driver_adopt(driver, fd);
    return fd;
}

static int bind_socket(struct driver *driver, int fd, const struct sockaddr *address, socklen_t size)
{
    (void)driver;
    hibernate_touch(address);
    return answer(bind(fd, address, size));
}

static int listen_socket(struct driver *driver, int fd, int backlog)
{
    (void)driver;
    return answer(listen(fd, backlog));
}

static int shut_down(struct driver *driver, int fd, int how)
{
    (void)driver;
    return answer(shutdown(fd, how));
}

static int get_name(struct driver *driver, int fd, bool peer, struct sockaddr *address, socklen_t *size)
{
    (void)driver;
    hibernate_touch(address);
    hibernate_touch(size);
    return answer(peer ? getpeername(fd, address, size) : getsockname(fd, address, size));
}

static int set_option(struct driver *driver, int fd, int level, int option, const void *value, socklen_t size)
{
    (void)driver;
    hibernate_touch(value);
    return answer(setsockopt(fd, level, option, value, size));
}

static int get_option(struct driver *driver, int fd, int level, int option, void *value, socklen_t *size)
{
    (void)driver;
    hibernate_touch(value);
    hibernate_touch(size);
    return answer(getsockopt(fd, level, option, value, size));
}

static int64_t send_file(struct driver *driver, int fd, int file, int64_t offset, size_t size)
{
    off_t from = (off_t)offset;
    ssize_t sent;
    (void)driver;
    while ((sent = sendfile(fd, file, &from, size)) < 0 && errno == EINTR) {
    }
    return sent < 0 ? -errno : sent;
}

/* The second call resets the connection at once; if a sandbox forbids it, the first one makes close do so. */
static void reset(struct driver *driver, int fd)
{
    const struct linger at_once = {.l_onoff = 1};
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    (void)driver;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    connect(fd, &nobody, sizeof nobody);
}

const struct driver_net net_kernel = {
    .open = open_socket,
    .bind = bind_socket,
    .listen = listen_socket,
    .shutdown = shut_down,
    .name = get_name,
    .set_option = set_option,
    .get_option = get_option,
    .send_file = send_file,
    .reset = reset,
};
