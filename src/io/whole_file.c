/* SPDX-License-Identifier: MIT */
/* whole_file.c - eddy_read_file, eddy_write_file. */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/impl.h"
#include "io/file.h"

enum { FILE_CHUNK = 65536 };

eddy_async_define(size_t, eddy_read_file, (const char *, path), (eddy_buffer *, buffer))
{
    size_t before = buffer->size;
    struct stat status;
    eddy_file *file = eddy_await(eddy_file_open(path, O_RDONLY));
    eddy_defer(eddy_file_abort, file);
    eddy_await(eddy_file_stat(file, &status));
    /* One byte more than the file's size: this saves the read that finds the end.  Files in /proc say 0. */
    size_t expected = S_ISREG(status.st_mode) && status.st_size > 0 ? (size_t)status.st_size + 1 : FILE_CHUNK;
    for (;;) {
        if (!buffer_reserve(buffer, expected))
            eddy_raise(ENOMEM, "eddy_read_file(\"%s\")", path);
        size_t got = eddy_await(eddy_file_read(file, buffer->data + buffer->size, expected));
        buffer_grew(buffer, got);
        if (got == 0)
            return buffer->size - before;
        expected = expected > got && expected - got < FILE_CHUNK ? expected - got : FILE_CHUNK;
    }
}

/* A file that is closed when the scope is left, unless it was closed before (NULL). */
struct opened {
    eddy_file *file;
};

static void abandon(struct opened *opened)
{
    eddy_file_abort(opened->file);
}

eddy_async_define(void, eddy_write_file, (const char *, path), (const void *, data), (size_t, size))
{
    struct opened opened = {eddy_await(eddy_file_open(path, O_WRONLY | O_CREAT | O_TRUNC))};
    eddy_defer(abandon, &opened);
    eddy_await(eddy_file_write(opened.file, data, size));
    eddy_file *file = opened.file;
    opened.file = NULL;
    eddy_await(eddy_file_close(file));
}
