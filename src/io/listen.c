/* SPDX-License-Identifier: MIT */
/* listen.c - listening sockets: see listen.h. */
#define EDDY_LIBRARY
#include "io/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/stranger.h"

/* The path of a socket that has one; NULL: another address, or an abstract name. */
static const char *path_of(const struct eddy_address *address)
{
    const struct sockaddr_un *name = (const void *)address->data;
    return name->sun_family == AF_UNIX && name->sun_path[0] ? name->sun_path : NULL;
}

static int set_options(struct driver *driver, int fd, int family, const struct listen_options *options)
{
    int on = 1, error = 0;
    if (family == AF_UNIX)
        return 0;
    net_set_option(driver, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        net_set_option(driver, fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (options->reuse_port)
        error = net_set_option(driver, fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    return error;
}

/* From here on the server owns the socket file. */
static void note_file(struct listening *listening, unsigned mode)
{
    struct stat facts;
    const char *path = path_of(&listening->own);
    if (!path)
        return;
    if (mode)
        chmod(path, (mode_t)mode);
    listening->has_file = lstat(path, &facts) == 0 && S_ISSOCK(facts.st_mode);
    if (listening->has_file) {
        listening->device = facts.st_dev;
        listening->inode = facts.st_ino;
    }
}

int listen_at(struct eddy_loop *loop, struct listening *listening, const struct eddy_address *address,
              const struct listen_options *options)
{
    struct driver *driver = loop->driver;
    int fd = socket_open(address_any(address)->sa_family);
    *listening = (struct listening){.fd = fd, .own = *address};
    if (fd < 0)
        return -fd;
    int error = set_options(driver, fd, address_any(address)->sa_family, options);
    if (error == 0)
        error = net_bind(driver, fd, address_any(address), address->size);
    if (error == 0)
        note_file(listening, options->unix_mode);
    if (error == 0)
        error = net_listen(driver, fd, options->backlog > 0 ? options->backlog : SOMAXCONN);
    if (error == 0)
        error = socket_name(driver, listening->fd, false, &listening->own);
    if (error)
        listen_close(loop, listening);
    return -error;
}

int listen_take(struct eddy_loop *loop, struct listening *listening, int fd)
{
    int listens = 0;
    socklen_t size = sizeof listens;
    *listening = (struct listening){.fd = -1};
    int error = net_get_option(loop->driver, fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
    if (error == 0 && !listens)
        return EINVAL;
    if (error == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        error = -errno;
    listening->fd = fd;
    if (error == 0)
        error = socket_name(loop->driver, listening->fd, false, &listening->own);
    if (error) {
        listening->fd = -1;
        return -error;
    }
    listening->lent = true;
    if (!stranger_is_blocking(fd))
        driver_adopt(loop->driver, fd);
    return 0;
}

size_t listen_inherited(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    if (!pid || !count || strtol(pid, NULL, 10) != getpid())
        return 0;
    long number = strtol(count, NULL, 10);
    return number > 0 && number < 1024 ? (size_t)number : 0;
}

void listen_remove_file(struct listening *listening)
{
    struct stat facts;
    if (listening->has_file && lstat(path_of(&listening->own), &facts) == 0 && facts.st_dev == listening->device &&
        facts.st_ino == listening->inode)
        unlink(path_of(&listening->own));
    listening->has_file = false;
}

void listen_close(struct eddy_loop *loop, struct listening *listening)
{
    if (listening->fd < 0)
        return;
    listen_remove_file(listening);
    if (listening->lent)
        driver_release(loop->driver, listening->fd);
    else
        socket_close(loop, listening->fd);
    listening->fd = -1;
}

/* ==== a socket file that an earlier server left ==== */

/* A connection to a Unix socket is made or refused at once. A running server accepts it. */
static bool nobody_listens(const struct eddy_address *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool refused = connect(fd, address_any(address), address->size) < 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

void listen_clear(const struct eddy_address *address)
{
    struct stat facts;
    const char *path = path_of(address);
    if (path && lstat(path, &facts) == 0 && S_ISSOCK(facts.st_mode) && nobody_listens(address))
        unlink(path);
}
