/* SPDX-License-Identifier: MIT */
/* transport.c - the operations of transports as awaitables: see transport.h. */
#define EDDY_LIBRARY
#include "io/transport.h"

#include <errno.h>

#include "core/impl.h"

int64_t transport_after_failure(struct eddy_failure **failure, int64_t result)
{
    if (!failure_is_cancellation(*failure) || (*failure)->own)
        return result;
    failure_unref(*failure);
    *failure = NULL;
    return result <= 0 ? -ECANCELED : result; /* a send may have taken some bytes */
}

/* The method, unless the transport was stopped. */
static void run(struct eddy_awaitable *a, void (*method)(struct transport_op *))
{
    struct transport_op *op = (struct transport_op *)(void *)a;
    struct eddy_failure *request = task_must_look(current.task) ? task_checkpoint(current.task, true) : NULL;
    if (request || op->transport->stopped) {
        a->awaitable.failure = request;
        op->result = -ECANCELED;
        return;
    }
    if (method)
        method(op);
    else
        op->result = -EOPNOTSUPP;
    if (op->result == -EOPNOTSUPP)
        task_note_at_once(current.task);
    if (__builtin_expect(a->awaitable.failure != NULL, 0))
        op->result = transport_after_failure(&a->awaitable.failure, op->result);
}

#define OPERATION(method)                                                                                              \
    static void run_##method(struct eddy_awaitable *a)                                                                 \
    {                                                                                                                  \
        run(a, ((struct transport_op *)(void *)a)->transport->type->method);                                           \
    }                                                                                                                  \
    static const struct eddy_awaitable_type method##_type = {                                                          \
        .name = #method, .run = run_##method, .kind = EDDY_COROUTINE, .size = sizeof(struct transport_op)};

OPERATION(receive)
OPERATION(receive_into)
OPERATION(send)
OPERATION(send_file)
OPERATION(send_message)
OPERATION(receive_message)
OPERATION(send_end)
OPERATION(finish)

struct transport_op transport_receive(struct transport *t, struct chunk *chunk)
{
    return (struct transport_op){ED_HEADER(receive_type), .transport = t, .u.chunk = chunk};
}

struct transport_op transport_receive_into(struct transport *t, void *data, size_t size)
{
    return (struct transport_op){ED_HEADER(receive_into_type), .transport = t, .u.room = {data, size}};
}

struct transport_op transport_send(struct transport *t, const struct iovec *parts, int count)
{
    return (struct transport_op){ED_HEADER(send_type), .transport = t, .u.bytes = {parts, count}};
}

struct transport_op transport_send_file(struct transport *t, int fd, int64_t offset, size_t size)
{
    return (struct transport_op){ED_HEADER(send_file_type), .transport = t, .u.file = {fd, offset, size}};
}

struct transport_op transport_send_message(struct transport *t, struct msghdr *message)
{
    return (struct transport_op){ED_HEADER(send_message_type), .transport = t, .u.message = message};
}

struct transport_op transport_receive_message(struct transport *t, struct msghdr *message)
{
    return (struct transport_op){ED_HEADER(receive_message_type), .transport = t, .u.message = message};
}

struct transport_op transport_send_end(struct transport *t)
{
    return (struct transport_op){ED_HEADER(send_end_type), .transport = t};
}

struct transport_op transport_finish(struct transport *t)
{
    return (struct transport_op){ED_HEADER(finish_type), .transport = t};
}

void transport_stop(struct transport *t, bool stopped)
{
    for (; t; t = t->below)
        t->stopped = stopped;
}

void transport_reset(struct transport *t)
{
    for (; t; t = t->below)
        t->reset = true;
}

void transport_close(struct transport *t)
{
    t->type->close(t);
}
