/* SPDX-License-Identifier: MIT */
/*
 * driver_uring_many.c - one request for many completions: accepting, and receiving into the store of shared buffers.
 *
 * A multishot request stands for a descriptor, not for an operation. Data that it brings while no operation waits is
 * kept with the descriptor (its stock), and the next operation that reads or accepts gets it first. So cancelling a
 * waiting operation completes at once and loses nothing. The request is stopped when the stock grows (the rest stays
 * in the kernel, which slows the peer down), before an operation that the kernel must do itself, when no operation
 * accepts any more, and when the descriptor is closed.
 */
#define _GNU_SOURCE
#include "os/driver_uring.h"

#if defined(EDDY_WITH_URING)

#include "base/assert.h"
#include "os/driver_fault.h"
#include "os/memory.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* The limits of a stock: further data remains in the kernel. */
enum { MOST_BYTES = 4, MOST_SOCKETS = 16 };

/* ==== the stock ==== */

static void append(struct uring_watch *watch, struct stock *stock)
{
    stock->next = NULL;
    *(watch->stock ? &watch->stock_end->next : &watch->stock) = stock;
    watch->stock_end = stock;
    watch->stocked++;
}

static struct stock *take_first(struct uring_watch *watch)
{
    struct stock *stock = watch->stock;
    EDDY_INVARIANT(stock && watch->stocked > 0);
    watch->stock = stock->next;
    watch->stocked--;
    return stock;
}

static void drop(struct uring *uring, struct uring_watch *watch, bool sockets)
{
    struct stock *stock = take_first(watch);
    if (!sockets) {
        ring_buffers_put(&uring->buffers, stock->id);
        return;
    }
    close((int)stock->size);
    memory_free(stock);
}

static void put_bytes(struct uring *uring, struct uring_watch *watch, unsigned id, int32_t size)
{
    struct ring_buffer *buffer = ring_buffers_at(&uring->buffers, id);
    buffer->stock = (struct stock){.data = buffer->data, .size = size, .id = id};
    append(watch, &buffer->stock);
}

static void put_socket(struct uring_watch *watch, int fd)
{
    struct stock *stock = memory_alloc_zeroed(sizeof *stock);
    if (!stock) {
        close(fd);
        return;
    }
    stock->size = fd;
    append(watch, stock);
}

static int64_t take_socket(struct uring_watch *watch, const struct driver_op *op)
{
    struct stock *stock = take_first(watch);
    int fd = (int)stock->size;
    memory_free(stock);
    if (op->u.address.data)
        getpeername(fd, op->u.address.data, op->u.address.size);
    return fd;
}

static int64_t take_lent(struct uring *uring, struct uring_watch *watch, struct driver_op *op)
{
    struct stock *stock = take_first(watch);
    op->u.lent.data = stock->data;
    op->u.lent.id = stock->id + 1;
    uring->driver.lent++;
    return stock->size;
}

static size_t copy(struct uring *uring, struct uring_watch *watch, char *to, size_t room)
{
    size_t copied = 0;
    while (copied < room && watch->stock) {
        struct stock *stock = watch->stock;
        size_t size = room - copied < (size_t)stock->size ? room - copied : (size_t)stock->size;
        memcpy(to + copied, stock->data, size);
        copied += size;
        stock->data += size;
        stock->size -= (int64_t)size;
        if (stock->size == 0)
            drop(uring, watch, false);
    }
    return copied;
}

static size_t peek(const struct uring_watch *watch, char *to, size_t room)
{
    size_t copied = 0;
    for (const struct stock *stock = watch->stock; stock && copied < room; stock = stock->next) {
        size_t size = room - copied < (size_t)stock->size ? room - copied : (size_t)stock->size;
        memcpy(to + copied, stock->data, size);
        copied += size;
    }
    return copied;
}

static int64_t fill_message(struct uring *uring, struct uring_watch *watch, struct msghdr *message)
{
    size_t copied = 0;
    for (size_t i = 0; i < message->msg_iovlen && watch->stock; i++)
        copied += copy(uring, watch, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
    message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = 0;
    return (int64_t)copied;
}

bool uring_has_stock(const struct uring_watch *watch)
{
    return watch->stock || watch->over;
}

int64_t uring_take_stock(struct uring *uring, struct uring_watch *watch, struct driver_op *op)
{
    if (!watch->stock) {
        watch->over = false;
        return watch->error;
    }
    switch (op->kind) {
    case DRIVER_ACCEPT: return take_socket(watch, op);
    case DRIVER_RECV_LENT: return take_lent(uring, watch, op);
    case DRIVER_RECVMSG: return fill_message(uring, watch, op->u.message.data);
    case DRIVER_RECV:
        if ((op->u.buffer.flags & MSG_PEEK) != 0)
            return (int64_t)peek(watch, op->u.buffer.data, op->u.buffer.size);
        break;
    default: break;
    }
    return (int64_t)copy(uring, watch, op->u.buffer.data, op->u.buffer.size);
}

/* ==== the request ==== */

bool uring_is_many(struct uring *uring, const struct uring_watch *watch, const struct driver_op *op)
{
    if (!watch->adopted || watch->one_by_one)
        return false;
    if (op->kind == DRIVER_ACCEPT)
        return !op->u.address.data;
    return op->kind == DRIVER_RECV_LENT && !op->u.lent.single && !watch->starved &&
           ring_buffers_ready(&uring->buffers, &uring->ring);
}

static uint64_t key_of(const struct uring_watch *watch, int fd)
{
    return (uint64_t)watch->generation << 32 | (uint64_t)(unsigned)fd << 3 |
           (watch->accepts ? RING_ACCEPTED : RING_RECEIVED);
}

bool uring_begin_many(struct uring *uring, struct uring_watch *watch, const struct driver_op *op)
{
    struct io_uring_sqe *sqe = ring_request(&uring->ring);
    if (!sqe)
        return false;
    watch->accepts = op->kind == DRIVER_ACCEPT;
    if (watch->accepts) {
        io_uring_prep_multishot_accept(sqe, op->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } else {
        io_uring_prep_recv_multishot(sqe, op->fd, NULL, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
        sqe->buf_group = 0;
    }
    int fault = driver_fault();
    if (fault < 0)
        ring_spoil(sqe, NULL, fault);
    sqe->user_data = key_of(watch, op->fd);
    watch->many = MANY_STANDS;
    uring->many++;
    return true;
}

bool uring_stop_many(struct uring *uring, struct uring_watch *watch, int fd)
{
    if (watch->many != MANY_STANDS)
        return true;
    if (!uring_send_cancel(uring, key_of(watch, fd)))
        return false;
    watch->many = MANY_ENDS;
    return true;
}

void uring_drop_stock(struct uring *uring, struct uring_watch *watch)
{
    EDDY_ASSERT(watch->many != MANY_STANDS, "the multishot of a descriptor that is forgotten was not stopped");
    while (watch->stock)
        drop(uring, watch, watch->accepts);
    watch->many = MANY_NONE;
    watch->over = watch->one_by_one = watch->starved = false;
    watch->zero_copy = ZERO_COPY_NOT_TRIED;
}

/* ==== the results of the request ==== */

/* The descriptor was closed meanwhile: the buffer is recycled, or the accepted socket is closed. */
static void discard(struct uring *uring, const struct ring_completion *completion)
{
    if ((completion->flags & IORING_CQE_F_BUFFER) != 0)
        ring_buffers_put(&uring->buffers, completion->flags >> IORING_CQE_BUFFER_SHIFT);
    else if ((completion->data & RING_TAGS) == RING_ACCEPTED && completion->result >= 0)
        close(completion->result);
}

static void end_with(struct uring_watch *watch, int32_t error)
{
    /* An error of a listening socket does not concern operations that accept later. */
    if (watch->accepts && list_is_empty(&watch->readers))
        return;
    watch->over = true;
    watch->error = error;
}

static void keep(struct uring *uring, struct uring_watch *watch, int fd, const struct ring_completion *completion)
{
    int32_t result = completion->result;
    if (result > 0 && !watch->accepts) {
        put_bytes(uring, watch, completion->flags >> IORING_CQE_BUFFER_SHIFT, result);
        bool more = (completion->flags & IORING_CQE_F_MORE) != 0;
        watch->heard |= more;
        if (more && !watch->suspect)
            uring_suspect(uring, watch, fd);
        return;
    }
    discard(uring, &(struct ring_completion){.flags = completion->flags, .result = -1});
    if (result >= 0 && watch->accepts)
        put_socket(watch, result);
    else if (result == -ENOBUFS && !watch->accepts)
        watch->starved = !ring_buffers_grow(&uring->buffers);
    else if (result == -EINVAL || result == -EOPNOTSUPP)
        watch->one_by_one = true; /* an older kernel, or not a socket: a single request will tell which */
    else if (result != -ECANCELED && result != -EAGAIN && result != -EINTR)
        end_with(watch, result);
}

/* A poll in the kernel does not see data that has been received already. */
static void tell_pollers(struct uring *uring, const struct uring_watch *watch)
{
    LIST_EACH(struct driver_op, op, &watch->pollers, link)
        if ((op->u.poll.events & POLLIN) != 0)
            uring_send_cancel(uring, (uintptr_t)op);
}

void uring_many_completed(struct uring *uring, const struct ring_completion *completion)
{
    int fd = (int)((uint32_t)completion->data >> 3);
    struct uring_watch *watch = uring_find(uring, fd);
    bool ended = (completion->flags & IORING_CQE_F_MORE) == 0;
    EDDY_INVARIANT(watch && uring->many > 0);
    uring->many -= ended;
    if (watch->generation != (uint32_t)(completion->data >> 32)) {
        discard(uring, completion);
        return;
    }
    if (ended)
        watch->many = MANY_NONE;
    keep(uring, watch, fd, completion);
    struct driver_op *op;
    while ((op = first_op(&watch->readers)) && op->state == URING_WAITING && uring_has_stock(watch))
        uring_finish_op(uring, op, uring_take_stock(uring, watch, op));
    if (ended && !list_is_empty(&watch->readers))
        uring_unsettle(uring, fd);
    if (watch->stock)
        tell_pollers(uring, watch);
    if (watch->stocked >= (watch->accepts ? MOST_SOCKETS : MOST_BYTES))
        uring_stop_many(uring, watch, fd); /* no room: the next one tries again */
}

#endif
