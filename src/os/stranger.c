/* SPDX-License-Identifier: MIT */
/* stranger.c - see stranger.h. */
#define _GNU_SOURCE
#include "os/stranger.h"

#include "os/file_op.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#if !defined(RWF_NOWAIT)
#define RWF_NOWAIT 8
#endif

static int64_t answer(int64_t got)
{
    return got < 0 ? -errno : got;
}

bool stranger_is_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

static bool is_file(int fd)
{
    struct stat facts;
    return fstat(fd, &facts) == 0 && (S_ISREG(facts.st_mode) || S_ISBLK(facts.st_mode));
}

bool stranger_may_wait(const struct driver_op *op)
{
    bool transfers = op->kind == DRIVER_READ || op->kind == DRIVER_WRITE;
    return transfers && stranger_is_blocking(op->fd) && !is_file(op->fd);
}

int64_t stranger_call_plainly(const struct driver_op *op)
{
    return file_op_run(op);
}

/* Tries RWF_NOWAIT, which pipes understand since Linux 6.4, most sockets do, and ttys do not. */
static int64_t transfer_without_waiting(const struct driver_op *op)
{
#if defined(SYS_preadv2) && defined(SYS_pwritev2)
    struct iovec part = {op->u.buffer.data, driver_length(op->u.buffer.size)};
    long number = op->kind == DRIVER_READ ? SYS_preadv2 : SYS_pwritev2;
    return answer(syscall(number, op->fd, &part, 1L, -1L, -1L, (long)RWF_NOWAIT));
#else
    (void)op;
    return -ENOSYS;
#endif
}

static int64_t transfer_on_socket(const struct driver_op *op)
{
    if (op->kind == DRIVER_READ)
        return answer(recv(op->fd, op->u.buffer.data, op->u.buffer.size, MSG_DONTWAIT));
    return answer(send(op->fd, op->u.buffer.data, op->u.buffer.size, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* Being ready is not enough: another reader may be faster, or there may be less room than the write needs. */
static int64_t when_ready(int fd, short events)
{
    struct pollfd entry = {.fd = fd, .events = events};
    int count = poll(&entry, 1, 0);
    if (count < 0)
        return -errno;
    return count == 0 ? -EAGAIN : STRANGER_WAITS;
}

static int64_t transfer(const struct driver_op *op)
{
    if (!stranger_may_wait(op))
        return stranger_call_plainly(op);
    int64_t result = transfer_without_waiting(op);
    if (result != -EOPNOTSUPP && result != -ENOSYS && result != -EPERM)
        return result;
    result = transfer_on_socket(op);
    return result == -ENOTSOCK ? when_ready(op->fd, op->kind == DRIVER_READ ? POLLIN : POLLOUT) : result;
}

int64_t stranger_call(const struct driver_op *op)
{
    if (op->kind != DRIVER_ACCEPT)
        return transfer(op);
    return stranger_is_blocking(op->fd) ? when_ready(op->fd, POLLIN) : stranger_call_plainly(op);
}

/* The send timeout of a socket applies to its connect, too, which goes on by itself afterwards. Here it is the
 * shortest possible one. */
int64_t stranger_connect(const struct driver_op *op)
{
    struct timeval before = {0}, shortest = {.tv_usec = 1};
    socklen_t size = sizeof before;
    bool limited = stranger_is_blocking(op->fd) && getsockopt(op->fd, SOL_SOCKET, SO_SNDTIMEO, &before, &size) == 0 &&
                   setsockopt(op->fd, SOL_SOCKET, SO_SNDTIMEO, &shortest, sizeof shortest) == 0;
    int64_t result = answer(connect(op->fd, op->u.address.data, op->u.address.length));
    if (limited)
        setsockopt(op->fd, SOL_SOCKET, SO_SNDTIMEO, &before, size);
    return result;
}
