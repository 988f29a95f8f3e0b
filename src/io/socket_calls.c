/* SPDX-License-Identifier: MIT */
/* socket_calls.c - the low-level calls of <eddy/io.h>: one operation of the driver each. */
#define EDDY_LIBRARY
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "io/file.h"
#include "io/socket.h"
#include "os/memory.h"

enum { PARTS_AT_MOST = 1024 }; /* of a message; the kernel refuses more */

/* Seconds between tries while a queue is full. */
static const double pause_between = 0.001;

/* For messages: the caller's address as text. */
struct name {
    char text[128];
};

static struct name name_of(const void *address, size_t size)
{
    struct name name = {"?"};
    struct eddy_address copy = {.size = (unsigned)size};
    if (!address || size < sizeof(sa_family_t) || size > sizeof copy.data)
        return name;
    memcpy(copy.data, address, size);
    eddy_address_format(&copy, name.text, sizeof name.text);
    return name;
}

/* ==== whole messages ==== */

static bool is_stream(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

static void free_parts(struct iovec **parts)
{
    memory_free(*parts);
}

/* The kernel supports MSG_WAITALL only where it may block, so several receives are made here. MSG_WAITALL has no
 * effect on datagrams and with MSG_PEEK. */
eddy_async(int64_t, receive_message, (int, fd), (struct msghdr *, message), (int, flags))
{
    bool all = (flags & MSG_WAITALL) && !(flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE));
    bool fits = message && message->msg_iov && message->msg_iovlen > 0 && message->msg_iovlen <= PARTS_AT_MOST;
    if (!all || !fits || !is_stream(fd))
        return eddy_await(socket_recvmsg(fd, message, flags & ~MSG_WAITALL));
    struct iovec *parts = memory_alloc(message->msg_iovlen * sizeof *parts);
    eddy_defer(free_parts, &parts);
    if (!parts)
        return -ENOMEM;
    struct msghdr rest = *message;
    rest.msg_iov = memcpy(parts, message->msg_iov, message->msg_iovlen * sizeof *parts);
    int64_t result = eddy_await(socket_recvmsg_all(fd, &rest, flags & ~MSG_WAITALL));
    message->msg_namelen = rest.msg_namelen;
    message->msg_controllen = rest.msg_controllen;
    message->msg_flags = rest.msg_flags;
    return result;
}

/* ==== bytes ==== */

eddy_async(int64_t, receive_whole, (int, fd), (void *, buffer), (size_t, size), (int, flags))
{
    struct iovec part = {buffer, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return eddy_await(receive_message(fd, &message, flags));
}

eddy_async_define(size_t, eddy_recv, (int, fd), (void *, buffer), (size_t, size), (int, flags))
{
    int64_t result = flags & MSG_WAITALL ? eddy_await(receive_whole(fd, buffer, size, flags))
                                         : eddy_await(socket_recv(fd, buffer, size, flags));
    if (result < 0)
        eddy_raise((int)-result, "eddy_recv(%d)", fd);
    return (size_t)result;
}

eddy_async_define(size_t, eddy_send_bytes, (int, fd), (const void *, data), (size_t, size), (int, flags))
{
    int64_t result = eddy_await(socket_send(fd, data, size, flags));
    if (result < 0)
        eddy_raise((int)-result, "eddy_send_bytes(%d)", fd);
    return (size_t)result;
}

eddy_async_define(size_t, eddy_read, (int, fd), (void *, buffer), (size_t, size))
{
    int64_t result = eddy_await(socket_read(fd, buffer, size));
    if (result < 0)
        eddy_raise((int)-result, "eddy_read(%d)", fd);
    return (size_t)result;
}

eddy_async_define(size_t, eddy_write, (int, fd), (const void *, data), (size_t, size))
{
    int64_t result = eddy_await(socket_write(fd, data, size));
    if (result < 0)
        eddy_raise((int)-result, "eddy_write(%d)", fd);
    return (size_t)result;
}

eddy_async_define(size_t, eddy_pread, (int, fd), (void *, buffer), (size_t, size), (int64_t, offset))
{
    struct driver_file bytes = {.data = buffer, .size = size, .offset = offset};
    int64_t result = eddy_await(file_operation(DRIVER_PREAD, fd, &bytes));
    if (result < 0)
        eddy_raise((int)-result, "eddy_pread(%d, at %lld)", fd, (long long)offset);
    return (size_t)result;
}

eddy_async_define(size_t, eddy_pwrite, (int, fd), (const void *, data), (size_t, size), (int64_t, offset))
{
    struct driver_file bytes = {.data = (void *)(uintptr_t)data, .size = size, .offset = offset};
    int64_t result = eddy_await(file_operation(DRIVER_PWRITE, fd, &bytes));
    if (result < 0)
        eddy_raise((int)-result, "eddy_pwrite(%d, at %lld)", fd, (long long)offset);
    return (size_t)result;
}

/* ==== messages ==== */

eddy_async_define(size_t, eddy_recvmsg, (int, fd), (struct msghdr *, message), (int, flags))
{
    int64_t result = eddy_await(receive_message(fd, message, flags));
    if (result < 0)
        eddy_raise((int)-result, "eddy_recvmsg(%d)", fd);
    return (size_t)result;
}

/*
 * A ring that tries again by itself sends an empty datagram to a Unix socket whose queue was full, since its first
 * try has consumed the bytes (Linux 6.18). So it is told not to, and the next try is made here. Such a socket
 * reports that it is ready all the time; therefore there is a pause.
 */
eddy_async(int64_t, send_message, (int, fd), (const struct msghdr *, message), (int, flags))
{
    for (int tries = 0;; tries++) {
        int64_t result = eddy_await(socket_sendmsg(fd, message, flags | MSG_DONTWAIT));
        if (result != -EAGAIN)
            return result;
        if (tries)
            eddy_await(eddy_sleep(pause_between));
        result = eddy_await(socket_poll(fd, POLLOUT));
        if (result < 0)
            return result;
    }
}

eddy_async_define(size_t, eddy_sendmsg, (int, fd), (const struct msghdr *, message), (int, flags))
{
    int64_t result = eddy_await(send_message(fd, message, flags));
    if (result < 0)
        eddy_raise((int)-result, "eddy_sendmsg(%d, to %s)", fd,
                   message && message->msg_name ? name_of(message->msg_name, message->msg_namelen).text : "its peer");
    return (size_t)result;
}

eddy_async_define(size_t, eddy_recvfrom, (int, fd), (void *, buffer), (size_t, size), (int, flags),
                  (eddy_address *, from))
{
    struct eddy_address sender = {.size = 0};
    struct iovec part = {buffer, driver_length(size)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_name = sender.data,
                             .msg_namelen = sizeof sender.data};
    int64_t result = eddy_await(receive_message(fd, &message, flags));
    if (result < 0)
        eddy_raise((int)-result, "eddy_recvfrom(%d)", fd);
    sender.size = message.msg_namelen;
    if (from)
        *from = sender;
    return (size_t)result;
}

eddy_async_define(size_t, eddy_sendto, (int, fd), (const void *, data), (size_t, size), (int, flags),
                  (const eddy_address *, to))
{
    struct iovec part = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (to) {
        message.msg_name = address_any(to);
        message.msg_namelen = to->size;
    }
    int64_t result = eddy_await(send_message(fd, &message, flags));
    if (result < 0)
        eddy_raise((int)-result, "eddy_sendto(%d, %s)", fd, to ? name_of(to->data, to->size).text : "its peer");
    return (size_t)result;
}

/* ==== connections ==== */

eddy_async_define(int, eddy_accept, (int, fd))
{
    int64_t result = eddy_await(socket_accept(fd));
    if (result < 0)
        eddy_raise((int)-result, "eddy_accept(%d)", fd);
    return (int)result;
}

/* As async_free does, which takes an int for a result that does not need its loop. */
static void close_unclaimed(struct eddy_awaitable *a)
{
    socket_close(current.loop, ((struct eddy_accept *)(void *)a)->result);
}

static struct eddy_freeing freeing = {.body = (void (*)(void))eddy_accept__body, .free = close_unclaimed};

__attribute__((constructor)) static void freeing_begins(void)
{
    eddy_freeing_add_of_loop(&freeing);
}

__attribute__((destructor)) static void freeing_ends(void)
{
    eddy_freeing_remove(&freeing);
}

eddy_async_define(void, eddy_connect, (int, fd), (const struct sockaddr *, address), (unsigned, length))
{
    int64_t result = eddy_await(socket_connect_patiently(fd, address, length));
    if (result < 0)
        eddy_raise((int)-result, "eddy_connect(%d, %s)", fd, name_of(address, length).text);
}

eddy_async_define(int, eddy_poll, (int, fd), (int, events))
{
    int64_t result = eddy_await(socket_poll(fd, (unsigned)events));
    if (result < 0)
        eddy_raise((int)-result, "eddy_poll(%d)", fd);
    return (int)result;
}
