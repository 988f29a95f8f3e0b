/* SPDX-License-Identifier: MIT */
/*
 * callback_operation.c - operations without a task: a function is called when one completes.
 *
 * Invariant: from its start until its completion an operation is in its loop's list, and in exactly one other place:
 * with the driver, in the ready queue, in the heap of timers, or in its own `complete`, if that is called several
 * times.  Its function is called in a pass, never by a call that starts or cancels it.
 */
#include "core/callback_operation.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "core/context_var.h"
#include "core/current.h"
#include "core/loop.h"
#include "core/sched.h"
#include "core/wrong_loop.h"
#include "eddy/operation.h"
#include "os/clock.h"
#include "os/net.h"

/* The library's part of a struct eddy_operation. */
struct callback_operation {
    struct driver_op op;
    struct ready ready;            /* queued: the operation has a result */
    struct timer pause;            /* set: the operation is tried again at that time */
    struct list_link link;         /* its place in loop->callback_operations */
    struct eddy_loop *loop;        /* its loop; NULL: it is not in flight */
    struct context_value *context; /* the context variables of the code that started it */
    /* Called in the pass of its result. True: it goes on. NULL: not called, it does not go on. */
    bool (*goes_on)(struct callback_operation *self);
    void *(*buffer)(struct eddy_operation *op, size_t *size); /* eddy_operation_recv_into, eddy_operation_read_into */
    uint8_t receives;              /* of these two: the kind of operation that fills the memory */
    bool with_driver;              /* submitted to the driver, and not completed */
    bool cancelled;                /* eddy_operation_cancel was called */
    bool lends;                    /* op.u.lent must be given back */
    bool waited_for_another;       /* a connect found another one in flight */
};

_Static_assert(sizeof(struct callback_operation) <= sizeof ((struct eddy_operation *)0)->ed_, "it has room");

static struct callback_operation *own_part(struct eddy_operation *op)
{
    return (struct callback_operation *)(void *)op->ed_;
}

static struct eddy_operation *operation_of(struct callback_operation *self)
{
    return container_of((uint64_t(*)[24])(void *)self, struct eddy_operation, ed_);
}

/* ==== from the driver to the pass ==== */

static void has_result(struct callback_operation *self, int64_t result)
{
    self->op.result = result;
    sched_add(&self->loop->ready, &self->ready);
}

static void completed(struct driver_op *op)
{
    struct callback_operation *self = container_of(op, struct callback_operation, op);
    self->with_driver = false;
    has_result(self, op->result);
}

/* False: it has its result at once. */
static bool submit(struct callback_operation *self)
{
    self->with_driver = !driver_submit(self->loop->driver, &self->op);
    return self->with_driver;
}

/* ==== in the pass ==== */

/* Runs with the context variables of the code that started it. */
static void call(struct callback_operation *self, int64_t result)
{
    struct eddy_operation *op = operation_of(self);
    struct context_value *before = context_enter(context_ref(self->context));
    op->result = result;
    op->complete(op); /* may free it, if it is not in flight any more */
    context_unref(context_enter(before));
}

static void finish(struct callback_operation *self)
{
    struct context_value *context = self->context;
    self->lends = self->op.kind == DRIVER_RECV_LENT && self->op.result > 0;
    operation_of(self)->data = self->lends ? self->op.u.lent.data : NULL;
    list_remove(&self->loop->callback_operations, &self->link);
    self->loop = NULL;
    call(self, self->op.result);
    context_unref(context);
}

static struct task *take_turn(struct ready *ready)
{
    struct callback_operation *self = container_of(ready, struct callback_operation, ready);
    if (!self->goes_on || !self->goes_on(self))
        finish(self);
    return NULL;
}

/* ==== operations of several steps ==== */

/* There are bytes to receive. */
static bool ask_for_memory(struct callback_operation *self)
{
    struct eddy_operation *op = operation_of(self);
    size_t size = 0;
    if (self->cancelled)
        self->op.result = -ECANCELED;
    if (self->op.result < 0)
        return false;
    void *data = self->buffer(op, &size);
    if (!data || size == 0) {
        self->op.result = -ENOBUFS;
        return false;
    }
    self->op.kind = self->receives;
    self->op.u.buffer.data = data;
    self->op.u.buffer.size = size;
    self->op.u.buffer.flags = 0;
    self->goes_on = NULL;
    return submit(self);
}

static void end_polls(struct callback_operation *self)
{
    if (self->op.kind == DRIVER_POLL && self->op.u.poll.watches)
        driver_end_polls(self->loop->driver, self->op.fd);
}

/* The descriptor is ready: this is reported, and the descriptor is watched on. */
static bool tell_and_poll_again(struct callback_operation *self)
{
    if (!self->cancelled && self->op.result >= 0)
        call(self, self->op.result);
    else if (self->op.result >= 0)
        self->op.result = -ECANCELED;
    if (self->op.result < 0)
        return false;
    self->op.u.poll.again = true;
    if (self->cancelled)
        has_result(self, -ECANCELED);
    else if (!submit(self))
        has_result(self, self->op.result);
    return true;
}

#define CONNECT_PAUSE (CLOCK_SECOND / 500) /* there is no event for room in a full queue */

static void pause_is_over(struct timer *timer)
{
    struct callback_operation *self = container_of(timer, struct callback_operation, pause);
    if (!submit(self))
        has_result(self, self->op.result);
}

/* Another connect on the socket is in flight, perhaps a cancelled one: its outcome is also the outcome of this one,
 * whichever asks the kernel first. */
static bool waits_for_another(struct callback_operation *self)
{
    if (self->op.result == -EISCONN && self->waited_for_another)
        self->op.result = 0;
    self->waited_for_another |= self->op.result == -EALREADY;
    return self->op.result == -EALREADY;
}

static bool connect_again(struct callback_operation *self)
{
    if (!waits_for_another(self) &&
        !net_queue_is_full(self->op.u.address.data, self->op.u.address.length, self->op.result))
        return false;
    if (self->cancelled)
        self->op.result = -ECANCELED;
    else if (timer_set(&self->loop->timers, &self->pause, driver_now(self->loop->driver) + CONNECT_PAUSE,
                       pause_is_over))
        return true;
    return false;
}

/* ==== starting ==== */

int callback_operations_refusal(const struct eddy_loop *loop)
{
    if (!loop || driver_is_foreign(loop->driver))
        return EDDY_NO_LOOP;
    return loop->no_callback_operations ? ECANCELED : loop->broken;
}

/* Returns 0, or the code for why this thread cannot start it. */
static int refusal(const struct eddy_loop *loop, const struct eddy_operation *op, const struct callback_operation *self)
{
    int error = callback_operations_refusal(loop);
    if (!loop)
        wrong_loop_say("an operation was not started, for no loop runs on this thread: start it on the loop's, by "
                       "eddy_call_soon_threadsafe(loop, function, argument)");
    if (error == EDDY_NO_LOOP)
        return error;
    if (!op->complete)
        return EINVAL;
    if (self->loop || self->lends)
        return EDDY_INVALID_STATE;
    return error;
}

static int start(struct eddy_operation *op, struct driver_op what, bool (*goes_on)(struct callback_operation *self))
{
    struct eddy_loop *loop = current.loop;
    struct callback_operation *self = own_part(op);
    int error = refusal(loop, op, self);
    if (error)
        return error;
    *self = (struct callback_operation){.op = what, .loop = loop, .goes_on = goes_on, .context = context_current(),
                                .ready = {.begin = take_turn, .on_loop = true}};
    self->op.complete = completed;
    op->data = NULL;
    list_add_last(&loop->callback_operations, &self->link);
    if (!submit(self))
        has_result(self, self->op.result);
    return 0;
}

static int start_with_bytes(struct eddy_operation *op, unsigned kind, int fd, const void *data, size_t size, int flags)
{
    void *bytes = (void *)(uintptr_t)data; /* the bytes to send are only read */
    if (flags & MSG_WAITALL)
        return EINVAL; /* only some drivers have it */
    return start(op, (struct driver_op){.kind = (uint8_t)kind, .fd = fd, .u.buffer = {bytes, size, flags}}, NULL);
}

static int start_with_message(struct eddy_operation *op, unsigned kind, int fd, const struct msghdr *message, int flags)
{
    struct msghdr *parts = (struct msghdr *)(uintptr_t)message; /* the bytes to send are only read */
    if (flags & MSG_WAITALL)
        return EINVAL;
    return start(op, (struct driver_op){.kind = (uint8_t)kind, .fd = fd, .u.message = {parts, flags}}, NULL);
}

int eddy_operation_recv(struct eddy_operation *op, int fd, void *buffer, size_t size, int flags)
{
    return start_with_bytes(op, DRIVER_RECV, fd, buffer, size, flags);
}

int eddy_operation_send(struct eddy_operation *op, int fd, const void *data, size_t size, int flags)
{
    return start_with_bytes(op, DRIVER_SEND, fd, data, size, flags);
}

int eddy_operation_read(struct eddy_operation *op, int fd, void *buffer, size_t size)
{
    return start_with_bytes(op, DRIVER_READ, fd, buffer, size, 0);
}

int eddy_operation_write(struct eddy_operation *op, int fd, const void *data, size_t size)
{
    return start_with_bytes(op, DRIVER_WRITE, fd, data, size, 0);
}

int eddy_operation_recvmsg(struct eddy_operation *op, int fd, struct msghdr *message, int flags)
{
    return start_with_message(op, DRIVER_RECVMSG, fd, message, flags);
}

/* A ring that waits by itself would send an empty datagram to a Unix socket whose queue was full: see socket_calls.c.
 * The flag tells it not to, and the driver then waits. */
int eddy_operation_sendmsg(struct eddy_operation *op, int fd, const struct msghdr *message, int flags)
{
    return start_with_message(op, DRIVER_SENDMSG, fd, message, flags | MSG_DONTWAIT);
}

int eddy_operation_recv_lent(struct eddy_operation *op, int fd)
{
    return start(op, (struct driver_op){.kind = DRIVER_RECV_LENT, .fd = fd}, NULL);
}

static int start_when_readable(struct eddy_operation *op, unsigned kind, int fd,
                               void *(*buffer)(struct eddy_operation *op, size_t *size))
{
    if (!buffer)
        return EINVAL;
    int error = start(op, (struct driver_op){.kind = DRIVER_POLL, .fd = fd, .u.poll.events = POLLIN}, ask_for_memory);
    if (!error) {
        own_part(op)->buffer = buffer;
        own_part(op)->receives = (uint8_t)kind;
    }
    return error;
}

int eddy_operation_recv_into(struct eddy_operation *op, int fd,
                             void *(*buffer)(struct eddy_operation *op, size_t *size))
{
    return start_when_readable(op, DRIVER_RECV, fd, buffer);
}

int eddy_operation_read_into(struct eddy_operation *op, int fd,
                             void *(*buffer)(struct eddy_operation *op, size_t *size))
{
    return start_when_readable(op, DRIVER_READ, fd, buffer);
}

int eddy_operation_accept(struct eddy_operation *op, int fd)
{
    return start(op, (struct driver_op){.kind = DRIVER_ACCEPT, .fd = fd}, NULL);
}

int eddy_operation_connect(struct eddy_operation *op, int fd, const struct sockaddr *address, unsigned length)
{
    struct sockaddr *to = (struct sockaddr *)(uintptr_t)address; /* only read */
    return start(op, (struct driver_op){.kind = DRIVER_CONNECT, .fd = fd, .u.address = {.data = to, .length = length}},
                 connect_again);
}

int eddy_operation_poll(struct eddy_operation *op, int fd, int events)
{
    return start(op, (struct driver_op){.kind = DRIVER_POLL, .fd = fd, .u.poll.events = (unsigned)events}, NULL);
}

int eddy_operation_poll_always(struct eddy_operation *op, int fd, int events)
{
    struct driver_op what = {.kind = DRIVER_POLL, .fd = fd, .u.poll = {(unsigned)events, .watches = true}};
    return start(op, what, tell_and_poll_again);
}

/* ==== ending ==== */

static void ask_to_end(struct callback_operation *self)
{
    if (self->cancelled)
        return;
    self->cancelled = true;
    if (self->with_driver) {
        driver_cancel(self->loop->driver, &self->op);
    } else if (timer_is_set(&self->pause)) {
        timer_cancel(&self->loop->timers, &self->pause);
        has_result(self, -ECANCELED);
    }
    end_polls(self); /* also in its own call, which may close the descriptor next */
}

bool eddy_operation_cancel(struct eddy_operation *op)
{
    struct callback_operation *self = own_part(op);
    if (!self->loop || !loop_check_ours(self->loop, "eddy_operation_cancel", "operation"))
        return false;
    ask_to_end(self);
    return true;
}

void eddy_operation_give_back(struct eddy_operation *op)
{
    struct callback_operation *self = own_part(op);
    if (!self->lends || !current.loop)
        return;
    self->lends = false;
    op->data = NULL;
    driver_give_back(current.loop->driver, self->op.u.lent.data, self->op.u.lent.id);
}

static bool none_is_left(void *argument)
{
    const struct eddy_loop *loop = argument;
    return list_is_empty(&loop->callback_operations) && list_is_empty(&loop->enders);
}

static void ask_all_to_end(struct eddy_loop *loop)
{
    for (struct list_link *link = loop->enders.first, *next; link; link = next) {
        struct loop_closer *ender = container_of(link, struct loop_closer, link);
        next = link->next;
        ender->close(ender);
    }
    LIST_EACH(struct callback_operation, self, &loop->callback_operations, link)
        ask_to_end(self);
}

/* Operations of a driver that has failed never complete on their own. */
void callback_operations_end(struct eddy_loop *loop)
{
    loop->no_callback_operations = true;
    ask_all_to_end(loop);
    if (loop_run_until(loop, none_is_left, loop))
        return;
    for (struct list_link *first; (first = loop->callback_operations.first);) {
        struct callback_operation *self = container_of(first, struct callback_operation, link);
        self->op.result = -loop->broken;
        finish(self);
    }
    loop_run_until(loop, none_is_left, loop);
}
