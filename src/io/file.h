/* SPDX-License-Identifier: MIT */
/*
 * file.h - operations on files as awaitables, and the struct of a file, for the files of this folder.
 *
 * Invariant: what the driver holds while an operation is in flight lies in the header of the task that waits and in a
 * block of its own, never on the task's stack (but for the caller's data).
 */
#ifndef EDDY_IO_FILE_H
#define EDDY_IO_FILE_H

#include <eddy.h>

#include "core/impl.h"

struct eddy_file {
    struct eddy_loop *loop;
    int fd;
    bool seekable;           /* false: it has no position (a pipe, a tty) */
    bool is_fifo;            /* a pipe, with or without a name */
    bool appends;            /* O_APPEND */
    struct task *user;       /* the task inside a call that uses the position; NULL: none */
    unsigned in_use;         /* calls under way, including that task's */
    int64_t position;        /* of the next byte to read or write */
    struct eddy_buffer line; /* read ahead by eddy_file_read_line: its bytes from `begin` on stand at `position` */
    size_t begin;
    char path[];             /* for messages */
};

/* A call on it begins: 0, and file_leave when that has ended; or the code for why it cannot be used here. */
int file_enter(struct eddy_file *file);
void file_leave(struct eddy_file *file);

struct file_op {
    struct eddy_awaitable awaitable;
    int64_t result;          /* as the system call's, or a negative errno value */
    uint8_t kind;            /* an enum driver_op_kind: of files, or DRIVER_READ, DRIVER_WRITE */
    bool asked;              /* its task was cancelled: it was asked to end early */
    int fd;
    struct driver_file what; /* copied when it starts */
};

/* Only the waiting task's own cancellation fails the await itself.  A cancelled DRIVER_OPEN leaves nothing open. */
struct file_op file_op(uint8_t kind, int fd, struct driver_file what);

#endif
