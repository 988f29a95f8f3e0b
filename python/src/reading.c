/* SPDX-License-Identifier: MIT */
/*
 * reading.c - see reading.h.
 *
 * Invariant: `inner` is the iterator of the reader's _waiter, or, if `delegated`, asyncio's own coroutine, which does
 * the rest.
 */
#include "reading.h"

#include "awaited.h"
struct reading {
    PyObject_HEAD struct state *state;
    PyObject *reader, *method;
    PyObject *inner; /* NULL: it waits for nothing */
    Py_ssize_t n;    /* bytes that are wanted; of a line: bytes that have no end of a line */
    enum reading_kind kind;
    bool begun, delegated;
    bool over; /* it has ended, and does not begin anew */
};

PyObject *reading_new(struct state *state, enum reading_kind kind, PyObject *reader, Py_ssize_t n, PyObject *method)
{
    struct reading *self = PyObject_GC_New(struct reading, state->reading_type);
    if (!self)
        return NULL;
    self->state = state;
    self->reader = Py_XNewRef(reader);
    self->method = Py_XNewRef(method);
    self->inner = NULL;
    self->n = n;
    self->kind = kind;
    self->begun = self->delegated = self->over = false;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

/* ==== what is rare ==== */

static PySendResult step_inner(struct reading *self, PyObject *argument, PyObject **result);

/* asyncio's own coroutine begins anew: no byte was taken. */
static PySendResult delegate(struct reading *self, PyObject **result)
{
    PyObject *arguments[2] = {self->reader, NULL}, *asyncios = ((struct stream_method *)self->method)->asyncios;
    size_t count = self->kind == READING_LINE ? 1 : 2;
    if (count == 2 && !(arguments[1] = PyLong_FromSsize_t(self->n)))
        return PYGEN_ERROR;
    self->inner = PyObject_Vectorcall(asyncios, arguments, count, NULL);
    self->delegated = true;
    Py_XDECREF(arguments[1]);
    return self->inner ? step_inner(self, Py_None, result) : PYGEN_ERROR;
}

/* ==== waiting ==== */

static int resume(const struct state *state, PyObject *reader)
{
    PyObject *transport = NULL, *done = NULL;
    if (PyObject_SetAttr(reader, state->names._paused, Py_False) == 0)
        transport = PyObject_GetAttr(reader, state->names._transport);
    if (transport)
        done = PyObject_CallMethodNoArgs(transport, state->names.resume_reading);
    Py_XDECREF(transport);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static PyObject *make_waiter(const struct state *state, PyObject *reader)
{
    PyObject *loop = PyObject_GetAttr(reader, state->names._loop);
    PyObject *waiter = loop ? PyObject_CallMethodNoArgs(loop, state->names.create_future) : NULL;
    Py_XDECREF(loop);
    if (waiter && PyObject_SetAttr(reader, state->names._waiter, waiter) < 0)
        Py_CLEAR(waiter);
    return waiter;
}

/* As _wait_for_data. */
static PySendResult begin_waiting(struct reading *self, PyObject **result)
{
    const struct state *state = self->state;
    if (!stream_has(self->reader, state->names._waiter, Py_None))
        return delegate(self, result); /* another one waits: asyncio says so */
    if (stream_has(self->reader, state->names._paused, Py_True) && resume(state, self->reader) < 0)
        return PYGEN_ERROR;
    PyObject *waiter = make_waiter(state, self->reader);
    if (!waiter)
        return PYGEN_ERROR;
    PyAsyncMethods *async = Py_TYPE(waiter)->tp_as_async;
    self->inner = async && async->am_await ? async->am_await(waiter) : NULL;
    Py_DECREF(waiter);
    if (!self->inner) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "a future of this loop cannot be awaited");
        return PYGEN_ERROR;
    }
    return step_inner(self, Py_None, result);
}

/* Keeps the pending exception. */
static void end_waiting(struct reading *self)
{
    PyObject *type, *value, *traceback;
    bool waits = self->inner && !self->delegated;
    Py_CLEAR(self->inner);
    if (!waits)
        return;
    PyErr_Fetch(&type, &value, &traceback);
    if (PyObject_SetAttr(self->reader, self->state->names._waiter, Py_None) < 0)
        PyErr_WriteUnraisable(self->reader);
    PyErr_Restore(type, value, traceback);
}

/* ==== bytes ==== */

static PySendResult take(struct reading *self, PyObject *buffer, Py_ssize_t n, PyObject **result)
{
    const struct state *state = self->state;
    PyObject *bytes = PyBytes_FromStringAndSize(PyByteArray_AsString(buffer), n), *done = NULL;
    if (!bytes || PySequence_DelSlice(buffer, 0, n) < 0) {
        Py_XDECREF(bytes);
        return PYGEN_ERROR;
    }
    if (stream_has(self->reader, state->names._paused, Py_True)) {
        done = PyObject_CallMethodNoArgs(self->reader, state->names._maybe_resume_transport);
        if (!done) {
            Py_DECREF(bytes);
            return PYGEN_ERROR;
        }
        Py_DECREF(done);
    }
    *result = bytes;
    return PYGEN_RETURN;
}

static bool is_at_end(struct reading *self)
{
    return !stream_has(self->reader, self->state->names._eof, Py_False);
}

static PySendResult try_some(struct reading *self, PyObject *buffer, PyObject **result)
{
    Py_ssize_t size = PyByteArray_GET_SIZE(buffer);
    if (size == 0 && !is_at_end(self))
        return begin_waiting(self, result);
    return take(self, buffer, size < self->n ? size : self->n, result);
}

static PySendResult try_exactly(struct reading *self, PyObject *buffer, PyObject **result)
{
    if (PyByteArray_GET_SIZE(buffer) >= self->n)
        return take(self, buffer, self->n, result);
    return is_at_end(self) ? delegate(self, result) : begin_waiting(self, result);
}

static PySendResult try_line(struct reading *self, PyObject *buffer, PyObject **result)
{
    const char *bytes = PyByteArray_AsString(buffer);
    Py_ssize_t size = PyByteArray_GET_SIZE(buffer);
    size_t limit = stream_limit(self->state, self->reader);
    const char *end = size > self->n ? memchr(bytes + self->n, '\n', (size_t)(size - self->n)) : NULL;
    if (end && (size_t)(end - bytes) <= limit)
        return take(self, buffer, end - bytes + 1, result);
    if (end || (size_t)size > limit || is_at_end(self))
        return delegate(self, result);
    self->n = size;
    return begin_waiting(self, result);
}

static PySendResult try_kind(struct reading *self, PyObject *buffer, PyObject **result)
{
    switch (self->kind) {
    case READING_SOME: return try_some(self, buffer, result);
    case READING_EXACTLY: return try_exactly(self, buffer, result);
    default: return try_line(self, buffer, result);
    }
}

static PySendResult try_again(struct reading *self, PyObject **result)
{
    const struct state *state = self->state;
    if (self->kind == READING_NOTHING) {
        *result = Py_NewRef(Py_None);
        return PYGEN_RETURN;
    }
    if (!self->begun && !stream_has(self->reader, state->names._exception, Py_None))
        return delegate(self, result);
    self->begun = true;
    PyObject *buffer = PyObject_GetAttr(self->reader, state->names._buffer);
    if (!buffer)
        return PYGEN_ERROR;
    PySendResult done = PyByteArray_CheckExact(buffer) ? try_kind(self, buffer, result) : delegate(self, result);
    Py_DECREF(buffer);
    return done;
}

/* ==== as a coroutine ==== */

static PySendResult step_inner(struct reading *self, PyObject *argument, PyObject **result)
{
    PyObject *inner = Py_NewRef(self->inner); /* what runs there may close this object */
    PySendResult done = PyIter_Send(inner, argument, result);
    Py_DECREF(inner);
    if (done == PYGEN_NEXT)
        return done;
    bool over = self->delegated || done == PYGEN_ERROR;
    end_waiting(self);
    if (over)
        return done;
    Py_CLEAR(*result);
    return try_again(self, result);
}

static PySendResult am_send(PyObject *object, PyObject *argument, PyObject **result)
{
    struct reading *self = (struct reading *)object;
    *result = NULL;
    if (self->over) {
        PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
        return PYGEN_ERROR;
    }
    PySendResult done = self->inner ? step_inner(self, argument, result) : try_again(self, result);
    self->over = done != PYGEN_NEXT;
    return done;
}

static PyObject *send_method(PyObject *self, PyObject *argument)
{
    return awaited_send(self, argument, am_send);
}

static PyObject *next_value(PyObject *self)
{
    return send_method(self, Py_None);
}

static PyObject *throw_method(struct reading *self, PyObject *const *args, Py_ssize_t count)
{
    if (!awaited_may_throw(count))
        return NULL;
    PyObject *result = awaited_throw(self->inner, self->state->names.throw, args, count);
    self->over = !result;
    if (!result)
        end_waiting(self);
    return result;
}

static PyObject *close_method(struct reading *self, PyObject *none)
{
    (void)none;
    PyObject *inner = Py_XNewRef(self->inner);
    self->over = true;
    PyObject *done = inner && self->delegated ? PyObject_CallMethodNoArgs(inner, self->state->names.close)
                                              : Py_NewRef(Py_None);
    end_waiting(self);
    Py_XDECREF(inner);
    return done;
}

static PyObject *itself(PyObject *self)
{
    return Py_NewRef(self);
}

/* ==== its life ==== */

static int traverse(struct reading *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->reader);
    Py_VISIT(self->method);
    Py_VISIT(self->inner);
    return 0;
}

static int clear(struct reading *self)
{
    self->over = true;
    Py_CLEAR(self->inner);
    Py_CLEAR(self->reader);
    Py_CLEAR(self->method);
    return 0;
}

static void finalize(PyObject *object)
{
    PyObject *type, *value, *traceback;
    if (!((struct reading *)object)->inner)
        return;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *done = close_method((struct reading *)object, NULL);
    if (!done)
        PyErr_WriteUnraisable(object);
    Py_XDECREF(done);
    PyErr_Restore(type, value, traceback);
}

static void deallocate(struct reading *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (self->inner && PyObject_CallFinalizerFromDealloc((PyObject *)self) < 0)
        return;
    PyObject_GC_UnTrack(self);
    clear(self);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* For the repr of a task that runs it. */
static PyObject *get_name(struct reading *self, void *closure)
{
    static const char *const names[] = {"StreamReader.read", "StreamReader.readexactly", "StreamReader.readline",
                                        "StreamWriter.drain"};
    (void)closure;
    return PyUnicode_FromString(names[self->kind]);
}

static PyMethodDef methods[] = {METHOD_ONE("send", send_method), METHOD_FAST("throw", throw_method),
                                METHOD_NONE("close", close_method), {0}};
static PyGetSetDef getset[] = {{"__qualname__", (getter)get_name, NULL, NULL, NULL},
                               {"__name__", (getter)get_name, NULL, NULL, NULL},
                               {0}};
static PyType_Slot slots[] = {{Py_tp_dealloc, deallocate}, {Py_tp_finalize, finalize}, {Py_tp_traverse, traverse},
                              {Py_tp_clear, clear},        {Py_tp_iter, itself},       {Py_tp_iternext, next_value},
                              {Py_am_await, itself},       {Py_am_send, am_send},      {Py_tp_methods, methods},
                              {Py_tp_getset, getset},      {0, NULL}};
static PyType_Spec spec = {.name = "eddyloop._core.Reading",
                           .basicsize = sizeof(struct reading),
                           .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                           .slots = slots};

int reading_type_ready(PyObject *module, struct state *state)
{
    state->reading_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return state->reading_type ? PyModule_AddType(module, state->reading_type) : -1;
}
