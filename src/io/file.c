/* SPDX-License-Identifier: MIT */
/* file.c - open files: reading, writing, lines.  The rules stand in file.h. */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "core/impl.h"
#include "io/socket.h"
#include "io/turn.h"
#include "os/file_op.h"
#include "os/memory.h"

enum { LINE_CHUNK = 8192 };

/* ==== opening and closing ==== */

/* A descriptor that is closed when the scope is left, unless it was passed on (-1). */
struct held {
    struct eddy_loop *loop;
    int fd;
};

static void drop(struct held *held)
{
    if (held->fd >= 0)
        driver_close_fd(held->loop->driver, held->fd);
}

static struct eddy_file *file_new(struct eddy_loop *loop, const char *path, int fd, int flags)
{
    size_t size = strlen(path) + 1;
    struct eddy_file *file = memory_alloc_zeroed(sizeof *file + size);
    if (!file)
        return NULL;
    file->loop = loop;
    file->fd = fd;
    file->seekable = lseek(fd, 0, SEEK_CUR) >= 0;
    file->is_fifo = !file->seekable && socket_is_fifo(fd);
    file->appends = flags & O_APPEND;
    memcpy(file->path, path, size);
    driver_adopt(loop->driver, fd);
    return file;
}

/* Calling eddy_stat and catching its errors would also catch a request to cancel that arrives meanwhile. */
eddy_async(bool, is_fifo, (const char *, path))
{
    struct file_status status = {0};
    struct driver_file what = {.path = path, .data = &status};
    return eddy_await(file_operation(DRIVER_STAT, AT_FDCWD, &what)) == 0 && S_ISFIFO(status.mode);
}

/* Opening a FIFO for writing waits for a reader, as open(2) does, without blocking the loop. */
eddy_async(int64_t, open_path, (const char *, path), (int, flags), (unsigned, mode))
{
    const double longest = 0.05;
    struct driver_file what = {.path = path, .flags = flags | O_CLOEXEC | O_NONBLOCK, .mode = mode};
    for (double seconds = 0.001;; seconds = seconds < longest ? 2 * seconds : longest) {
        int64_t result = eddy_await(file_operation(DRIVER_OPEN, AT_FDCWD, &what));
        if (result != -ENXIO || (flags & O_NONBLOCK) || !eddy_await(is_fifo(path)))
            return result;
        eddy_await(eddy_sleep(seconds));
    }
}

eddy_async_define(eddy_file *, eddy_file_open, (const char *, path), (int, flags), (unsigned, mode))
{
    int64_t result = eddy_await(open_path(path, flags, mode));
    if (result < 0)
        eddy_raise((int)-result, "eddy_file_open(\"%s\")", path);
    struct held held = {current.loop, (int)result};
    eddy_defer(drop, &held);
    eddy_file *file = file_new(current.loop, path, held.fd, flags);
    if (!file)
        eddy_raise(ENOMEM, "eddy_file_open(\"%s\")", path);
    held.fd = -1;
    return file;
}

eddy_async_free(eddy_file_open, eddy_file_abort);

static void free_file(struct eddy_file *file)
{
    eddy_buffer_free(&file->line);
    memory_free(file);
}

void eddy_file_abort(eddy_file *file)
{
    if (!file || !loop_check_ours(file->loop, "eddy_file_abort", "file"))
        return;
    EDDY_ASSERT(!file->in_use,
                "the file \"%s\" is closed while a task reads or writes it: await that task first", file->path);
    int saved = errno;
    driver_close_fd(file->loop->driver, file->fd);
    errno = saved;
    free_file(file);
}

/* A remote or full disk reports failed writes at close(2): returns the result of closing a copy. */
static int flush(const struct eddy_file *file)
{
    int copy = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 || close(copy) == 0 || errno == EINTR ? 0 : errno;
}

eddy_async_define(void, eddy_file_close, (eddy_file *, file))
{
    if (!file)
        return;
    if (file->loop != current.loop)
        eddy_raise(EDDY_WRONG_LOOP, "eddy_file_close(\"%s\")", file->path);
    int error = flush(file);
    eddy_defer(eddy_file_abort, file);
    if (error)
        eddy_raise(error, "eddy_file_close(\"%s\")", file->path);
}

/* ==== using a file ==== */

void file_leave(struct eddy_file *file)
{
    EDDY_INVARIANT(file->in_use > 0);
    file->in_use--;
}

static void leave_position(struct eddy_file *file)
{
    EDDY_INVARIANT(file->user == current.task);
    file->user = NULL;
    file_leave(file);
}

int file_enter(struct eddy_file *file)
{
    if (file->loop != current.loop)
        return EDDY_WRONG_LOOP;
    file->in_use++;
    return 0;
}

/* 0, or the code for why the running task may not use the position now. */
static int enter_position(struct eddy_file *file)
{
    int error = file_enter(file);
    if (!error && file->user) {
        file_leave(file);
        return EDDY_STREAM_BUSY;
    }
    if (!error)
        file->user = current.task;
    return error;
}

static struct operation read_some(const struct eddy_file *file, struct driver_file *bytes)
{
    bytes->positioned = true;
    return file->seekable ? file_operation(DRIVER_PREAD, file->fd, bytes)
                          : socket_read(file->fd, bytes->data, bytes->size);
}

static struct operation write_some(const struct eddy_file *file, struct driver_file *bytes)
{
    bytes->positioned = true;
    return file->seekable ? file_operation(DRIVER_PWRITE, file->fd, bytes)
                          : socket_write(file->fd, bytes->data, bytes->size);
}

/* A FIFO that no writer has opened yet reads as if it had ended; poll tells the two apart. Returns the number of
 * bytes, 0 at the end, or a negative code. */
eddy_async(int64_t, read_bytes, (struct eddy_file *, file), (void *, buffer), (size_t, size), (int64_t, offset))
{
    struct driver_file bytes = {.data = buffer, .size = size, .offset = offset};
    int64_t result = eddy_await(read_some(file, &bytes));
    if (result != 0 || size == 0 || !file->is_fifo)
        return result;
    int64_t ready = eddy_await(socket_poll(file->fd, POLLIN));
    return ready < 0 ? ready : eddy_await(read_some(file, &bytes));
}

static size_t ahead(const struct eddy_file *file)
{
    EDDY_INVARIANT(file->begin <= file->line.size);
    return file->line.size - file->begin;
}

/* Bytes read ahead may be out of date. They are dropped, unless the file cannot be read again (a pipe). */
static void forget_ahead(struct eddy_file *file)
{
    if (file->seekable)
        file->begin = file->line.size = 0;
}

static size_t take_ahead(struct eddy_file *file, void *buffer, size_t size)
{
    if (size > ahead(file))
        size = ahead(file);
    memcpy(buffer, file->line.data + file->begin, size);
    file->begin += size;
    file->position += (int64_t)size;
    return size;
}

eddy_async_define(size_t, eddy_file_read, (eddy_file *, file), (void *, buffer), (size_t, size))
{
    TURN_IF_DUE();
    int error = enter_position(file);
    if (error)
        eddy_raise(error, "eddy_file_read(\"%s\")", file->path);
    eddy_defer(leave_position, file);
    if (ahead(file))
        return take_ahead(file, buffer, size);
    int64_t result = eddy_await(read_bytes(file, buffer, size, file->position));
    if (result < 0)
        eddy_raise((int)-result, "eddy_file_read(\"%s\")", file->path);
    file->position += result;
    return (size_t)result;
}

/* Reads more bytes after those that were read ahead. Returns their number, 0 at the end, or a negative errno value. */
eddy_async(int64_t, read_ahead, (eddy_file *, file))
{
    struct eddy_buffer *line = &file->line;
    if (file->begin) {
        memmove(line->data, line->data + file->begin, ahead(file));
        line->size -= file->begin;
        file->begin = 0;
    }
    if (!buffer_reserve(line, LINE_CHUNK))
        return -ENOMEM;
    int64_t place = file->position + (int64_t)line->size;
    int64_t result = eddy_await(read_bytes(file, line->data + line->size, LINE_CHUNK, place));
    if (result > 0)
        buffer_grew(line, (size_t)result);
    return result;
}

/* Size of the first line in the read-ahead buffer, with its "\n"; 0: the buffer has no "\n" after its first `checked`
 * bytes. */
static size_t find_line(const struct eddy_file *file, size_t checked)
{
    if (ahead(file) == checked)
        return 0;
    const char *begin = file->line.data + file->begin, *end = memchr(begin + checked, '\n', ahead(file) - checked);
    return end ? (size_t)(end + 1 - begin) : 0;
}

eddy_async_define(size_t, eddy_file_read_line, (eddy_file *, file), (eddy_slice *, line))
{
    TURN_IF_DUE();
    *line = (eddy_slice){"", 0};
    int error = enter_position(file);
    if (error)
        eddy_raise(error, "eddy_file_read_line(\"%s\")", file->path);
    eddy_defer(leave_position, file);
    size_t size = 0, checked = 0;
    while (!(size = find_line(file, checked))) {
        checked = ahead(file);
        int64_t result = eddy_await(read_ahead(file));
        if (result < 0)
            eddy_raise((int)-result, "eddy_file_read_line(\"%s\")", file->path);
        if (result > 0)
            continue;
        size = checked;
        break;
    }
    if (size)
        *line = (eddy_slice){file->line.data + file->begin, size};
    file->begin += size;
    file->position += (int64_t)size;
    return size;
}

/* Writes all bytes; moves *offset by the number of bytes written. Returns 0 or a negative errno value. */
eddy_async(int64_t, write_all, (eddy_file *, file), (const char *, data), (size_t, size), (int64_t *, offset))
{
    struct driver_file bytes = {.data = (void *)(uintptr_t)data, .size = size, .offset = *offset};
    while (bytes.size) {
        int64_t result = eddy_await(write_some(file, &bytes));
        if (result < 0)
            return result;
        if (result == 0) /* a device without room returns 0 */
            return -ENOSPC;
        bytes.data = (char *)bytes.data + result;
        bytes.size -= (size_t)result;
        *offset = bytes.offset += result;
    }
    return 0;
}

eddy_async_define(void, eddy_file_write, (eddy_file *, file), (const void *, data), (size_t, size))
{
    TURN_IF_DUE();
    int error = enter_position(file);
    if (error)
        eddy_raise(error, "eddy_file_write(\"%s\")", file->path);
    eddy_defer(leave_position, file);
    forget_ahead(file);
    int64_t result = eddy_await(write_all(file, data, size, &file->position));
    if (file->appends && file->seekable)
        file->position = lseek(file->fd, 0, SEEK_END);
    if (result < 0)
        eddy_raise((int)-result, "eddy_file_write(\"%s\")", file->path);
}

eddy_async_define(size_t, eddy_file_read_at, (eddy_file *, file), (void *, buffer), (size_t, size), (int64_t, offset))
{
    int error = file_enter(file);
    if (error)
        eddy_raise(error, "eddy_file_read_at(\"%s\")", file->path);
    eddy_defer(file_leave, file);
    struct driver_file bytes = {.data = buffer, .size = size, .offset = offset};
    int64_t result = file->seekable ? eddy_await(read_some(file, &bytes)) : -ESPIPE;
    if (result < 0)
        eddy_raise((int)-result, "eddy_file_read_at(\"%s\", %lld)", file->path, (long long)offset);
    return (size_t)result;
}

eddy_async_define(void, eddy_file_write_at, (eddy_file *, file), (const void *, data), (size_t, size),
                  (int64_t, offset))
{
    int error = file_enter(file);
    if (error)
        eddy_raise(error, "eddy_file_write_at(\"%s\")", file->path);
    eddy_defer(file_leave, file);
    int64_t at = offset, result = file->seekable ? eddy_await(write_all(file, data, size, &at)) : -ESPIPE;
    if (result < 0)
        eddy_raise((int)-result, "eddy_file_write_at(\"%s\", %lld): %lld of %zu bytes were written", file->path,
                   (long long)offset, (long long)(at - offset), size);
}

eddy_async(void, synchronise, (eddy_file *, file), (int, data_only))
{
    int error = file_enter(file);
    if (error)
        eddy_raise(error, "eddy_file_sync(\"%s\")", file->path);
    eddy_defer(file_leave, file);
    int64_t result = eddy_await(file_operation(DRIVER_FSYNC, file->fd, &(struct driver_file){.flags = data_only}));
    if (result < 0)
        eddy_raise((int)-result, "eddy_file_sync%s(\"%s\")", data_only ? "_data" : "", file->path);
}

eddy_async_define(void, eddy_file_sync, (eddy_file *, file))
{
    eddy_await(synchronise(file, 0));
}

eddy_async_define(void, eddy_file_sync_data, (eddy_file *, file))
{
    eddy_await(synchronise(file, 1));
}

eddy_async_define(void, eddy_file_truncate, (eddy_file *, file), (int64_t, size))
{
    int error = file_enter(file);
    if (error)
        eddy_raise(error, "eddy_file_truncate(\"%s\")", file->path);
    eddy_defer(file_leave, file);
    forget_ahead(file);
    int64_t result = eddy_await(file_operation(DRIVER_TRUNCATE, file->fd, &(struct driver_file){.offset = size}));
    if (result < 0)
        eddy_raise((int)-result, "eddy_file_truncate(\"%s\", %lld)", file->path, (long long)size);
}

int64_t eddy_file_seek(eddy_file *file, int64_t offset, int whence)
{
    if (!loop_check_ours(file->loop, "eddy_file_seek", "file"))
        return -EDDY_WRONG_LOOP;
    EDDY_ASSERT(!file->user,
                "the position of \"%s\" is moved while a task reads or writes there: await the task first", file->path);
    if (!file->seekable)
        return -ESPIPE;
    int64_t base = whence == SEEK_CUR ? file->position : whence == SEEK_END ? lseek(file->fd, 0, SEEK_END) : 0;
    if (base < 0)
        return -errno;
    if ((whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END) || offset < -base || offset > INT64_MAX - base)
        return -EINVAL;
    forget_ahead(file);
    return file->position = base + offset;
}

int eddy_file_descriptor(const eddy_file *file)
{
    return file->fd;
}
