/* SPDX-License-Identifier: MIT */
/*
 * receive.c - the receiving half of a transport: a lent buffer for each receive, so that waiting holds no memory; after
 * a full one a large buffer of the loop's.
 */
#include "transport.h"

#include <errno.h>
#include <poll.h>

static bool wants(const Transport *t)
{
    return t->core && t->started && !t->closing && !t->paused && !t->over;
}

/* ==== starting ==== */

/* Inside of a step: there are bytes. */
static void *take_bulk(struct eddy_operation *op, size_t *size)
{
    Transport *t = op->argument;
    Core *core = t->receive.core;
    *size = BULK_SIZE;
    t->bulk = core->bulk;
    if (!t->bulk)
        return t->bulk = PyMem_RawMalloc(BULK_SIZE);
    memcpy(&core->bulk, t->bulk, sizeof core->bulk);
    core->bulk_count--;
    return t->bulk;
}

static void give_bulk(Transport *t)
{
    Core *core = t->receive.core;
    if (core->bulk_count == MOST_BULK) {
        PyMem_RawFree(t->bulk);
    } else {
        memcpy(t->bulk, &core->bulk, sizeof core->bulk);
        core->bulk = t->bulk;
        core->bulk_count++;
    }
    t->bulk = NULL;
}

void bulk_free(Core *core)
{
    while (core->bulk) {
        char *next;
        memcpy(&next, core->bulk, sizeof next);
        PyMem_RawFree(core->bulk);
        core->bulk = next;
    }
    core->bulk_count = 0;
}

/*
 * Epoll tells that there is something, and the receive is made when its turn has come: so the bytes of one connection
 * are still in the processor's cache when its protocol gets them.  A ring may have bytes in stock, which come first.
 */
static int start(struct operation *op)
{
    Transport *t = (Transport *)op->owner;
    t->polls = t->much && !t->core->is_ring;
    if (t->polls)
        return eddy_operation_poll(&op->op, t->fd, POLLIN);
    if (t->much)
        return eddy_operation_recv_into(&op->op, t->fd, take_bulk);
    return eddy_operation_recv_lent(&op->op, t->fd);
}

void receive_begin_if_wanted(Transport *t)
{
    if (wants(t) && !t->held && !t->end_is_held && operation_is_idle(&t->receive))
        operation_begin(&t->receive);
}

/* ==== what came ==== */

static int take(Transport *t, PyObject *bytes)
{
    if (!bytes || (wants(t) && !t->buffered))
        return protocol_take_bytes(t, bytes);
    if (!wants(t)) {
        t->held = bytes;
        return 0;
    }
    int error = protocol_take_memory(t, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
    Py_DECREF(bytes);
    return error;
}

static int take_lent(Transport *t, const char *data, size_t size)
{
    t->much = size >= LENT_SIZE;
    if (t->buffered && wants(t))
        return protocol_take_memory(t, data, size);
    return take(t, PyBytes_FromStringAndSize(data, (Py_ssize_t)size));
}

/* Of a large buffer. */
static int take_bulk_result(Transport *t, const char *data, size_t size)
{
    t->much = size >= LENT_SIZE;
    return take(t, PyBytes_FromStringAndSize(data, (Py_ssize_t)size));
}

static int take_end(Transport *t)
{
    t->end_is_held = t->paused;
    return t->paused ? 0 : protocol_take_end(t);
}

static int take_result(Transport *t, int64_t result)
{
    if (!t->core || t->closing || t->over || result == -ECANCELED)
        return 0;
    if (result > 0 && t->bulk)
        return take_bulk_result(t, t->bulk, (size_t)result);
    if (result > 0)
        return take_lent(t, t->receive.op.data, (size_t)result);
    if (result == 0)
        return take_end(t);
    raise_code((int)-result);
    return transport_fail(t, "Fatal read error on socket transport");
}

/* The receive that a poll was for. -ECANCELED: nothing is to be received now. */
static int64_t receive_now(Transport *t)
{
    size_t size;
    if (!wants(t))
        return -ECANCELED;
    if (!take_bulk(&t->receive.op, &size))
        return -ENOMEM;
    ssize_t n = recv(t->fd, t->bulk, size, MSG_DONTWAIT);
    if (n >= 0)
        return n;
    t->much = false;
    return errno == EAGAIN || errno == EINTR ? -ECANCELED : -errno;
}

static int done(struct operation *op)
{
    Transport *t = (Transport *)op->owner;
    bool lent = op->op.data != NULL;
    int64_t result = op->op.result;
    if (t->polls && result >= 0)
        result = receive_now(t);
    int error = take_result(t, result);
    if (lent)
        eddy_operation_give_back(&op->op);
    if (t->bulk)
        give_bulk(t);
    receive_begin_if_wanted(t);
    transport_settle(t);
    return error;
}

void receive_setup(Transport *t)
{
    t->receive.core = t->core;
    t->receive.owner = (PyObject *)t;
    t->receive.start = start;
    t->receive.done = done;
    t->receive.op.argument = t;
}

/* ==== pausing ==== */

void receive_stop(Transport *t)
{
    operation_cancel(&t->receive);
    Py_CLEAR(t->held);
    t->end_is_held = false;
}

static int give_held(Transport *t)
{
    PyObject *bytes = t->held;
    t->held = NULL;
    if (bytes)
        return take(t, bytes);
    t->end_is_held = false;
    return protocol_take_end(t);
}

/* In a pass after resume_reading. */
PyObject *transport_give_held(Transport *t, PyObject *none)
{
    (void)none;
    if ((t->held || t->end_is_held) && wants(t) && give_held(t) < 0)
        return NULL;
    receive_begin_if_wanted(t);
    transport_settle(t);
    Py_RETURN_NONE;
}

PyObject *transport_resume_reading(Transport *t, PyObject *none)
{
    (void)none;
    if (t->closing || !t->paused || !t->core)
        Py_RETURN_NONE;
    t->paused = false;
    if (!t->held && !t->end_is_held) {
        receive_begin_if_wanted(t);
        Py_RETURN_NONE;
    }
    PyObject *method = PyObject_GetAttr((PyObject *)t, t->core->state->names._eddy_resumed);
    int error = method ? core_call_soon(t->core, method) : -1;
    Py_XDECREF(method);
    if (error < 0)
        return NULL;
    Py_RETURN_NONE;
}
