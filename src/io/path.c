/* SPDX-License-Identifier: MIT */
/* path.c - operations on the names of files: stat, rename, unlink, mkdir, rmdir. */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "io/file.h"
#include "os/file_op.h"

static struct timespec time_of(const struct file_time *time)
{
    return (struct timespec){.tv_sec = (time_t)time->seconds, .tv_nsec = (long)time->nanoseconds};
}

static void fill(struct stat *status, const struct file_status *from)
{
    *status = (struct stat){.st_mode = from->mode};
    status->st_dev = makedev(from->filesystem_major, from->filesystem_minor);
    status->st_rdev = makedev(from->device_major, from->device_minor);
    status->st_ino = (ino_t)from->inode;
    status->st_nlink = (nlink_t)from->links;
    status->st_uid = from->uid;
    status->st_gid = from->gid;
    status->st_size = (off_t)from->size;
    status->st_blksize = (blksize_t)from->block_size;
    status->st_blocks = (blkcnt_t)from->blocks;
    status->st_atim = time_of(&from->accessed);
    status->st_mtim = time_of(&from->modified);
    status->st_ctim = time_of(&from->changed);
}

/* Returns 0 or a negative errno value. */
eddy_async(int64_t, look, (int, fd), (const char *, path), (int, flags), (struct stat *, status))
{
    struct file_status from = {0};
    struct driver_file what = {.path = path, .flags = flags, .data = &from};
    int64_t result = eddy_await(file_operation(DRIVER_STAT, fd, &what));
    if (result == 0)
        fill(status, &from);
    return result;
}

/* What the system call says of these arguments; a look by an empty path would be one at a descriptor. */
static int refusal_of(const char *path, const struct stat *status)
{
    if (!path || !status)
        return -EFAULT;
    return path[0] ? 0 : -ENOENT;
}

eddy_async_define(void, eddy_stat, (const char *, path), (struct stat *, status))
{
    int refusal = refusal_of(path, status);
    int64_t result = refusal ? refusal : eddy_await(look(AT_FDCWD, path, 0, status));
    if (result < 0)
        eddy_raise((int)-result, "eddy_stat(\"%s\")", path ? path : "(null)");
}

eddy_async_define(void, eddy_lstat, (const char *, path), (struct stat *, status))
{
    int refusal = refusal_of(path, status);
    int64_t result = refusal ? refusal : eddy_await(look(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, status));
    if (result < 0)
        eddy_raise((int)-result, "eddy_lstat(\"%s\")", path ? path : "(null)");
}

eddy_async_define(void, eddy_file_stat, (eddy_file *, file), (struct stat *, status))
{
    int error = file_enter(file);
    if (error)
        eddy_raise(error, "eddy_file_stat(\"%s\")", file->path);
    eddy_defer(file_leave, file);
    int64_t result = eddy_await(look(file->fd, "", 0, status));
    if (result < 0)
        eddy_raise((int)-result, "eddy_file_stat(\"%s\")", file->path);
}

eddy_async_define(void, eddy_rename, (const char *, from), (const char *, to))
{
    struct driver_file names = {.path = from, .other = to};
    int64_t result = eddy_await(file_operation(DRIVER_RENAME, AT_FDCWD, &names));
    if (result < 0)
        eddy_raise((int)-result, "eddy_rename(\"%s\", \"%s\")", from, to);
}

eddy_async_define(void, eddy_unlink, (const char *, path))
{
    int64_t result = eddy_await(file_operation(DRIVER_UNLINK, AT_FDCWD, &(struct driver_file){.path = path}));
    if (result < 0)
        eddy_raise((int)-result, "eddy_unlink(\"%s\")", path);
}

eddy_async_define(void, eddy_mkdir, (const char *, path), (unsigned, mode))
{
    struct driver_file folder = {.path = path, .mode = mode};
    int64_t result = eddy_await(file_operation(DRIVER_MKDIR, AT_FDCWD, &folder));
    if (result < 0)
        eddy_raise((int)-result, "eddy_mkdir(\"%s\")", path);
}

eddy_async_define(void, eddy_rmdir, (const char *, path))
{
    struct driver_file folder = {.path = path, .flags = AT_REMOVEDIR};
    int64_t result = eddy_await(file_operation(DRIVER_UNLINK, AT_FDCWD, &folder));
    if (result < 0)
        eddy_raise((int)-result, "eddy_rmdir(\"%s\")", path);
}
