/* SPDX-License-Identifier: MIT */
/*
 * stream.c - see stream.h: what the transport does with a stream, and the methods of its classes.
 *
 * Invariant: all that is known of a stream stands in its Python attributes, so that asyncio's own methods may go on at
 * any point.
 */
#include "stream.h"

#include "reading.h"

/* ==== attributes ==== */

bool stream_has(PyObject *object, PyObject *name, PyObject *wanted)
{
    PyObject *value = PyObject_GetAttr(object, name);
    if (!value)
        PyErr_Clear();
    Py_XDECREF(value);
    return value == wanted;
}

/* SIZE_MAX if it is no number that C knows. */
size_t stream_limit(const struct state *state, PyObject *reader)
{
    PyObject *value = PyObject_GetAttr(reader, state->names._limit);
    Py_ssize_t limit = value && PyLong_Check(value) ? PyLong_AsSsize_t(value) : -1;
    PyErr_Clear();
    Py_XDECREF(value);
    return limit < 0 ? SIZE_MAX : (size_t)limit;
}

/* ==== the transport's side ==== */

static bool has_class(PyObject *object, PyTypeObject *own, PyObject *asyncios)
{
    return Py_TYPE(object) == own || (PyObject *)Py_TYPE(object) == asyncios;
}

static int set_class(const struct state *state, PyObject *object, PyTypeObject *own)
{
    if (Py_TYPE(object) == own)
        return 0;
    return PyObject_SetAttr(object, state->names.__class__, (PyObject *)own);
}

static int bind_reader(Transport *t, const struct state *state, PyObject *reader)
{
    const struct stream_classes *classes = &state->streams;
    if (!has_class(reader, classes->reader, classes->asyncio_reader))
        return 0;
    if (set_class(state, reader, classes->reader) < 0 || set_class(state, t->protocol, classes->protocol) < 0)
        return -1;
    t->stream_reader = PyWeakref_NewRef(reader, NULL);
    return t->stream_reader ? 0 : -1;
}

int stream_bind(Transport *t)
{
    const struct state *state = transport_state(t);
    const struct stream_classes *classes = &state->streams;
    Py_CLEAR(t->stream_reader);
    if (!classes->reader || t->core->debug || !has_class(t->protocol, classes->protocol, classes->asyncio_protocol))
        return 0;
    PyObject *reader = PyObject_GetAttr(t->protocol, state->names._stream_reader);
    int error = reader ? bind_reader(t, state, reader) : -1;
    Py_XDECREF(reader);
    return error;
}

int stream_made(Transport *t)
{
    const struct state *state = transport_state(t);
    if (!t->stream_reader || !t->protocol)
        return 0;
    PyObject *writer = PyObject_GetAttr(t->protocol, state->names._stream_writer);
    int error = 0;
    if (writer && (PyObject *)Py_TYPE(writer) == state->streams.asyncio_writer)
        error = set_class(state, writer, state->streams.writer);
    if (!writer)
        PyErr_Clear();
    Py_XDECREF(writer);
    return error;
}

/* As _wakeup_waiter. */
static int wake_waiter(const struct state *state, PyObject *reader)
{
    PyObject *waiter = PyObject_GetAttr(reader, state->names._waiter), *cancelled = NULL, *set = NULL;
    if (waiter == Py_None)
        return Py_DECREF(waiter), 0;
    if (waiter && PyObject_SetAttr(reader, state->names._waiter, Py_None) == 0)
        cancelled = PyObject_CallMethodNoArgs(waiter, state->names.cancelled);
    if (cancelled == Py_False)
        set = PyObject_CallMethodOneArg(waiter, state->names.set_result, Py_None);
    int error = cancelled && (set || cancelled != Py_False) ? 0 : -1;
    Py_XDECREF(set);
    Py_XDECREF(cancelled);
    Py_XDECREF(waiter);
    return error;
}

/* The reader has more than twice its limit. */
static int pause_transport(Transport *t, const struct state *state, PyObject *reader)
{
    if (!stream_has(reader, state->names._transport, (PyObject *)t) ||
        !stream_has(reader, state->names._paused, Py_False))
        return 0;
    transport_pause_reading(t);
    return PyObject_SetAttr(reader, state->names._paused, Py_True);
}

static int append(Transport *t, const struct state *state, PyObject *reader, PyObject *buffer, const char *data,
                  size_t size)
{
    Py_ssize_t before = PyByteArray_GET_SIZE(buffer);
    size_t after = (size_t)before + size;
    if (PyByteArray_Resize(buffer, (Py_ssize_t)after) < 0)
        return -1;
    memcpy(PyByteArray_AS_STRING(buffer) + before, data, size);
    if (wake_waiter(state, reader) < 0)
        return -1;
    return after / 2 > stream_limit(state, reader) ? pause_transport(t, state, reader) : 0;
}

/* A new reference; None: it is gone. */
static PyObject *reader_of(const Transport *t)
{
#if PY_VERSION_HEX >= 0x030d0000
    PyObject *reader;
    return PyWeakref_GetRef(t->stream_reader, &reader) > 0 ? reader : Py_NewRef(Py_None);
#else
    return Py_NewRef(PyWeakref_GET_OBJECT(t->stream_reader));
#endif
}

int stream_feed(Transport *t, const char *data, size_t size)
{
    const struct state *state = transport_state(t);
    PyObject *reader = reader_of(t);
    int result = 0;
    if (Py_TYPE(reader) == state->streams.reader && stream_has(reader, state->names._eof, Py_False)) {
        PyObject *buffer = PyObject_GetAttr(reader, state->names._buffer);
        if (buffer && PyByteArray_CheckExact(buffer))
            result = append(t, state, reader, buffer, data, size) < 0 ? -1 : 1;
        Py_XDECREF(buffer);
    }
    Py_DECREF(reader);
    return PyErr_Occurred() ? -1 : result;
}

/* ==== methods ==== */

static PyObject *by_asyncio(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names)
{
    return PyObject_Vectorcall(((struct stream_method *)callable)->asyncios, args, flags, names);
}

static bool is_plain(size_t flags, PyObject *names, Py_ssize_t count)
{
    return PyVectorcall_NARGS(flags) == count && (!names || PyTuple_GET_SIZE(names) == 0);
}

/* Of the reader, with a number above zero. */
static PyObject *read_number(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names,
                             enum reading_kind kind)
{
    struct stream_method *method = (struct stream_method *)callable;
    Py_ssize_t n = is_plain(flags, names, 2) && PyLong_CheckExact(args[1]) ? PyLong_AsSsize_t(args[1]) : 0;
    if (n > 0)
        return reading_new(method->state, kind, args[0], n, callable);
    PyErr_Clear();
    return by_asyncio(callable, args, flags, names);
}

static PyObject *read_some(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names)
{
    return read_number(callable, args, flags, names, READING_SOME);
}

static PyObject *read_exactly(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names)
{
    return read_number(callable, args, flags, names, READING_EXACTLY);
}

static PyObject *read_line(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names)
{
    if (!is_plain(flags, names, 1))
        return by_asyncio(callable, args, flags, names);
    return reading_new(((struct stream_method *)callable)->state, READING_LINE, args[0], 0, callable);
}

/* Of the protocol: nothing is in the way of writing. */
static bool may_write(const struct state *state, PyObject *protocol)
{
    return stream_has(protocol, state->names._paused, Py_False) &&
           stream_has(protocol, state->names._connection_lost, Py_False);
}

static PyObject *drain_helper(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names)
{
    struct state *state = ((struct stream_method *)callable)->state;
    if (is_plain(flags, names, 1) && may_write(state, args[0]))
        return reading_new(state, READING_NOTHING, NULL, 0, NULL);
    return by_asyncio(callable, args, flags, names);
}

static bool has_failed(const struct state *state, PyObject *writer)
{
    PyObject *reader = PyObject_GetAttr(writer, state->names._reader);
    bool failed = !reader || (reader != Py_None && !stream_has(reader, state->names._exception, Py_None));
    PyErr_Clear();
    Py_XDECREF(reader);
    return failed;
}

static bool is_open(const struct state *state, PyObject *writer)
{
    PyObject *transport = PyObject_GetAttr(writer, state->names._transport);
    bool open = transport && Py_TYPE(transport) == state->transport_type && !((Transport *)transport)->closing;
    PyErr_Clear();
    Py_XDECREF(transport);
    return open;
}

static bool has_room(const struct state *state, PyObject *writer)
{
    PyObject *protocol = PyObject_GetAttr(writer, state->names._protocol);
    bool room = protocol && Py_TYPE(protocol) == state->streams.protocol && may_write(state, protocol);
    PyErr_Clear();
    Py_XDECREF(protocol);
    return room;
}

static PyObject *drain(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names)
{
    struct state *state = ((struct stream_method *)callable)->state;
    if (is_plain(flags, names, 1) && !has_failed(state, args[0]) && is_open(state, args[0]) && has_room(state, args[0]))
        return reading_new(state, READING_NOTHING, NULL, 0, NULL);
    return by_asyncio(callable, args, flags, names);
}

/* ==== the type of these methods ==== */

static int traverse(struct stream_method *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->asyncios);
    return 0;
}

/* It has no tp_clear, since it may be called to the end: a circle through it contains the dictionary of its class. */
static void deallocate(struct stream_method *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->asyncios);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *bind_method(PyObject *self, PyObject *object, PyObject *type)
{
    (void)type;
    return object && object != Py_None ? PyMethod_New(self, object) : Py_NewRef(self);
}

static const struct {
    const char *name;
    vectorcallfunc call;
} known[] = {{"read", read_some},
             {"readexactly", read_exactly},
             {"readline", read_line},
             {"_drain_helper", drain_helper},
             {"drain", drain}};

static vectorcallfunc find(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].call;
    PyErr_Format(PyExc_ValueError, "no method of a stream is called %s here", name);
    return NULL;
}

/* StreamMethod(name, method of asyncio's class) */
static PyObject *method_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    const char *name;
    PyObject *asyncios;
    (void)named;
    if (!PyArg_ParseTuple(args, "sO", &name, &asyncios))
        return NULL;
    vectorcallfunc call = find(name);
    struct stream_method *self = call ? (struct stream_method *)type->tp_alloc(type, 0) : NULL;
    if (!self)
        return NULL;
    self->call = call;
    self->state = state_of_type(type);
    self->asyncios = Py_NewRef(asyncios);
    return (PyObject *)self;
}

static PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(struct stream_method, call), READONLY, NULL},
    {"__wrapped__", T_OBJECT, offsetof(struct stream_method, asyncios), READONLY, NULL},
    {0}};
static PyType_Slot slots[] = {{Py_tp_new, method_new},
                              {Py_tp_dealloc, deallocate},
                              {Py_tp_traverse, traverse},
                              {Py_tp_call, PyVectorcall_Call},
                              {Py_tp_descr_get, bind_method},
                              {Py_tp_members, members},
                              {0, NULL}};
static PyType_Spec spec = {.name = "eddyloop._core.StreamMethod",
                           .basicsize = sizeof(struct stream_method),
                           .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                                    Py_TPFLAGS_METHOD_DESCRIPTOR,
                           .slots = slots};

int stream_types_ready(PyObject *module, struct state *state)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    int error = type ? PyModule_AddType(module, (PyTypeObject *)type) : -1;
    Py_XDECREF(type);
    return error < 0 ? -1 : reading_type_ready(module, state);
}
