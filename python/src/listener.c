/* SPDX-License-Identifier: MIT */
/* listener.c - Listener: accepts connections of a server; each becomes a SocketTransport. */
#include "transport.h"

#include <errno.h>
#include <unistd.h>

typedef struct listener {
    PyObject_HEAD PyObject *weakrefs;
    Core *core;
    PyObject *factory, *server, *sock, *context;
    PyObject *tls; /* what helpers.accepted_ssl wants; None: the connections are plain */
    struct operation accept;
    int fd;
    bool stopped, adopted;
} Listener;

/* ==== a connection ==== */

/* The pending exception is the server's to report. -1: it ends the run, and is still set. */
static int tell_error(Listener *l, bool pauses)
{
    if (exception_ends_run())
        return -1;
    PyObject *exception = take_exception();
    PyObject *done = PyObject_CallFunctionObjArgs(l->core->state->helpers.accept_error, (PyObject *)l->core,
                                                  exception, pauses ? (PyObject *)l : NULL, NULL);
    Py_XDECREF(exception);
    if (!done && exception_ends_run())
        return -1;
    if (!done)
        PyErr_WriteUnraisable((PyObject *)l);
    Py_XDECREF(done);
    return 0;
}

static int accepted_with_tls(Listener *l, int fd)
{
    PyObject *done = PyObject_CallFunction(l->core->state->helpers.accepted_ssl, "OiOOO", l->core, fd, l->factory,
                                           l->server, l->tls);
    Py_XDECREF(done);
    return done ? 0 : tell_error(l, false);
}

static Transport *make_transport(Listener *l, int fd)
{
    PyObject *protocol = PyObject_CallNoArgs(l->factory);
    Transport *t = protocol ? transport_make(l->core, fd, NULL, protocol, l->server, l->context) : NULL;
    Py_XDECREF(protocol);
    if (t)
        t->owns_fd = true;
    return t;
}

/* Runs in the context in which the server was made. */
static Transport *make_connection(Listener *l, int fd)
{
    Transport *t = NULL;
    if (PyContext_Enter(l->context) == 0) {
        t = make_transport(l, fd);
        PyContext_Exit(l->context);
    }
    if (!t)
        close(fd);
    return t;
}

static int accepted(Listener *l, int fd)
{
    Transport *t = make_connection(l, fd);
    PyObject *started = t ? transport_start(t, NULL) : NULL;
    int error = started ? 0 : tell_error(l, false);
    if (t && !started)
        transport_close(t);
    Py_XDECREF(started);
    Py_XDECREF(t);
    return error;
}

/* ==== accepting ==== */

static int start(struct operation *op)
{
    return eddy_operation_accept(&op->op, ((Listener *)op->owner)->fd);
}

static bool is_passing(int64_t result)
{
    return result == -ECANCELED || result == -ECONNABORTED || result == -EINTR || result == -EAGAIN;
}

static int take_result(Listener *l, int64_t result, bool *pauses)
{
    if (result >= 0 && l->stopped)
        return close((int)result), 0;
    if (result >= 0)
        return l->tls != Py_None ? accepted_with_tls(l, (int)result) : accepted(l, (int)result);
    if (l->stopped || is_passing(result))
        return 0;
    *pauses = true; /* the helper calls resume() after a while */
    raise_code((int)-result);
    return tell_error(l, true);
}

static int done(struct operation *op)
{
    Listener *l = (Listener *)op->owner;
    bool pauses = false;
    int error = take_result(l, op->op.result, &pauses);
    if (!pauses && !l->stopped && l->core && !l->core->closed && operation_is_idle(&l->accept))
        operation_begin(&l->accept);
    return error;
}

/* ==== its life ==== */

static int adopt(Listener *l)
{
    if (core_enter(l->core) < 0)
        return -1;
    l->adopted = eddy_adopt(l->fd) == 0;
    core_leave(l->core);
    return 0;
}

static void release(Listener *l)
{
    if (!l->adopted || !core_is_usable(l->core))
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (core_enter(l->core) == 0) {
        eddy_release(l->fd);
        core_leave(l->core);
        l->adopted = false;
    }
    PyErr_Restore(type, value, traceback);
}

static void setup(Listener *l, PyObject *const *objects)
{
    l->core = (Core *)Py_NewRef(objects[0]);
    l->sock = Py_NewRef(objects[1]);
    l->factory = Py_NewRef(objects[2]);
    l->server = Py_NewRef(objects[3]);
    l->tls = Py_NewRef(objects[4]);
    l->context = PyContext_CopyCurrent();
    l->accept.core = l->core;
    l->accept.owner = (PyObject *)l;
    l->accept.start = start;
    l->accept.done = done;
}

/* Listener(loop, sock, protocol_factory, server, tls=None) */
static PyObject *listener_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    PyObject *objects[5] = {[4] = Py_None};
    struct state *state = state_of_type(type);
    (void)named;
    if (!state || !PyArg_ParseTuple(args, "O!OOO|O", state->core_type, &objects[0], &objects[1], &objects[2],
                                    &objects[3], &objects[4]))
        return NULL;
    int fd = PyObject_AsFileDescriptor(objects[1]);
    Listener *l = fd < 0 ? NULL : (Listener *)type->tp_alloc(type, 0);
    if (!l)
        return NULL;
    l->fd = fd;
    setup(l, objects);
    if (!l->context || adopt(l) < 0)
        Py_CLEAR(l);
    else
        operation_begin(&l->accept);
    return (PyObject *)l;
}

/* It accepts no more when this returns: its socket is closed next. */
static PyObject *stop(Listener *l, PyObject *none)
{
    (void)none;
    if (l->stopped)
        Py_RETURN_NONE;
    l->stopped = true;
    operation_end_now(&l->accept);
    release(l);
    Py_RETURN_NONE;
}

static PyObject *resume(Listener *l, PyObject *none)
{
    (void)none;
    if (!l->stopped && operation_is_idle(&l->accept) && core_is_usable(l->core))
        operation_begin(&l->accept);
    Py_RETURN_NONE;
}

static int traverse(Listener *l, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(l));
    Py_VISIT(l->core);
    Py_VISIT(l->factory);
    Py_VISIT(l->server);
    Py_VISIT(l->sock);
    Py_VISIT(l->context);
    Py_VISIT(l->tls);
    return 0;
}

/* Its accept may be in flight if the loop dies with it. */
static int clear(Listener *l)
{
    l->stopped = true;
    if (l->core)
        release(l);
    Py_CLEAR(l->factory);
    Py_CLEAR(l->server);
    Py_CLEAR(l->sock);
    Py_CLEAR(l->context);
    Py_CLEAR(l->tls);
    Py_CLEAR(l->core);
    return 0;
}

static void deallocate(Listener *l)
{
    PyTypeObject *type = Py_TYPE(l);
    PyObject_GC_UnTrack(l);
    if (l->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)l);
    clear(l);
    type->tp_free(l);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {METHOD_NONE("stop", stop), METHOD_NONE("resume", resume), {0}};
static PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(Listener, weakrefs), READONLY, NULL},
                                {0}};
static PyType_Slot slots[] = {{Py_tp_new, listener_new},
                              {Py_tp_dealloc, deallocate},
                              {Py_tp_traverse, traverse},
                              {Py_tp_clear, clear},
                              {Py_tp_methods, methods},
                              {Py_tp_members, members},
                              {0, NULL}};
static PyType_Spec spec = {.name = "eddyloop._core.Listener",
                           .basicsize = sizeof(Listener),
                           .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                           .slots = slots};

int listener_type_ready(PyObject *module, struct state *state)
{
    state->listener_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return state->listener_type ? PyModule_AddType(module, state->listener_type) : -1;
}
