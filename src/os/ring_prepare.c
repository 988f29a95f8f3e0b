/* SPDX-License-Identifier: MIT */
/* ring_prepare.c - an operation as a request of the ring. */
#define _GNU_SOURCE
#include "os/driver_uring.h"
#include "os/driver_fault.h"
#include "os/file_op.h"

#if defined(EDDY_WITH_URING)

#include <fcntl.h>

/* The offset that means "at the descriptor's position", for read and write. */
#define HERE UINT64_MAX

static unsigned length(size_t size)
{
    return (unsigned)driver_length(size);
}

int ring_opcode(const struct driver_op *op)
{
    static const int8_t opcodes[DRIVER_KINDS] = {
        [DRIVER_POLL] = IORING_OP_POLL_ADD,     [DRIVER_ACCEPT] = IORING_OP_ACCEPT,
        [DRIVER_CONNECT] = IORING_OP_CONNECT,   [DRIVER_RECV] = IORING_OP_RECV,
        [DRIVER_RECV_LENT] = IORING_OP_RECV,    [DRIVER_SEND] = IORING_OP_SEND,
        [DRIVER_RECVMSG] = IORING_OP_RECVMSG,   [DRIVER_SENDMSG] = IORING_OP_SENDMSG,
        [DRIVER_READ] = IORING_OP_READ,         [DRIVER_WRITE] = IORING_OP_WRITE,
        [DRIVER_PREAD] = IORING_OP_READ,        [DRIVER_PWRITE] = IORING_OP_WRITE,
        [DRIVER_OPEN] = IORING_OP_OPENAT,       [DRIVER_FSYNC] = IORING_OP_FSYNC,
        [DRIVER_STAT] = IORING_OP_STATX,        [DRIVER_RENAME] = IORING_OP_RENAMEAT,
        [DRIVER_UNLINK] = IORING_OP_UNLINKAT,   [DRIVER_MKDIR] = IORING_OP_MKDIRAT,
        [DRIVER_TRUNCATE] = -1,                 [DRIVER_LIST] = -1,
        [DRIVER_COPY] = -1,
    };
    return opcodes[op->kind];
}

static void prepare_file(struct io_uring_sqe *sqe, const struct driver_op *op)
{
    const struct driver_file *file = op->u.file;
    int fd = op->fd;
    switch (op->kind) {
    case DRIVER_PREAD: io_uring_prep_read(sqe, fd, file->data, length(file->size), (uint64_t)file->offset); break;
    case DRIVER_PWRITE: io_uring_prep_write(sqe, fd, file->data, length(file->size), (uint64_t)file->offset); break;
    case DRIVER_OPEN: io_uring_prep_openat(sqe, fd, file->path, file->flags | O_CLOEXEC, file->mode); break;
    case DRIVER_FSYNC: io_uring_prep_fsync(sqe, fd, file->flags ? IORING_FSYNC_DATASYNC : 0); break;
    case DRIVER_STAT:
        io_uring_prep_statx(sqe, fd, file->path, file->flags | (file->path[0] ? 0 : AT_EMPTY_PATH), FILE_STATUS_BASIC,
                            file->data);
        break;
    case DRIVER_RENAME: io_uring_prep_renameat(sqe, fd, file->path, fd, file->other, 0); break;
    case DRIVER_UNLINK: io_uring_prep_unlinkat(sqe, fd, file->path, file->flags); break;
    default: io_uring_prep_mkdirat(sqe, fd, file->path, file->mode);
    }
}

void ring_prepare(struct io_uring_sqe *sqe, const struct driver_op *op)
{
    void *data = op->u.buffer.data;
    size_t size = op->u.buffer.size;
    int flags = op->u.buffer.flags;
    switch (op->kind) {
    case DRIVER_ACCEPT:
        io_uring_prep_accept(sqe, op->fd, op->u.address.data, op->u.address.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        break;
    case DRIVER_CONNECT: io_uring_prep_connect(sqe, op->fd, op->u.address.data, op->u.address.length); break;
    case DRIVER_RECV: io_uring_prep_recv(sqe, op->fd, data, length(size), flags); break;
    case DRIVER_SEND: io_uring_prep_send(sqe, op->fd, data, length(size), flags | MSG_NOSIGNAL); break;
    case DRIVER_RECVMSG:
        io_uring_prep_recvmsg(sqe, op->fd, op->u.message.data, (unsigned)op->u.message.flags | MSG_CMSG_CLOEXEC);
        break;
    case DRIVER_SENDMSG:
        io_uring_prep_sendmsg(sqe, op->fd, op->u.message.data, (unsigned)op->u.message.flags | MSG_NOSIGNAL);
        break;
    case DRIVER_READ: io_uring_prep_read(sqe, op->fd, data, length(size), HERE); break;
    case DRIVER_WRITE: io_uring_prep_write(sqe, op->fd, data, length(size), HERE); break;
    default: prepare_file(sqe, op);
    }
}

#if !defined(IORING_NOP_INJECT_RESULT)
#define IORING_NOP_INJECT_RESULT 1 /* Linux 6.11; older kernels answer EINVAL, which is also an error */
#endif

static void shorten(struct io_uring_sqe *sqe, const struct driver_op *op)
{
    switch (sqe->opcode) {
    case IORING_OP_READ:
    case IORING_OP_WRITE:
    case IORING_OP_RECV:
    case IORING_OP_SEND: sqe->len = (unsigned)driver_short_size(op->fd, sqe->len); break;
    default: break;
    }
}

void ring_spoil(struct io_uring_sqe *sqe, const struct driver_op *op, int fault)
{
    if (fault == DRIVER_SHORT) {
        shorten(sqe, op);
        return;
    }
    io_uring_prep_nop(sqe);
    sqe->len = (unsigned)fault;
    sqe->rw_flags = IORING_NOP_INJECT_RESULT;
}

#endif
