/* SPDX-License-Identifier: MIT */
/*
 * copy_file.c - eddy_copy_file: by copy_file_range, a piece at a time, on a thread of the driver. What that call
 * does not copy goes through a buffer, where reading and writing report the true error or the end.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/impl.h"
#include "io/file.h"
#include "os/memory.h"

enum {
    PIECE = 16 << 20, /* bytes per call of the kernel: a cancelled copy waits for this many */
    BUFFER = 256 * 1024
};

/* The descriptors that are open during a copy. */
struct copying {
    eddy_file *from, *to;
    char *buffer;
};

static void end(struct copying *copying)
{
    eddy_file_abort(copying->from);
    eddy_file_abort(copying->to);
    memory_free(copying->buffer);
}

/* Copies up to `size` bytes within the kernel: how many it has copied. */
eddy_async(int64_t, copy_in_kernel, (const struct copying *, copying), (int64_t, size))
{
    struct driver_file piece = {.flags = copying->to->fd, .size = PIECE};
    for (int64_t got = 1; piece.offset < size && got > 0; piece.offset += got > 0 ? got : 0)
        got = eddy_await(file_operation(DRIVER_COPY, copying->from->fd, &piece));
    return piece.offset;
}

/* Copies from the positions to the end: how many bytes. */
eddy_async(int64_t, copy_by_buffer, (struct copying *, copying))
{
    int64_t done = 0;
    copying->buffer = memory_alloc(BUFFER);
    if (!copying->buffer)
        eddy_raise(ENOMEM, "eddy_copy_file(\"%s\")", copying->from->path);
    for (size_t got; (got = eddy_await(eddy_file_read(copying->from, copying->buffer, BUFFER))) > 0;) {
        eddy_await(eddy_file_write(copying->to, copying->buffer, got));
        done += (int64_t)got;
    }
    return done;
}

static bool is_same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

eddy_async_define(size_t, eddy_copy_file, (const char *, from), (const char *, to))
{
    struct copying copying = {NULL, NULL, NULL};
    struct stat source, target;
    eddy_defer(end, &copying);
    copying.from = eddy_await(eddy_file_open(from, O_RDONLY));
    eddy_await(eddy_file_stat(copying.from, &source));
    if (S_ISDIR(source.st_mode))
        eddy_raise(EISDIR, "eddy_copy_file(\"%s\", \"%s\")", from, to);
    copying.to = eddy_await(eddy_file_open(to, O_WRONLY | O_CREAT));
    eddy_await(eddy_file_stat(copying.to, &target));
    if (is_same(&source, &target))
        eddy_raise(EINVAL, "eddy_copy_file(\"%s\", \"%s\"): both are the same file", from, to);
    bool regular = S_ISREG(source.st_mode) && S_ISREG(target.st_mode);
    if (S_ISREG(target.st_mode) && target.st_size)
        eddy_await(eddy_file_truncate(copying.to, 0));
    int64_t done = regular ? eddy_await(copy_in_kernel(&copying, source.st_size)) : 0;
    eddy_file_seek(copying.from, done, SEEK_SET);
    eddy_file_seek(copying.to, done, SEEK_SET);
    done += eddy_await(copy_by_buffer(&copying));
    eddy_file *file = copying.to;
    copying.to = NULL;
    eddy_await(eddy_file_close(file));
    return (size_t)done;
}
