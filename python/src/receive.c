/* SPDX-License-Identifier: MIT */
/*
 * receive.c - the receiving half of a transport: a lent buffer for each receive, so that waiting holds no memory; after
 * a full one a large buffer of the loop's: see bulk.c.
 */
#include "transport.h"

#include <errno.h>

static bool wants(const Transport *t)
{
    return t->core && !t->core->closed && t->started && !t->closing && !t->paused && !t->over;
}

/* ==== starting ==== */

/* Inside of a step: there are bytes. */
static void *take_bulk(struct eddy_operation *op, size_t *size)
{
    Transport *t = op->argument;
    t->bulk = bulk_take(t->receive.core, t->bulk_kind);
    if (!t->bulk) {
        PyErr_Clear(); /* the operation says it: -ENOBUFS */
        return NULL;
    }
    *size = (size_t)PyBytes_GET_SIZE(t->bulk);
    return PyBytes_AS_STRING(t->bulk);
}

static void end_waiting(Transport *t)
{
    if (t->bulk_waits)
        t->receive.core->bulk_waiting--;
    t->bulk_waits = false;
}

static void give_bulk(Transport *t, unsigned kind)
{
    PyObject *bulk = t->bulk;
    t->bulk = NULL;
    bulk_give(t->receive.core, kind, bulk);
}

/* A few may hold their buffer while they wait, which saves a call of the kernel; -ENOMEM: there is none. */
static int start_with_buffer(struct operation *op, Transport *t)
{
    size_t size;
    void *memory = take_bulk(&op->op, &size);
    if (!memory)
        return ENOMEM;
    t->bulk_waits = true;
    t->core->bulk_waiting++;
    return eddy_operation_recv(&op->op, t->fd, memory, size, 0);
}

static int start(struct operation *op)
{
    Transport *t = (Transport *)op->owner;
    if (!t->much)
        return eddy_operation_recv_lent(&op->op, t->fd);
    if (t->core->bulk_waiting < MOST_WAITING)
        return start_with_buffer(op, t);
    return eddy_operation_recv_into(&op->op, t->fd, take_bulk);
}

void receive_begin_if_wanted(Transport *t)
{
    if (wants(t) && !t->held && !t->end_is_held && !t->taking && operation_is_idle(&t->receive))
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
    if ((t->buffered || t->stream_reader) && wants(t))
        return protocol_take_memory(t, data, size);
    return take(t, PyBytes_FromStringAndSize(data, (Py_ssize_t)size));
}

/* Of a large buffer. */
static int take_bulk_result(Transport *t, size_t size)
{
    unsigned kind = t->bulk_kind;
    t->much = size >= LENT_SIZE;
    bulk_choose_kind(t, size);
    int error = t->stream_reader && wants(t) ? protocol_take_memory(t, PyBytes_AS_STRING(t->bulk), size)
                                             : take(t, bulk_bytes(kind, t->bulk, size));
    give_bulk(t, kind);
    return error;
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
        return take_bulk_result(t, (size_t)result);
    if (result > 0)
        return take_lent(t, t->receive.op.data, (size_t)result);
    if (result == 0)
        return take_end(t);
    raise_code((int)-result);
    return transport_fail(t, "Fatal read error on socket transport");
}

static int done(struct operation *op)
{
    Transport *t = (Transport *)op->owner;
    bool lent = op->op.data != NULL;
    end_waiting(t);
    t->taking = true; /* a protocol may pause and resume in its call, while the buffer is still this receive's */
    int error = take_result(t, op->op.result);
    if (lent)
        eddy_operation_give_back(&op->op);
    if (t->bulk)
        give_bulk(t, t->bulk_kind);
    t->taking = false;
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
