/* SPDX-License-Identifier: MIT */
/*
 * net.h - sockets of a driver: the calls that do not wait.
 *
 * The files above this folder make sockets only through this interface, so that the simulation can have its own
 * sockets. Each function is like the system call of its name, but returns a negative errno value on failure; new
 * sockets are non-blocking, close-on-exec and adopted by the driver: driver_close_fd closes them.
 */
#ifndef EDDY_OS_NET_H
#define EDDY_OS_NET_H

#include "os/driver.h"

struct driver_net {
    int (*open)(struct driver *driver, int family, int type, int protocol);
    int (*bind)(struct driver *driver, int fd, const struct sockaddr *address, socklen_t size);
    int (*listen)(struct driver *driver, int fd, int backlog);
    int (*shutdown)(struct driver *driver, int fd, int how);
    /* the peer's address, or its own; *size: as for getsockname */
    int (*name)(struct driver *driver, int fd, bool peer, struct sockaddr *address, socklen_t *size);
    int (*set_option)(struct driver *driver, int fd, int level, int option, const void *value, socklen_t size);
    int (*get_option)(struct driver *driver, int fd, int level, int option, void *value, socklen_t *size);
    /* sends bytes of a file without a copy; -EAGAIN: the peer accepts none now; -EINVAL: for this file, or this
     * socket, a copy is needed */
    int64_t (*send_file)(struct driver *driver, int fd, int file, int64_t offset, size_t size);
    /* breaks the connection off, so that the peer sees no orderly end; not possible for Unix sockets */
    void (*reset)(struct driver *driver, int fd);
    /* for a transfer in memory, which the driver does not see: a simulation may reduce *size, and returns for how
     * many nanoseconds of its clock it waits first, or -1. NULL: it never does */
    int64_t (*hold_up)(struct driver *driver, size_t *size);
};

/* The kernel's. */
extern const struct driver_net net_kernel;

static inline int net_open(struct driver *driver, int family, int type, int protocol)
{
    return driver->type->net->open(driver, family, type, protocol);
}
static inline int net_bind(struct driver *driver, int fd, const struct sockaddr *address, socklen_t size)
{
    return driver->type->net->bind(driver, fd, address, size);
}
static inline int net_listen(struct driver *driver, int fd, int backlog)
{
    return driver->type->net->listen(driver, fd, backlog);
}
static inline int net_shutdown(struct driver *driver, int fd, int how)
{
    return driver->type->net->shutdown(driver, fd, how);
}
static inline int net_name(struct driver *driver, int fd, bool peer, struct sockaddr *address, socklen_t *size)
{
    return driver->type->net->name(driver, fd, peer, address, size);
}
static inline int net_set_option(struct driver *driver, int fd, int level, int option, const void *value,
                                 socklen_t size)
{
    return driver->type->net->set_option(driver, fd, level, option, value, size);
}
static inline int net_get_option(struct driver *driver, int fd, int level, int option, void *value, socklen_t *size)
{
    return driver->type->net->get_option(driver, fd, level, option, value, size);
}
static inline int64_t net_send_file(struct driver *driver, int fd, int file, int64_t offset, size_t size)
{
    return driver->type->net->send_file(driver, fd, file, offset, size);
}
static inline void net_reset(struct driver *driver, int fd)
{
    driver->type->net->reset(driver, fd);
}
static inline int64_t net_hold_up(struct driver *driver, size_t *size)
{
    return driver->type->net->hold_up ? driver->type->net->hold_up(driver, size) : -1;
}

/* A connect had this result because the queue of a listening Unix socket is full: nothing was begun, and there is no
 * event for room in it. */
static inline bool net_queue_is_full(const struct sockaddr *address, socklen_t size, int64_t result)
{
    return result == -EAGAIN && address && size >= sizeof address->sa_family && address->sa_family == AF_UNIX;
}

#endif
