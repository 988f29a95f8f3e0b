/* SPDX-License-Identifier: MIT */
/* stream_descriptors.c - descriptors that are sent along with the bytes of a Unix stream. */
#define EDDY_LIBRARY
#include <errno.h>
#include <string.h>

#include "core/impl.h"
#include "io/socket.h"
#include "io/stream.h"
#include "io/turn.h"

/* The descriptors as the kernel's control message. */
union room {
    char bytes[CMSG_SPACE(EDDY_DESCRIPTORS_MAX * sizeof(int))];
    struct cmsghdr aligned;
};

static void put_descriptors(struct msghdr *message, union room *room, const int *fds, size_t count)
{
    message->msg_control = room->bytes;
    message->msg_controllen = CMSG_SPACE(count * sizeof(int));
    room->aligned = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))};
    memcpy(CMSG_DATA(&room->aligned), fds, count * sizeof(int));
}

eddy_async(int64_t, send_first, (eddy_stream *, s), (const void *, data), (size_t, size), (const int *, fds),
           (size_t, count))
{
    union room room = {{0}};
    struct iovec part = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count)
        put_descriptors(&message, &room, fds, count);
    int64_t result = eddy_await(transport_send_message(s->transport, &message));
    int error = stream_error(s, result);
    return error ? -error : result;
}

eddy_async_define(void, eddy_stream_send_descriptors, (eddy_stream *, s), (const void *, data), (size_t, size),
                  (const int *, fds), (size_t, count))
{
    struct stream_write write = {s, 0, size, false};
    TURN_IF(size == 0 || count > EDDY_DESCRIPTORS_MAX);
    int error = size == 0 || count > EDDY_DESCRIPTORS_MAX ? EINVAL : stream_begin_write(s);
    if (error)
        eddy_raise(error, "eddy_stream_send_descriptors(%s, %zu of them)", stream_peer(s), count);
    eddy_defer(stream_end_write, &write);
    int64_t result = eddy_await(send_first(s, data, size, fds, count));
    write.sent = result < 0 ? 0 : (size_t)result;
    error = result < 0 ? (int)-result : eddy_await(stream_send_all(s, data, size, &write.sent));
    if (stream_write_error(&write, error))
        eddy_raise(error, "eddy_stream_send_descriptors(%s, %zu of them)", stream_peer(s), count);
}

/* Stores the received descriptors as far as there is room, and closes the others. Returns how many were stored. */
static size_t take_descriptors(struct msghdr *message, int *fds, size_t most)
{
    size_t count = 0;
    for (struct cmsghdr *one = CMSG_FIRSTHDR(message); one; one = CMSG_NXTHDR(message, one)) {
        if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= one->cmsg_len; at += sizeof(int)) {
            int fd;
            memcpy(&fd, (char *)one + at, sizeof fd);
            if (count < most)
                fds[count++] = fd;
            else
                socket_close(current.loop, fd);
        }
    }
    return count;
}

eddy_async_define(size_t, eddy_stream_receive_descriptors, (eddy_stream *, s), (void *, buffer), (size_t, size),
                  (int *, fds), (size_t *, count))
{
    union room room;
    struct iovec part = {buffer, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room};
    size_t most = *count, ahead = stream_buffered(s);
    *count = 0;
    if (ahead) /* bytes read ahead are returned first, and no descriptor came with them */
        return eddy_await(eddy_stream_read(s, buffer, size));
    TURN_IF(size == 0);
    int error = size == 0 ? EINVAL : stream_enter(s, &s->reader);
    if (error)
        eddy_raise(error, "eddy_stream_receive_descriptors(%s)", stream_peer(s));
    eddy_defer(stream_leave_reader, s);
    s->halfway = false;
    if (!stream_begin_wait(s)) {
        task_note_at_once(current.task);
        return 0;
    }
    int64_t came = eddy_await(transport_receive_message(s->transport, &message));
    int64_t result = stream_end_wait(s, came);
    bool lost = came > 0 && (message.msg_flags & MSG_CTRUNC); /* `room` has room for all: the process has none */
    if (came > 0)
        *count = take_descriptors(&message, fds, result < 0 || lost ? 0 : most);
    if (result < 0)
        eddy_raise((int)-result, "eddy_stream_receive_descriptors(%s)", stream_peer(s));
    if (lost) {
        s->partial = (eddy_slice){buffer, (size_t)came};
        eddy_raise(EMFILE,
                   "eddy_stream_receive_descriptors(%s): descriptors that came with %zu bytes are lost (ulimit -n)",
                   stream_peer(s), s->partial.size);
    }
    return (size_t)result;
}
