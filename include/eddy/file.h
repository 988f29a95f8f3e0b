/* SPDX-License-Identifier: MIT */
/*
 * file.h - files and folders, without blocking the loop (C only, for the calls are coroutines).
 *
 * The ring executes them, or a bounded pool of threads; the simulation does so at once. A cancelled operation
 * returns when the kernel does not use its memory any more. A file that was opened nevertheless is closed again.
 */
#ifndef EDDY_FILE_H
#define EDDY_FILE_H

#include "buffer.h"
#include "macros.h"

#pragma GCC visibility push(default)

struct stat;

/* An open file with its own position. It is for one task at a time, except for the calls with an offset (.._at). */
typedef struct eddy_file eddy_file;

/*
 * flags: O_RDONLY, O_CREAT, ... of <fcntl.h>; O_CLOEXEC and O_NONBLOCK are added, so that a FIFO is opened without
 * waiting for its other end. mode: permissions of a new file, less the umask; eddy_file_open(path, flags): 0666.
 * Result: the file, which the caller must close. Suspends. Fails with the errors of open(2), ECANCELED, ENOMEM.
 * Python: open.  Since 0.1.
 */
eddy_async_declare(eddy_file *, eddy_file_open, (const char *, path), (int, flags), (unsigned, mode));
#define eddy_file_open(...) ED_OVERLOAD(ED_FILE_OPEN_, __VA_ARGS__)(__VA_ARGS__)
#define ED_FILE_OPEN_2(path, flags) (eddy_file_open)(path, flags, 0666)
#define ED_FILE_OPEN_3(path, flags, mode) (eddy_file_open)(path, flags, mode)

/* Reads at most size bytes at the position, which moves on; 0 at the end. May suspend. Python: read. Since 0.1. */
eddy_async_declare(size_t, eddy_file_read, (eddy_file *, file), (void *, buffer), (size_t, size));
/* Reads a line with its "\n"; the last line may lack it; size 0 (the result) at the end. *line is valid until the
 * next call on the file. May suspend. Python: readline. Since 0.1. */
eddy_async_declare(size_t, eddy_file_read_line, (eddy_file *, file), (eddy_slice *, line));
/* Writes all bytes at the position, which moves on; with O_APPEND, at the end of the file. A failed or cancelled
 * write may have written a part; the position has moved by that part. Suspends. Python: write. Since 0.1. */
eddy_async_declare(void, eddy_file_write, (eddy_file *, file), (const void *, data), (size_t, size));
/* Read or write at an offset (bytes from the beginning), independent of the position; any number of tasks at once.
 * Python: os.pread, os.pwrite (all of it). Since 0.1. */
eddy_async_declare(size_t, eddy_file_read_at, (eddy_file *, file), (void *, buffer), (size_t, size),
                   (int64_t, offset));
eddy_async_declare(void, eddy_file_write_at, (eddy_file *, file), (const void *, data), (size_t, size),
                   (int64_t, offset));
/* Wait until the disk has the data and the metadata (the data and the size). Python: os.fsync, os.fdatasync. Since
 * 0.1. */
eddy_async_declare(void, eddy_file_sync, (eddy_file *, file));
eddy_async_declare(void, eddy_file_sync_data, (eddy_file *, file));
/* Makes it size bytes long, by cutting off or by zeros; the position does not move. Python: truncate. Since 0.1. */
eddy_async_declare(void, eddy_file_truncate, (eddy_file *, file), (int64_t, size));
/* Python: os.fstat.  Since 0.1. */
eddy_async_declare(void, eddy_file_stat, (eddy_file *, file), (struct stat *, status));
/* Closes the descriptor and frees the file; NULL is allowed. Fails with the errors of close(2) (EIO, EDQUOT); it is
 * closed nevertheless. Never suspends. Python: close. Since 0.1. */
eddy_async_declare(void, eddy_file_close, (eddy_file *, file));
/* The same from anywhere and without an error: defer(eddy_file_abort, file).  Since 0.1. */
EDDY_API void eddy_file_abort(eddy_file *file);
/* Moves the position: SEEK_SET, SEEK_CUR, SEEK_END. Returns the new position, or a negative errno value; -ESPIPE:
 * the file has no position. Python: seek, tell. Since 0.1. */
EDDY_API int64_t eddy_file_seek(eddy_file *file, int64_t offset, int whence);
/* The descriptor, which still belongs to the file; its own position is not used. Python: fileno. Since 0.1. */
EDDY_API int eddy_file_descriptor(const eddy_file *file);

/* Appends the whole file to the buffer; the result is the number of bytes. Python: Path.read_bytes. Since 0.1. */
eddy_async_declare(size_t, eddy_read_file, (const char *, path), (eddy_buffer *, buffer));
/* Creates the file or truncates it to zero bytes, and writes size bytes. Python: Path.write_bytes. Since 0.1. */
eddy_async_declare(void, eddy_write_file, (const char *, path), (const void *, data), (size_t, size));

/*
 * Copies the bytes of the file `from` to `to`, which is created (mode 0666, less the umask) or truncated to zero
 * bytes first. The kernel copies if both are regular files, and shares blocks if the file system can. Result: the
 * number of bytes. Suspends. Fails with the errors of opening, reading and writing; EINVAL: both are the same file.
 * After a failure or a cancellation `to` has a part of the bytes. Python: shutil.copyfile. Since 0.1.
 */
eddy_async_declare(size_t, eddy_copy_file, (const char *, from), (const char *, to));

/* By path, like the system calls; each one suspends and fails with their errors. eddy_lstat does not follow a last
 * symbolic link. Python: os.stat, os.lstat, os.rename, os.unlink, os.mkdir, os.rmdir. Since 0.1. */
eddy_async_declare(void, eddy_stat, (const char *, path), (struct stat *, status));
eddy_async_declare(void, eddy_lstat, (const char *, path), (struct stat *, status));
eddy_async_declare(void, eddy_rename, (const char *, from), (const char *, to));
eddy_async_declare(void, eddy_unlink, (const char *, path));
eddy_async_declare(void, eddy_mkdir, (const char *, path), (unsigned, mode));
eddy_async_declare(void, eddy_rmdir, (const char *, path));

/* The items that eddy_directory yields. */
typedef struct eddy_directory_entry {
    const char *name; /* valid until the next entry is requested */
    uint64_t inode;
    unsigned type;    /* DT_REG, DT_DIR, DT_LNK, ... of <dirent.h>; DT_UNKNOWN if the file system does not tell */
} eddy_directory_entry;

/*
 * An async generator of the entries of a folder, without "." and "..", in no particular order:
 *     async_for (entry, eddy_directory("/tmp")) puts(entry.name);
 * Fails with the errors of opening and reading it. Python: os.scandir. Since 0.1.
 */
struct eddy_directory {
    __extension__ union {
        struct eddy_async_generator async_generator;
        struct eddy_generator ed_common;
    };
    eddy_directory_entry value, sent;
    eddy_void result;
    __extension__ struct {
        const char *path;
    } args;
};
EDDY_API EDDY_MUST_USE struct eddy_directory eddy_directory(const char *path);

#pragma GCC visibility pop

#endif
