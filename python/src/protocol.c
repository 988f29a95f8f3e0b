/* SPDX-License-Identifier: MIT */
/* protocol.c - calls of a transport's protocol, in the transport's context. */
#include "stream.h"
#include "tls.h"

/* ==== errors ==== */

static int report_exception(Transport *t, PyObject *exception, const char *what)
{
    PyObject *text = PyUnicode_FromString(what), *core = t->core ? (PyObject *)t->core : Py_None;
    PyObject *protocol = t->protocol ? t->protocol : Py_None, *result = NULL;
    if (text)
        result = PyObject_CallFunctionObjArgs(transport_state(t)->helpers.fatal, core, (PyObject *)t, protocol,
                                              exception, text, NULL);
    Py_XDECREF(text);
    Py_XDECREF(result);
    if (result)
        return 0;
    if (exception_ends_run())
        return -1;
    PyErr_WriteUnraisable((PyObject *)t);
    return 0;
}

int transport_report(Transport *t, const char *what)
{
    if (exception_ends_run())
        return -1;
    PyObject *exception = take_exception();
    int error = report_exception(t, exception, what);
    Py_XDECREF(exception);
    return error;
}

int transport_fail(Transport *t, const char *what)
{
    if (exception_ends_run())
        return -1;
    PyObject *exception = take_exception();
    int error = report_exception(t, exception, what);
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    transport_force_close(t, exception);
    PyErr_Restore(type, value, traceback);
    Py_XDECREF(exception);
    return error;
}

/* ==== calls ==== */

PyObject *protocol_call(Transport *t, PyObject *name)
{
    if (PyContext_Enter(t->context) < 0)
        return NULL;
    PyObject *result = PyObject_CallMethodNoArgs(t->protocol, name);
    PyContext_Exit(t->context);
    return result;
}

/* The method is looked up at each call, as asyncio does: a protocol may have set another one. */
static PyObject *call_with(Transport *t, PyObject *name, PyObject *argument)
{
    if (PyContext_Enter(t->context) < 0)
        return NULL;
    PyObject *protocol = Py_NewRef(t->protocol); /* the call may set another protocol */
    PyObject *result = PyObject_CallMethodOneArg(protocol, name, argument);
    Py_DECREF(protocol);
    PyContext_Exit(t->context);
    return result;
}

int protocol_bind(Transport *t, PyObject *protocol)
{
    const struct state *state = transport_state(t);
    int buffered = PyObject_IsInstance(protocol, state->helpers.buffered_protocol);
    if (buffered < 0)
        return -1;
    if (!buffered) /* who looks like one is one */
        buffered = PyObject_HasAttr(protocol, state->names.get_buffer) &&
                   !PyObject_HasAttr(protocol, state->names.data_received);
    Py_XSETREF(t->protocol, Py_NewRef(protocol));
    t->buffered = buffered;
    t->is_tls = state->tls_type && PyObject_TypeCheck(protocol, state->tls_type);
    return t->core ? stream_bind(t) : 0;
}

/* ==== bytes ==== */

int protocol_take_bytes(Transport *t, PyObject *bytes)
{
    PyObject *result = bytes ? call_with(t, transport_state(t)->names.data_received, bytes) : NULL;
    Py_XDECREF(bytes);
    Py_XDECREF(result);
    return result ? 0 : transport_fail(t, "Fatal error: protocol.data_received() call failed.");
}

/* Copies what fits into the protocol's own buffer. Bytes; 0: an exception is set. */
static size_t fill_buffer(Transport *t, const char *data, size_t size)
{
    Py_buffer view;
    PyObject *buffer = call_with(t, transport_state(t)->names.get_buffer, transport_state(t)->minus_one);
    if (!buffer || PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE) < 0) {
        Py_XDECREF(buffer);
        return 0;
    }
    size_t n = (size_t)view.len < size ? (size_t)view.len : size;
    memcpy(view.buf, data, n);
    PyBuffer_Release(&view);
    Py_DECREF(buffer);
    if (n == 0)
        PyErr_SetString(PyExc_RuntimeError, "get_buffer() returned an empty buffer");
    return n;
}

static bool tell_filled(Transport *t, size_t size)
{
    PyObject *count = PyLong_FromSize_t(size);
    PyObject *result = count ? call_with(t, transport_state(t)->names.buffer_updated, count) : NULL;
    Py_XDECREF(count);
    Py_XDECREF(result);
    return result != NULL;
}

static int take_ciphertext(Transport *t, const char *data, size_t size)
{
    if (PyContext_Enter(t->context) < 0)
        return -1;
    PyObject *protocol = Py_NewRef(t->protocol);
    int error = tls_feed(protocol, data, size);
    Py_DECREF(protocol);
    PyContext_Exit(t->context);
    return error < 0 ? transport_fail(t, "Fatal error: protocol.buffer_updated() call failed.") : 0;
}

int protocol_take_memory(Transport *t, const char *data, size_t size)
{
    if (t->is_tls)
        return take_ciphertext(t, data, size);
    int fed = t->stream_reader ? stream_feed(t, data, size) : 0;
    if (fed)
        return fed < 0 ? transport_fail(t, "Fatal error: protocol.data_received() call failed.") : 0;
    while (size > 0 && t->buffered && !t->lost) {
        size_t n = fill_buffer(t, data, size);
        if (n == 0)
            return transport_fail(t, "Fatal error: protocol.get_buffer() call failed.");
        if (!tell_filled(t, n))
            return transport_fail(t, "Fatal error: protocol.buffer_updated() call failed.");
        data += n;
        size -= n;
    }
    if (size == 0 || t->buffered)
        return 0;
    return protocol_take_bytes(t, PyBytes_FromStringAndSize(data, (Py_ssize_t)size));
}

int protocol_take_end(Transport *t)
{
    t->over = true;
    PyObject *keep = protocol_call(t, transport_state(t)->names.eof_received);
    if (!keep)
        return transport_fail(t, "Fatal error: protocol.eof_received() call failed.");
    int keeps = PyObject_IsTrue(keep);
    Py_DECREF(keep);
    if (keeps < 0)
        return transport_fail(t, "Fatal error: protocol.eof_received() call failed.");
    if (!keeps)
        transport_close(t);
    return 0;
}

/* ==== pausing, the end ==== */

int protocol_pause(Transport *t)
{
    if (t->queued <= t->high || t->protocol_paused || !t->protocol)
        return 0;
    t->protocol_paused = true;
    PyObject *result =
        PyObject_CallMethodNoArgs(t->protocol, transport_state(t)->names.pause_writing); /* the writer's context */
    Py_XDECREF(result);
    return result ? 0 : transport_report(t, "protocol.pause_writing() failed");
}

int protocol_resume(Transport *t)
{
    if (!t->protocol_paused || t->queued > t->low)
        return 0;
    t->protocol_paused = false;
    PyObject *result = protocol_call(t, transport_state(t)->names.resume_writing);
    Py_XDECREF(result);
    return result ? 0 : transport_report(t, "protocol.resume_writing() failed");
}

/* -1: any exception is set. */
int protocol_lost(Transport *t)
{
    PyObject *exception = t->lost_with ? t->lost_with : Py_None;
    PyObject *result = call_with(t, transport_state(t)->names.connection_lost, exception);
    Py_XDECREF(result);
    return result ? 0 : -1;
}
