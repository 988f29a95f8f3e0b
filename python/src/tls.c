/* SPDX-License-Identifier: MIT */
/*
 * tls.c - Tls, from which eddyloop/tls.py derives the protocol of a connection with TLS: receives and sends messages.
 *
 * The rest is asyncio's SSLProtocol: the handshake, the end, flow control, errors. The objects that encrypt are those
 * of CPython's ssl module, so there is no other OpenSSL in the process. Received bytes go from where the kernel has
 * put them directly into the incoming MemoryBIO.
 *
 * Invariant: what is done here leaves asyncio's attributes as its own code would.
 */
#include "tls.h"

enum { MOST_OF_RECORD = 16384 + 512 }; /* a record's plaintext, which is shorter than its ciphertext, fits in */

typedef struct tls {
    PyObject_HEAD struct state *state;
    PyObject *incoming, *outgoing; /* MemoryBIO */
    PyObject *ssl;                 /* the _SSLSocket of the SSLObject; NULL: asyncio's code does everything */
    PyObject *receiver;            /* the program's protocol; NULL: it has a buffer, or has ended */
    Transport *below;              /* NULL: it is not connected, or by another kind of transport */
    bool is_wrapped;               /* the handshake is done, and the end has not begun */
    bool has_usual_limits;
} Tls;

/* What a read brought. */
enum got { GOT_BYTES, GOT_NOTHING, GOT_END, GOT_ERROR };

/* ==== attributes of asyncio's ==== */

/* If there is no such attribute, too: asyncio's code finds that out. */
static bool is_true(Tls *self, PyObject *name)
{
    PyObject *value = PyObject_GetAttr((PyObject *)self, name);
    bool result = value != Py_False;
    if (!value)
        PyErr_Clear();
    Py_XDECREF(value);
    return result;
}

/* -1: an exception is set. */
static Py_ssize_t pending(const Tls *self, PyObject *bio)
{
    PyObject *value = PyObject_GetAttr(bio, self->state->names.pending);
    Py_ssize_t size = value ? PyLong_AsSsize_t(value) : -1;
    Py_XDECREF(value);
    return size;
}

static bool has_backlog(Tls *self)
{
    PyObject *backlog = PyObject_GetAttr((PyObject *)self, self->state->names._write_backlog);
    bool result = !backlog || PyObject_Size(backlog) != 0;
    PyErr_Clear();
    Py_XDECREF(backlog);
    return result;
}

/* The pending exception says that more must be received first: it is cleared. */
static bool has_to_wait(const Tls *self)
{
    if (!PyErr_ExceptionMatches(self->state->helpers.ssl_again))
        return false;
    PyErr_Clear();
    return true;
}

/* As SSLProtocol does: it ends the connection. -1: an exception is set. */
static int fail(Tls *self)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return -1;
    PyObject *exception = take_exception();
    PyObject *done = PyObject_CallMethodOneArg((PyObject *)self, self->state->names._eddy_failed, exception);
    Py_XDECREF(exception);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static int call(Tls *self, PyObject *name)
{
    PyObject *done = PyObject_CallMethodNoArgs((PyObject *)self, name);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* ==== receiving ==== */

static int put(Tls *self, const char *data, size_t size)
{
    PyObject *view = PyMemoryView_FromMemory((char *)(uintptr_t)data, (Py_ssize_t)size, PyBUF_READ);
    PyObject *done = view ? PyObject_CallMethodOneArg(self->incoming, self->state->names.write, view) : NULL;
    Py_XDECREF(view);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* One record, or a part of `most` bytes: then *is_filled, and more of it may be there. *bytes: a new reference. */
static enum got read_record(Tls *self, Py_ssize_t most, PyObject **bytes, bool *is_filled)
{
    PyObject *size = PyLong_FromSsize_t(most);
    *bytes = size ? PyObject_CallMethodOneArg(self->ssl, self->state->names.read, size) : NULL;
    Py_XDECREF(size);
    if (!*bytes)
        return has_to_wait(self) ? GOT_NOTHING : GOT_ERROR;
    *is_filled = PyBytes_GET_SIZE(*bytes) == most;
    if (PyBytes_GET_SIZE(*bytes) > 0)
        return GOT_BYTES;
    Py_CLEAR(*bytes);
    return GOT_END;
}

/* *all: what has come, or NULL. A read that would find nothing is not tried: its exception takes longer than a
 * record. The start of a record may have come earlier: then its plaintext is longer than what is pending now. */
static enum got read_all(Tls *self, PyObject **all)
{
    Py_ssize_t size = pending(self, self->incoming);
    enum got got = size < 0 ? GOT_ERROR : GOT_NOTHING;
    bool is_filled = false;
    *all = NULL;
    while (size > 0 || (size == 0 && is_filled)) {
        PyObject *bytes;
        got = read_record(self, size > 0 && size < MOST_OF_RECORD ? size : MOST_OF_RECORD, &bytes, &is_filled);
        if (got != GOT_BYTES)
            return got;
        if (*all)
            PyBytes_ConcatAndDel(all, bytes);
        else
            *all = bytes;
        size = *all ? pending(self, self->incoming) : -1;
    }
    return size < 0 ? GOT_ERROR : got;
}

/* The method is looked up at each call, as asyncio does: a protocol may have set another one. */
static int deliver(Tls *self, PyObject *bytes)
{
    PyObject *receiver = Py_NewRef(self->receiver);
    PyObject *done = PyObject_CallMethodOneArg(receiver, self->state->names.data_received, bytes);
    Py_DECREF(receiver);
    Py_DECREF(bytes);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* Something is to be sent, or asked for. */
static bool has_more_to_do(Tls *self)
{
    bool has_ciphertext = pending(self, self->outgoing) != 0;
    PyErr_Clear();
    return has_ciphertext || has_backlog(self) || is_true(self, self->state->names._app_writing_paused);
}

static int receive(Tls *self)
{
    PyObject *bytes;
    enum got got = read_all(self, &bytes);
    if (got == GOT_ERROR) {
        Py_XDECREF(bytes);
        return fail(self);
    }
    if (bytes && deliver(self, bytes) < 0)
        return fail(self);
    if (got == GOT_END)
        return call(self, self->state->names._eddy_ended);
    return has_more_to_do(self) ? call(self, self->state->names._eddy_settle) : 0;
}

static bool may_receive(Tls *self)
{
    const struct state *state = self->state;
    return self->is_wrapped && self->ssl && self->receiver && self->has_usual_limits &&
           !is_true(self, state->names._app_reading_paused) && !is_true(self, state->names._ssl_reading_paused);
}

/* asyncio's buffer_updated, of no bytes, does what its state wants. */
static int receive_by_asyncio(Tls *self)
{
    PyObject *none = PyLong_FromLong(0);
    PyObject *done = none ? PyObject_CallMethodOneArg((PyObject *)self, self->state->names.buffer_updated, none) : NULL;
    Py_XDECREF(none);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

int tls_feed(PyObject *tls, const char *data, size_t size)
{
    Tls *self = (Tls *)tls;
    if (!self->incoming) {
        PyErr_SetString(PyExc_RuntimeError, "_eddy_setup() of this protocol was not called");
        return -1;
    }
    if (put(self, data, size) < 0)
        return -1;
    return may_receive(self) ? receive(self) : receive_by_asyncio(self);
}

/* ==== sending ==== */

static PyObject *write_by_asyncio(Tls *self, PyObject *data)
{
    return PyObject_CallMethodOneArg((PyObject *)self, self->state->names._eddy_write_slowly, data);
}

static bool may_write(Tls *self, PyObject *data)
{
    const struct state *state = self->state;
    return self->is_wrapped && self->below && self->has_usual_limits && self->ssl && PyBytes_CheckExact(data) &&
           PyBytes_GET_SIZE(data) > 0 && !has_backlog(self) && !is_true(self, state->names._ssl_writing_paused) &&
           !is_true(self, state->names._app_writing_paused);
}

static PyObject *failed(Tls *self)
{
    if (fail(self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static int send_ciphertext(Tls *self, Transport *below)
{
    PyObject *bytes = PyObject_CallMethodNoArgs(self->outgoing, self->state->names.read);
    PyObject *done = bytes ? transport_write(below, bytes) : NULL;
    Py_XDECREF(bytes);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* Encrypts and sends. The bytes that were taken; 0: more must be received first; -1: an exception is set. */
static Py_ssize_t send_message(Tls *self, PyObject *data)
{
    PyObject *below = Py_NewRef((PyObject *)self->below);
    PyObject *taken = PyObject_CallMethodOneArg(self->ssl, self->state->names.write, data);
    Py_ssize_t count = taken ? PyLong_AsSsize_t(taken) : has_to_wait(self) ? 0 : -1;
    if (count > 0 && send_ciphertext(self, (Transport *)below) < 0)
        count = -1;
    Py_XDECREF(taken);
    Py_DECREF(below);
    return count;
}

static PyObject *tls_write(Tls *self, PyObject *data)
{
    if (!may_write(self, data))
        return write_by_asyncio(self, data);
    Py_ssize_t count = send_message(self, data), size = PyBytes_GET_SIZE(data);
    if (count == 0)
        return write_by_asyncio(self, data);
    if (count < 0)
        return failed(self);
    if (count == size)
        Py_RETURN_NONE;
    PyObject *rest = PyBytes_FromStringAndSize(PyBytes_AS_STRING(data) + count, size - count);
    PyObject *done = rest ? write_by_asyncio(self, rest) : NULL;
    Py_XDECREF(rest);
    return done;
}

/* write(data) of the transport that the program sees. */
static PyObject *write_method(Tls *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *data = only_argument("write", "data", args, count, names);
    return data ? tls_write(self, data) : NULL;
}

/* ==== what eddyloop/tls.py tells ==== */

/* _eddy_setup(incoming, outgoing, ssl or None) */
static PyObject *setup(Tls *self, PyObject *args)
{
    PyObject *incoming, *outgoing, *ssl;
    if (!PyArg_ParseTuple(args, "OOO", &incoming, &outgoing, &ssl))
        return NULL;
    Py_XSETREF(self->incoming, Py_NewRef(incoming));
    Py_XSETREF(self->outgoing, Py_NewRef(outgoing));
    Py_XSETREF(self->ssl, ssl == Py_None ? NULL : Py_NewRef(ssl));
    Py_RETURN_NONE;
}

/* _eddy_set_below(transport): it gets the bytes; None: there is none any more. */
static PyObject *set_below(Tls *self, PyObject *transport)
{
    bool is_ours = Py_TYPE(transport) == self->state->transport_type;
    Py_XSETREF(self->below, is_ours ? (Transport *)Py_NewRef(transport) : NULL);
    Py_RETURN_NONE;
}

/* _eddy_set_receiver(protocol or None) */
static PyObject *set_receiver(Tls *self, PyObject *protocol)
{
    Py_XSETREF(self->receiver, protocol == Py_None ? NULL : Py_NewRef(protocol));
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"_eddy_setup", (PyCFunction)(void (*)(void))setup, METH_VARARGS, NULL},
                                METHOD_ONE("_eddy_set_below", set_below),
                                METHOD_ONE("_eddy_set_receiver", set_receiver),
                                METHOD_NAMED("_eddy_write", write_method),
                                {0}};
static PyMemberDef members[] = {{"_eddy_is_wrapped", T_BOOL, offsetof(Tls, is_wrapped), 0, NULL},
                                {"_eddy_has_usual_limits", T_BOOL, offsetof(Tls, has_usual_limits), 0, NULL},
                                {0}};

/* ==== its life ==== */

static PyObject *tls_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    (void)args;
    (void)named;
    PyObject *module = PyType_GetModuleByDef(type, &module_definition);
    Tls *self = module ? (Tls *)type->tp_alloc(type, 0) : NULL;
    if (self)
        self->state = state_of(module);
    return (PyObject *)self;
}

static int traverse(Tls *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->receiver);
    Py_VISIT(self->below);
    Py_VISIT(self->incoming);
    Py_VISIT(self->outgoing);
    Py_VISIT(self->ssl);
    return 0;
}

static int clear(Tls *self)
{
    Py_CLEAR(self->receiver);
    Py_CLEAR(self->below);
    self->is_wrapped = false;
    return 0;
}

static void deallocate(Tls *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    clear(self);
    Py_CLEAR(self->incoming);
    Py_CLEAR(self->outgoing);
    Py_CLEAR(self->ssl);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {{Py_tp_new, tls_new}, {Py_tp_dealloc, deallocate}, {Py_tp_traverse, traverse},
                              {Py_tp_clear, clear}, {Py_tp_methods, methods},    {Py_tp_members, members},
                              {0, NULL}};
static PyType_Spec spec = {.name = "eddyloop._core.Tls",
                           .basicsize = sizeof(Tls),
                           .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
                           .slots = slots};

int tls_type_ready(PyObject *module, struct state *state)
{
    state->tls_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return state->tls_type ? PyModule_AddType(module, state->tls_type) : -1;
}
