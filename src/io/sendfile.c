/* SPDX-License-Identifier: MIT */
/*
 * sendfile.c - sends a file's bytes to a stream: from the kernel's memory if the transport can, else through a
 * buffer.
 *
 * sendfile(2) is called on the loop's thread, a piece at a time. It blocks while a part of the file is not in memory
 * yet. The copying way reads through the driver.
 */
#define EDDY_LIBRARY
#include <errno.h>

#include "core/impl.h"
#include "io/file.h"
#include "io/stream.h"
#include "io/turn.h"
#include "os/memory.h"

enum { PIECE = 1 << 20, COPY = 65536 };

/* The state of the copy. */
struct sending {
    struct stream_write write;
    int fd;
    int64_t offset; /* offset in the file where the sending began */
    char *copy;     /* COPY bytes of memory; NULL: not needed yet */
};

static size_t left_of(const struct sending *sending, size_t most)
{
    size_t left = sending->write.size - sending->write.sent;
    return left < most ? left : most;
}

static int64_t place_of(const struct sending *sending)
{
    return sending->offset + (int64_t)sending->write.sent;
}

/* Sends a piece without a copy. Returns the number of bytes, 0 at the end of the file, or a negative code. */
eddy_async(int64_t, send_directly, (eddy_stream *, s), (struct sending *, sending))
{
    size_t size = left_of(sending, PIECE);
    int64_t result = eddy_await(transport_send_file(s->transport, sending->fd, place_of(sending), size));
    if (result > 0)
        sending->write.sent += (size_t)result;
    return result;
}

/* Sends all bytes of the copy. Returns 0 or a code. */
eddy_async(int, send_copy, (eddy_stream *, s), (struct sending *, sending), (size_t, size))
{
    for (size_t done = 0; done < size;) {
        struct iovec part = {sending->copy + done, size - done};
        int64_t result = eddy_await(stream_send_some(s, &part, 1, &sending->write.sent));
        if (result < 0)
            return (int)-result;
        done += (size_t)result;
    }
    return 0;
}

/* Reads the file's next bytes.  If the stream is closed meanwhile, that is no failure of the task. */
eddy_async(int64_t, read_piece, (struct sending *, sending))
{
    struct driver_file what = {
        .data = sending->copy, .size = left_of(sending, COPY), .offset = place_of(sending)};
    struct operation op = file_operation(DRIVER_PREAD, sending->fd, &what);
    eddy_run_generic(&op.awaitable);
    struct eddy_failure *failure = op.awaitable.awaitable.failure;
    if (!failure)
        return op.result;
    if (eddy_failure_is_own_cancellation(failure))
        ed_enclosing->awaitable.awaitable.failure = failure;
    else
        failure_unref(failure);
    return -ECANCELED;
}

/* Sends a piece by a copy. Returns the same. */
eddy_async(int64_t, send_by_copy, (eddy_stream *, s), (struct sending *, sending))
{
    if (!sending->copy && !(sending->copy = memory_alloc(COPY)))
        return -ENOMEM;
    int64_t size = eddy_await(read_piece(sending));
    int error = size > 0 ? eddy_await(send_copy(s, sending, (size_t)size)) : 0;
    return error ? -error : size;
}

/* 0, or a code. */
eddy_async(int, send_all, (eddy_stream *, s), (struct sending *, sending))
{
    while (left_of(sending, 1)) {
        int64_t result = eddy_await(send_directly(s, sending));
        if (!s->closed && (result == -EINVAL || result == -ENOSYS || result == -EOPNOTSUPP))
            result = eddy_await(send_by_copy(s, sending));
        int error = stream_error(s, result);
        if (error || result == 0)
            return error;
        eddy_await(eddy_sleep(0)); /* other tasks run even if the peer takes everything at once */
    }
    return 0;
}

static void free_copy(struct sending *sending)
{
    memory_free(sending->copy);
}

eddy_async_define(size_t, eddy_sendfile, (eddy_stream *, s), (int, fd), (int64_t, offset), (size_t, size))
{
    eddy_await(turn());
    struct sending sending = {.write = {s, 0, size, false}, .fd = fd, .offset = offset};
    int error = offset < 0 ? EINVAL : stream_begin_write(s);
    if (error)
        eddy_raise(error, "eddy_sendfile(%s, %d)", s->closed ? "closed" : stream_peer(s), fd);
    eddy_defer(stream_end_write, &sending.write);
    eddy_defer(free_copy, &sending);
    error = stream_write_error(&sending.write, eddy_await(send_all(s, &sending)));
    if (error)
        eddy_raise(error, "eddy_sendfile(%s, %d): %zu bytes were sent", stream_peer(s), fd, sending.write.sent);
    return sending.write.size = sending.write.sent; /* the file may be at its end */
}
