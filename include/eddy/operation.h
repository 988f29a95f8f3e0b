/* SPDX-License-Identifier: MIT */
/*
 * operation.h - operations on descriptors without a task: a function is called when one completes.  For bridges to
 * other libraries and languages, and for programs that are ported from loops of callbacks.
 *
 * The caller's struct eddy_operation, and all memory that it refers to, belong to the loop from the start of an
 * operation until its completion. The functions that start one are called on the loop's thread while the loop runs,
 * from tasks and callbacks. They return 0, and `complete` will be called exactly once, in a later pass; or an error,
 * and it will not be called: EDDY_NO_LOOP, EDDY_INVALID_STATE (it is in flight, or holds lent bytes), EINVAL,
 * ECANCELED (the loop is being closed), or the errno value with which the driver failed.
 */
#ifndef EDDY_OPERATION_H
#define EDDY_OPERATION_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sockaddr;
struct msghdr;

/* Set it to zero before its first use: struct eddy_operation op = {.complete = done};  Since 0.1. */
struct eddy_operation {
    /* Called when it has completed, on the loop's thread, outside of tasks; it may start the operation again, or free
     * it. */
    void (*complete)(struct eddy_operation *op);
    void *argument;    /* the caller's */
    int64_t result;    /* result of the system call, or a negative errno value */
    const char *data;  /* set by eddy_operation_recv_lent: the bytes, valid until eddy_operation_give_back; else NULL */
    uint64_t ed_[24];  /* the library's */
};

/* As recv(2), but it waits.  flags: no MSG_WAITALL.  result: bytes, 0 at the end.  Since 0.1. */
EDDY_API int eddy_operation_recv(struct eddy_operation *op, int fd, void *buffer, size_t size, int flags);
/* Receives into a buffer of the loop, which it takes when bytes have arrived: waiting holds no memory. result: bytes
 * at op->data, which must be given back before the operation is started again. Since 0.1. */
EDDY_API int eddy_operation_recv_lent(struct eddy_operation *op, int fd);
/* Gives back the lent bytes. Call it after a completion with a result above zero, and before the loop is closed. It
 * has no effect if nothing is lent. Since 0.1. */
EDDY_API void eddy_operation_give_back(struct eddy_operation *op);
/* As eddy_operation_recv, but asks for the memory when there are bytes to receive: buffer(op, &size) returns it and
 * sets its size; NULL: the operation ends with -ENOBUFS. Since 0.1. */
EDDY_API int eddy_operation_recv_into(struct eddy_operation *op, int fd,
                                      void *(*buffer)(struct eddy_operation *op, size_t *size));
/* The same for pipes, FIFOs and terminals: as read(2) and write(2), but they wait. result: bytes; of a read 0 at the
 * end. Since 0.1. */
EDDY_API int eddy_operation_read(struct eddy_operation *op, int fd, void *buffer, size_t size);
EDDY_API int eddy_operation_write(struct eddy_operation *op, int fd, const void *data, size_t size);
/* As eddy_operation_recv_into, for pipes, FIFOs and terminals. Since 0.1. */
EDDY_API int eddy_operation_read_into(struct eddy_operation *op, int fd,
                                      void *(*buffer)(struct eddy_operation *op, size_t *size));
/* As recvmsg(2), but it waits. Received descriptors are close-on-exec. Since 0.1. */
EDDY_API int eddy_operation_recvmsg(struct eddy_operation *op, int fd, struct msghdr *message, int flags);
/* As send(2) and sendmsg(2), but they wait and never raise SIGPIPE.  result: bytes, perhaps fewer than asked for.
 * Since 0.1. */
EDDY_API int eddy_operation_send(struct eddy_operation *op, int fd, const void *data, size_t size, int flags);
EDDY_API int eddy_operation_sendmsg(struct eddy_operation *op, int fd, const struct msghdr *message, int flags);
/* result: the new socket, non-blocking and close-on-exec, which belongs to the caller. Since 0.1. */
EDDY_API int eddy_operation_accept(struct eddy_operation *op, int fd);
/* result: 0.  While the queue of a Unix socket is full, it waits.  Since 0.1. */
EDDY_API int eddy_operation_connect(struct eddy_operation *op, int fd, const struct sockaddr *address,
                                    unsigned length);
/* Waits until fd has one of events (POLLIN, POLLOUT, ...).  result: the events it has.  Since 0.1. */
EDDY_API int eddy_operation_poll(struct eddy_operation *op, int fd, int events);
/* The same again and again: `complete` is called in each pass in which fd has one of them, until a call with a negative
 * result, -ECANCELED after eddy_operation_cancel: that is the completion.  Since 0.1. */
EDDY_API int eddy_operation_poll_always(struct eddy_operation *op, int fd, int events);
/*
 * Asks it to end: it completes with -ECANCELED, or with what it did before; it does so in the next pass, unless the
 * kernel has it and must be asked. Returns false, and does nothing, if it is not in flight. Since 0.1.
 */
EDDY_API bool eddy_operation_cancel(struct eddy_operation *op);

/*
 * Tells the running loop that fd belongs to the caller and remains open until eddy_release. So it is watched once
 * for all its operations, and a ring receives and accepts many times by one request, also ahead of need. It must not
 * block. Returns 0; EBADF; EINVAL: it blocks (set O_NONBLOCK); EBUSY: operations on it are in flight; EDDY_NO_LOOP.
 * Since 0.1.
 */
EDDY_API int eddy_adopt(int fd);
/* Reverses eddy_adopt: call it before closing fd. Bytes and connections received ahead of need are dropped. Returns
 * 0, EBUSY or EDDY_NO_LOOP, as above. Since 0.1. */
EDDY_API int eddy_release(int fd);

#ifdef __cplusplus
}
#endif
#endif
