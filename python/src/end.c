/* SPDX-License-Identifier: MIT */
/* end.c - the end of a transport: it stops receiving, sends what was written, and then tells connection_lost. */
#include "sockets.h"
#include "transport.h"

#include <unistd.h>

static int call_finish(Transport *t)
{
    PyObject *method = PyObject_GetAttr((PyObject *)t, t->core->state->names._eddy_finish);
    int error = method ? core_call_soon(t->core, method) : -1;
    Py_XDECREF(method);
    return error;
}

void transport_settle(Transport *t)
{
    if (!t->closing || t->finishing || !t->core || (!t->lost && !send_is_over(t)))
        return;
    t->finishing = true;
    if (!t->lost)
        t->lost = 1;
    if (call_finish(t) < 0)
        PyErr_WriteUnraisable((PyObject *)t);
}

void transport_close(Transport *t)
{
    if (t->closing || !t->core)
        return;
    t->closing = true;
    receive_stop(t);
    if (send_is_over(t))
        t->lost++;
    transport_settle(t);
}

void transport_force_close(Transport *t, PyObject *exception)
{
    if (t->lost || !t->core)
        return;
    t->lost++;
    if (exception && exception != Py_None)
        Py_XSETREF(t->lost_with, Py_NewRef(exception));
    if (operation_is_idle(&t->send))
        send_drop_all(t);
    else
        operation_cancel(&t->send);
    if (!t->closing) {
        t->closing = true;
        receive_stop(t);
    }
    transport_settle(t);
}

/* ==== the descriptor ==== */

static void take_back_from_engine(Transport *t)
{
    if (!t->adopted || !t->core || !core_is_usable(t->core))
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (core_enter(t->core) == 0) {
        eddy_release(t->fd);
        core_leave(t->core);
    }
    PyErr_Restore(type, value, traceback);
}

/* One that was given is closed by Python's own object for it; our own one, too, if somebody has asked for that. */
void transport_release(Transport *t)
{
    PyObject *sock = Py_XNewRef(t->sock);
    if (sock && t->fd >= 0) {
        take_back_from_engine(t);
        t->fd = -1;
        PyObject *closed = PyObject_CallMethodNoArgs(sock, transport_state(t)->names.close);
        if (!closed)
            PyErr_WriteUnraisable((PyObject *)t);
        Py_XDECREF(closed);
    }
    Py_XDECREF(sock);
    transport_abandon(t);
}

void transport_abandon(Transport *t)
{
    if (t->fd < 0)
        return;
    take_back_from_engine(t);
    if (t->owns_fd && !t->sock)
        close(t->fd);
    t->fd = -1;
}

/* ==== connection_lost ==== */

/* Whoever waits until all is sent waits in vain. */
static void fail_empty_waiter(Transport *t)
{
    if (!t->empty_waiter)
        return;
    PyObject *done = PyObject_CallMethodNoArgs(t->empty_waiter, transport_state(t)->names.done);
    if (done == Py_False) {
        PyObject *lost = PyObject_CallFunction(PyExc_ConnectionError, "s", "Connection is closed by peer");
        PyObject *set =
            lost ? PyObject_CallMethodOneArg(t->empty_waiter, transport_state(t)->names.set_exception, lost) : NULL;
        Py_XDECREF(lost);
        Py_XDECREF(set);
    }
    Py_XDECREF(done);
    if (PyErr_Occurred())
        PyErr_WriteUnraisable((PyObject *)t);
}

/* A task that sends a file by it finds the socket closed; the kernel's poll would not tell that. */
static void end_sending(Transport *t)
{
    if (t->empty_waiter && socket_end_sending(t->core, t->fd) < 0)
        PyErr_WriteUnraisable((PyObject *)t);
}

static void detach_from_server(Transport *t)
{
    if (!t->server || t->server == Py_None)
        return;
    PyObject *done =
        PyObject_CallFunctionObjArgs(transport_state(t)->helpers.attach, t->server, (PyObject *)t, Py_False, NULL);
    if (!done)
        PyErr_WriteUnraisable((PyObject *)t);
    Py_XDECREF(done);
}

static void forget_all(Transport *t)
{
    Py_CLEAR(t->server);
    Py_CLEAR(t->stream_reader);
    Py_CLEAR(t->protocol);
    Py_CLEAR(t->sock);
    Py_CLEAR(t->core);
}

/* A call of its own, after close. */
PyObject *transport_finish(Transport *t, PyObject *none)
{
    (void)none;
    if (!t->core)
        Py_RETURN_NONE;
    operation_end_now(&t->receive);
    operation_end_now(&t->send);
    PyObject *type, *value, *traceback;
    int error = t->protocol && t->started ? protocol_lost(t) : 0;
    PyErr_Fetch(&type, &value, &traceback);
    end_sending(t);
    transport_release(t);
    fail_empty_waiter(t);
    detach_from_server(t);
    forget_all(t);
    PyErr_Restore(type, value, traceback);
    if (error < 0)
        return NULL;
    Py_RETURN_NONE;
}
