/* SPDX-License-Identifier: MIT */
/* driver_lend.c - the pieces of memory that an operation refers to. */

#include "os/driver.h"
#include "os/hibernate.h"

typedef void act(struct driver_op *op, const void *memory);

static void of_message(struct driver_op *op, act *each, const struct msghdr *message)
{
    each(op, message);
    each(op, message->msg_name);
    each(op, message->msg_control);
    each(op, message->msg_iov);
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++)
        each(op, message->msg_iov[i].iov_base);
}

static void of_file(struct driver_op *op, act *each, const struct driver_file *file)
{
    each(op, file->path);
    each(op, file->other);
    each(op, file->data);
}

static void for_each_piece(struct driver_op *op, act *each)
{
    if (driver_kind_is_of_files(op->kind)) {
        of_file(op, each, op->u.file);
        return;
    }
    switch (op->kind) {
    case DRIVER_ACCEPT:
        each(op, op->u.address.size); /* fall through */
    case DRIVER_CONNECT:
        each(op, op->u.address.data);
        break;
    case DRIVER_RECVMSG:
    case DRIVER_SENDMSG:
        of_message(op, each, op->u.message.data);
        break;
    case DRIVER_POLL:
    case DRIVER_RECV_LENT:
        break;
    default:
        each(op, op->u.buffer.data);
    }
}

static void lend(struct driver_op *op, const void *memory)
{
    if (memory != NULL && hibernate_lend(memory))
        op->lends = true;
}

static void take_back(struct driver_op *op, const void *memory)
{
    (void)op;
    if (memory != NULL)
        hibernate_take_back(memory);
}

void driver_lend(struct driver_op *op)
{
    for_each_piece(op, lend);
}

void driver_take_back(struct driver_op *op)
{
    for_each_piece(op, take_back);
    op->lends = false;
}
