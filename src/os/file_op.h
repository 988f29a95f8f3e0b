/* SPDX-License-Identifier: MIT */
/* file_op.h - executes an operation on files by its system call: for threads, and for the simulation. */
#ifndef EDDY_OS_FILE_OP_H
#define EDDY_OS_FILE_OP_H

#include <stdint.h>

struct driver_op;

/* The kernel's struct statx, under a separate name: not every libc has it. */
struct file_status {
    uint32_t mask;              /* which fields are set (STATX_...) */
    uint32_t block_size;        /* preferred for I/O */
    uint64_t attributes;        /* STATX_ATTR_... */
    uint32_t links, uid, gid;
    uint16_t mode, unused;
    uint64_t inode, size;
    uint64_t blocks;            /* of 512 bytes */
    uint64_t attributes_mask;   /* which attributes are known */
    struct file_time {
        int64_t seconds;
        uint32_t nanoseconds;
        int32_t unused;
    } accessed, born, changed, modified;
    uint32_t device_major, device_minor;             /* the device that it represents */
    uint32_t filesystem_major, filesystem_minor;     /* the device that it lies on */
    uint64_t rest[14];          /* not used */
};

/* The requested fields: type, mode, size, times, owner, inode, blocks. */
#define FILE_STATUS_BASIC 0x7ffu

/* A kind of driver_kind_is_of_files, or READ, WRITE or ACCEPT, executed now, on this thread, which may wait in it.
 * Returns its result. */
int64_t file_op_run(const struct driver_op *op);

#endif
