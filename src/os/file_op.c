/* SPDX-License-Identifier: MIT */
/* file_op.c - see file_op.h. */
#define _GNU_SOURCE
#include "os/file_op.h"

#include "os/driver.h"
#include "os/driver_fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct file_status) == 256, "as the kernel's struct statx");

/* Copies within the kernel, or on the disk if the file system can. */
static int64_t copy(int from, const struct driver_file *file)
{
    int64_t source = file->offset, target = file->offset;
    return syscall(SYS_copy_file_range, from, &source, file->flags, &target, file->size, 0);
}

/* A READ, WRITE or ACCEPT does not look at `file`. */
static int64_t call(const struct driver_op *op, const struct driver_file *file)
{
    switch (op->kind) {
    case DRIVER_PREAD: return pread(op->fd, file->data, driver_length(file->size), file->offset);
    case DRIVER_PWRITE: return pwrite(op->fd, file->data, driver_length(file->size), file->offset);
    case DRIVER_OPEN: return openat(op->fd, file->path, file->flags | O_CLOEXEC, file->mode);
    case DRIVER_FSYNC: return file->flags ? fdatasync(op->fd) : fsync(op->fd);
    case DRIVER_STAT:
        return syscall(SYS_statx, op->fd, file->path, file->flags | (file->path[0] ? 0 : AT_EMPTY_PATH),
                       FILE_STATUS_BASIC, file->data);
    case DRIVER_RENAME: return renameat(op->fd, file->path, op->fd, file->other);
    case DRIVER_UNLINK: return unlinkat(op->fd, file->path, file->flags);
    case DRIVER_MKDIR: return mkdirat(op->fd, file->path, file->mode);
    case DRIVER_TRUNCATE: return ftruncate(op->fd, file->offset);
    case DRIVER_READ: return read(op->fd, op->u.buffer.data, driver_length(op->u.buffer.size));
    case DRIVER_WRITE: return write(op->fd, op->u.buffer.data, driver_length(op->u.buffer.size));
    case DRIVER_ACCEPT: return accept4(op->fd, op->u.address.data, op->u.address.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    case DRIVER_LIST: return syscall(SYS_getdents64, op->fd, file->data, file->size);
    case DRIVER_COPY: return copy(op->fd, file);
    default: errno = EINVAL; return -1;
    }
}

/* The result of the call, or of an injected fault. READ, WRITE and ACCEPT had their fault where they were tried. */
static int64_t try(const struct driver_op *op)
{
    if (!driver_kind_is_of_files(op->kind))
        return call(op, NULL);
    struct driver_file file = *op->u.file;
    int fault = driver_fault();
    if (fault < 0) {
        errno = -fault;
        return -1;
    }
    if (fault == DRIVER_SHORT && (op->kind == DRIVER_PREAD || op->kind == DRIVER_PWRITE || op->kind == DRIVER_COPY))
        file.size = driver_short_size(op->fd, file.size);
    return call(op, &file);
}

int64_t file_op_run(const struct driver_op *op)
{
    int64_t result;
    do
        result = try(op);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}
