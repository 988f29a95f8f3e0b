/* SPDX-License-Identifier: MIT */
/* file.h - operations on files as awaitables, and the struct of a file, for the files of this folder. */
#ifndef EDDY_IO_FILE_H
#define EDDY_IO_FILE_H

#include <eddy.h>

#include "core/impl.h"

struct eddy_file {
    struct eddy_loop *loop;
    int fd;
    bool seekable;           /* false: the file has no position (a pipe, a tty) */
    bool is_fifo;            /* a pipe, with or without a name */
    bool appends;            /* O_APPEND */
    struct task *user;       /* the task inside a call that uses the position; NULL: none */
    unsigned in_use;         /* calls in progress, including that of the task above */
    int64_t position;        /* offset of the next byte to read or write */
    struct eddy_buffer line; /* read ahead by eddy_file_read_line: its bytes from `begin` on stand at `position` */
    size_t begin;
    char path[];             /* for messages */
};

/* Begins a call on the file. Returns 0, and file_leave must follow when the call has ended; or the code for why the
 * file cannot be used here. */
int file_enter(struct eddy_file *file);
void file_leave(struct eddy_file *file);

/* An operation on files; see core/operation.h. `file` and the strings and data that it refers to must live until the
 * await has ended. A cancelled DRIVER_OPEN leaves nothing open. */
static inline struct operation file_operation(enum driver_op_kind kind, int fd, struct driver_file *file)
{
    return OPERATION_OF(.kind = (uint8_t)kind, .fd = fd, .u.file = file);
}

#endif
