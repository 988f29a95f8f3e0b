/* SPDX-License-Identifier: MIT */
/* transport.c - the type SocketTransport: see transport.h. */
#include "stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

/* ==== making ==== */

/* Without it, it works as well, but slower. */
static int adopt(Transport *t, int fd)
{
    if (core_enter(t->core) < 0)
        return -1;
    t->adopted = eddy_adopt(fd) == 0;
    core_leave(t->core);
    return 0;
}

static int attach_to_server(Transport *t, PyObject *server)
{
    if (!server || server == Py_None)
        return 0;
    PyObject *done =
        PyObject_CallFunctionObjArgs(t->core->state->helpers.attach, server, (PyObject *)t, Py_True, NULL);
    if (!done)
        return -1;
    Py_DECREF(done);
    t->server = Py_NewRef(server);
    return 0;
}

static void setup(Transport *t, Core *core)
{
    t->fd = -1;
    t->core = (Core *)Py_NewRef((PyObject *)core);
    t->high = 65536;
    t->low = 16384;
    receive_setup(t);
    send_setup(t);
}

Transport *transport_make(Core *core, int fd, PyObject *sock, PyObject *protocol, PyObject *server, PyObject *context)
{
    PyTypeObject *type = core->state->transport_type;
    Transport *t = (Transport *)type->tp_alloc(type, 0);
    int one = 1;
    if (!t)
        return NULL;
    setup(t, core);
    t->context = context ? PyContext_Copy(context) : PyContext_CopyCurrent();
    if (!t->context || protocol_bind(t, protocol) < 0 || adopt(t, fd) < 0 || attach_to_server(t, server) < 0) {
        Py_DECREF(t);
        return NULL;
    }
    t->fd = fd;
    t->sock = Py_XNewRef(sock);
    t->is_tcp = setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0; /* no other has such an option */
    return t;
}

static int call_start(Transport *t)
{
    PyObject *method = PyObject_GetAttr((PyObject *)t, t->core->state->names._eddy_start);
    int error = method ? core_call_soon(t->core, method) : -1;
    Py_XDECREF(method);
    return error;
}

/* SocketTransport(loop, sock, protocol, waiter=None, extra=None, server=None) */
static PyObject *transport_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    static char *names[] = {"loop", "sock", "protocol", "waiter", "extra", "server", NULL};
    PyObject *loop, *sock, *protocol, *waiter = Py_None, *extra = Py_None, *server = NULL;
    struct state *state = state_of_type(type);
    if (!state || !PyArg_ParseTupleAndKeywords(args, named, "O!OO|OOO", names, state->core_type, &loop, &sock,
                                               &protocol, &waiter, &extra, &server))
        return NULL;
    int fd = PyObject_AsFileDescriptor(sock);
    Transport *t = fd < 0 ? NULL : transport_make((Core *)loop, fd, sock, protocol, server, NULL);
    if (!t)
        return NULL;
    t->waiter = waiter == Py_None ? NULL : Py_NewRef(waiter);
    t->extra = extra == Py_None ? NULL : PyDict_Copy(extra);
    if ((extra != Py_None && !t->extra) || call_start(t) < 0)
        Py_CLEAR(t);
    return (PyObject *)t;
}

static int no_init(PyObject *self, PyObject *args, PyObject *named)
{
    (void)self, (void)args, (void)named;
    return 0;
}

/* ==== connection_made ==== */

/* The pending exception is one of protocol.connection_made. If it ends the run, it is still set afterwards. */
static void report_made(Transport *t, PyObject *protocol)
{
    if (exception_ends_run())
        return;
    PyObject *exception = take_exception();
    PyObject *told = PyObject_CallFunctionObjArgs(transport_state(t)->helpers.made_failed, (PyObject *)t->core,
                                                  (PyObject *)t, protocol, exception, NULL);
    Py_XDECREF(exception);
    if (!told && !exception_ends_run())
        PyErr_WriteUnraisable((PyObject *)t);
    Py_XDECREF(told);
}

static int tell_made(Transport *t)
{
    PyObject *protocol = Py_NewRef(t->protocol), *result = NULL; /* the call may set another protocol */
    if (PyContext_Enter(t->context) == 0) {
        result = PyObject_CallMethodOneArg(protocol, t->core->state->names.connection_made, (PyObject *)t);
        PyContext_Exit(t->context);
    }
    if (!result)
        report_made(t, protocol);
    Py_DECREF(protocol);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

/* Unless it was cancelled. */
static int tell_waiter(Transport *t)
{
    PyObject *waiter = t->waiter, *set = NULL;
    const struct state *state = transport_state(t);
    if (!waiter)
        return 0;
    t->waiter = NULL;
    PyObject *done = PyObject_CallMethodNoArgs(waiter, state->names.done);
    if (done == Py_False)
        set = PyObject_CallMethodOneArg(waiter, state->names.set_result, Py_None);
    bool failed = !done || (done == Py_False && !set);
    Py_XDECREF(set);
    Py_XDECREF(done);
    Py_DECREF(waiter);
    return failed ? -1 : 0;
}

/* As asyncio: if connection_made fails, the exception handler is told; it receives, and whoever waits is told. */
PyObject *transport_start(Transport *t, PyObject *none)
{
    PyObject *type, *value, *traceback;
    (void)none;
    if (!t->core || t->started)
        Py_RETURN_NONE;
    t->started = true;
    if (tell_made(t) == 0)
        stream_made(t);
    PyErr_Fetch(&type, &value, &traceback);
    receive_begin_if_wanted(t);
    if (tell_waiter(t) < 0 && type)
        PyErr_Clear();
    if (type)
        PyErr_Restore(type, value, traceback);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

/* ==== methods ==== */

static PyObject *close_method(Transport *t, PyObject *none)
{
    (void)none;
    transport_close(t);
    Py_RETURN_NONE;
}

static PyObject *abort_method(Transport *t, PyObject *none)
{
    (void)none;
    transport_force_close(t, NULL);
    Py_RETURN_NONE;
}

static PyObject *force_close_method(Transport *t, PyObject *exception)
{
    transport_force_close(t, exception);
    Py_RETURN_NONE;
}

/* _fatal_error(exc, message="Fatal error on transport") */
static PyObject *fatal_error(Transport *t, PyObject *const *args, Py_ssize_t count)
{
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError, "_fatal_error() needs an exception");
        return NULL;
    }
    PyObject *text = count > 1 ? Py_NewRef(args[1]) : PyUnicode_FromString("Fatal error on transport");
    PyObject *loop = t->core ? (PyObject *)t->core : Py_None, *protocol = t->protocol ? t->protocol : Py_None;
    PyObject *result = text ? PyObject_CallFunctionObjArgs(transport_state(t)->helpers.fatal, loop, (PyObject *)t,
                                                           protocol, args[0], text, NULL)
                            : NULL;
    Py_XDECREF(text);
    if (result)
        transport_force_close(t, args[0]);
    return result;
}

void transport_pause_reading(Transport *t)
{
    t->paused = t->paused || !t->closing;
}

static PyObject *pause_reading(Transport *t, PyObject *none)
{
    (void)none;
    transport_pause_reading(t);
    Py_RETURN_NONE;
}

static PyObject *is_reading(Transport *t, PyObject *none)
{
    (void)none;
    return PyBool_FromLong(!t->closing && !t->paused);
}

static PyObject *is_closing(Transport *t, PyObject *none)
{
    (void)none;
    return PyBool_FromLong(t->closing);
}

static PyObject *can_write_eof(Transport *t, PyObject *none)
{
    (void)t, (void)none;
    Py_RETURN_TRUE;
}

static PyObject *get_protocol(Transport *t, PyObject *none)
{
    (void)none;
    return Py_NewRef(t->protocol ? t->protocol : Py_None);
}

/* set_protocol(protocol) */
static PyObject *set_protocol(Transport *t, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *protocol = only_argument("set_protocol", "protocol", args, count, names);
    if (!protocol || protocol_bind(t, protocol) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *get_write_buffer_size(Transport *t, PyObject *none)
{
    (void)none;
    return PyLong_FromSize_t(t->queued);
}

static PyObject *get_write_buffer_limits(Transport *t, PyObject *none)
{
    (void)none;
    return Py_BuildValue("(nn)", (Py_ssize_t)t->low, (Py_ssize_t)t->high);
}

static int take_limits(Transport *t, PyObject *high, PyObject *low)
{
    Py_ssize_t l = low == Py_None ? 0 : PyLong_AsSsize_t(low);
    Py_ssize_t h = high != Py_None ? PyLong_AsSsize_t(high) : low == Py_None ? 65536 : 4 * l;
    if (PyErr_Occurred())
        return -1;
    if (low == Py_None)
        l = h >= 0 ? h / 4 : (h - 3) / 4; /* as `//` of Python */
    if (h < l || l < 0) {
        PyErr_Format(PyExc_ValueError, "high (%zd) must be >= low (%zd) must be >= 0", h, l);
        return -1;
    }
    t->high = (size_t)h;
    t->low = (size_t)l;
    return protocol_pause(t);
}

static PyObject *set_write_buffer_limits(Transport *t, PyObject *args, PyObject *named)
{
    static char *names[] = {"high", "low", NULL};
    PyObject *high = Py_None, *low = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, named, "|OO", names, &high, &low) || take_limits(t, high, low) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ==== what it is made of ==== */

/* Borrowed; made when somebody asks for it; NULL: an exception is set. */
static PyObject *socket_of(Transport *t)
{
    if (!t->sock && t->fd >= 0) {
        t->sock = PyObject_CallFunction(transport_state(t)->helpers.make_socket, "i", t->fd);
        return t->sock;
    }
    return t->sock ? t->sock : Py_None;
}

/* What an accepted connection finds out when it is asked; NULL: it does not know that, or an exception is set. */
static PyObject *find_out(Transport *t, PyObject *name)
{
    const struct state *state = transport_state(t);
    PyObject *sock = t->fd >= 0 && t->core && PyUnicode_Check(name) ? socket_of(t) : NULL, *value = NULL;
    if (!sock)
        return NULL;
    if (PyUnicode_CompareWithASCIIString(name, "socket") == 0)
        return PyObject_CallMethodOneArg((PyObject *)t->core, state->names._eddy_socket, sock);
    if (PyUnicode_CompareWithASCIIString(name, "peername") == 0)
        value = PyObject_CallMethodNoArgs(sock, state->names.getpeername);
    else if (PyUnicode_CompareWithASCIIString(name, "sockname") == 0)
        value = PyObject_CallMethodNoArgs(sock, state->names.getsockname);
    else
        return NULL;
    if (!value && PyErr_ExceptionMatches(PyExc_OSError)) {
        PyErr_Clear();
        return Py_NewRef(Py_None);
    }
    return value;
}

static PyObject *remember(Transport *t, PyObject *name, PyObject *value)
{
    if (!value)
        return NULL;
    if (!t->extra)
        t->extra = PyDict_New();
    if (!t->extra || PyDict_SetItem(t->extra, name, value) < 0)
        Py_CLEAR(value);
    return value;
}

/* get_extra_info(name, default=None) */
static PyObject *get_extra_info(Transport *t, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const arguments[] = {"name", "default", NULL};
    PyObject *values[2];
    if (take_arguments("get_extra_info", arguments, args, count, names, values) < 0)
        return NULL;
    PyObject *known = t->extra ? PyDict_GetItemWithError(t->extra, values[0]) : NULL;
    if (known)
        return Py_NewRef(known);
    PyObject *found = PyErr_Occurred() ? NULL : remember(t, values[0], find_out(t, values[0]));
    if (found || PyErr_Occurred())
        return found;
    return Py_NewRef(values[1] ? values[1] : Py_None);
}

/* An accepted connection's are set when the listener has made it. */
static PyObject *get_sock(Transport *t, void *closure)
{
    (void)closure;
    return Py_XNewRef(socket_of(t));
}

static PyObject *get_loop(Transport *t, void *closure)
{
    (void)closure;
    return Py_NewRef(t->core ? (PyObject *)t->core : Py_None);
}

static PyObject *get_fd(Transport *t, void *closure)
{
    (void)closure;
    return PyLong_FromLong(t->fd);
}

static PyObject *get_lost(Transport *t, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLong(t->lost);
}

static PyObject *represent(Transport *t)
{
    if (!t->core)
        return PyUnicode_FromString("<eddyloop.SocketTransport closed>");
    const char *state = t->closing ? " closing" : "";
    bool reads = !operation_is_idle(&t->receive) && !t->paused, writes = !operation_is_idle(&t->send);
    return PyUnicode_FromFormat("<eddyloop.SocketTransport%s fd=%d read=%s write=<%s, bufsize=%zu>>", state, t->fd,
                                reads ? "polling" : "idle", writes ? "polling" : "idle", t->queued);
}

/* ==== its life ==== */

static int traverse(Transport *t, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(t));
    Py_VISIT(t->extra);
    Py_VISIT(t->core);
    Py_VISIT(t->protocol);
    Py_VISIT(t->server);
    Py_VISIT(t->sock);
    Py_VISIT(t->context);
    Py_VISIT(t->stream_reader);
    Py_VISIT(t->waiter);
    Py_VISIT(t->empty_waiter);
    Py_VISIT(t->lost_with);
    return 0;
}

/* The loop is needed until the descriptor is released. */
static int clear(Transport *t)
{
    transport_abandon(t);
    Py_CLEAR(t->extra);
    Py_CLEAR(t->protocol);
    Py_CLEAR(t->server);
    Py_CLEAR(t->sock);
    Py_CLEAR(t->context);
    Py_CLEAR(t->stream_reader);
    Py_CLEAR(t->waiter);
    Py_CLEAR(t->empty_waiter);
    Py_CLEAR(t->lost_with);
    Py_CLEAR(t->held);
    Py_CLEAR(t->core);
    return 0;
}

static bool is_at_rest(const Transport *t)
{
    return operation_is_idle(&t->receive) && operation_is_idle(&t->send);
}

/* Nothing is cleared yet: only here may a dying transport call Python's code, such as its socket's. With an operation
 * in flight the loop is dying, too: it ends that when it is closed, and the socket closes itself. */
static void finalize(PyObject *self)
{
    Transport *t = (Transport *)self;
    PyObject *type, *value, *traceback;
    if (t->fd < 0 || !t->core)
        return;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *done = PyObject_CallFunctionObjArgs(transport_state(t)->helpers.unclosed, self,
                                                  t->server ? t->server : Py_None, NULL);
    if (!done)
        PyErr_WriteUnraisable(self);
    Py_XDECREF(done);
    if (is_at_rest(t))
        transport_release(t);
    PyErr_Restore(type, value, traceback);
}

static void deallocate(Transport *t)
{
    PyTypeObject *type = Py_TYPE(t);
    if (PyObject_CallFinalizerFromDealloc((PyObject *)t) < 0)
        return;
    PyObject_GC_UnTrack(t);
    if (t->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)t);
    send_drop_all(t);
    clear(t);
    PyMem_Free(t->parts);
    PyMem_RawFree(t->message);
    type->tp_free(t);
    Py_DECREF(type);
}

/* ==== the type ==== */

static PyMethodDef own_methods[] = {METHOD_NONE("close", close_method),
                                    METHOD_NONE("abort", abort_method),
                                    METHOD_ONE("_force_close", force_close_method),
                                    METHOD_FAST("_fatal_error", fatal_error),
                                    METHOD_NONE("pause_reading", pause_reading),
                                    METHOD_NONE("resume_reading", transport_resume_reading),
                                    METHOD_NONE("is_reading", is_reading),
                                    METHOD_NONE("is_closing", is_closing),
                                    METHOD_NONE("can_write_eof", can_write_eof),
                                    METHOD_NONE("get_protocol", get_protocol),
                                    METHOD_NAMED("set_protocol", set_protocol),
                                    METHOD_NONE("get_write_buffer_size", get_write_buffer_size),
                                    METHOD_NONE("get_write_buffer_limits", get_write_buffer_limits),
                                    {"set_write_buffer_limits", (PyCFunction)(void (*)(void))set_write_buffer_limits,
                                     METH_VARARGS | METH_KEYWORDS, NULL},
                                    METHOD_NAMED("get_extra_info", get_extra_info),
                                    METHOD_NONE("_eddy_start", transport_start),
                                    METHOD_NONE("_eddy_finish", transport_finish),
                                    METHOD_NONE("_eddy_resumed", transport_give_held),
                                    {0}};

static PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(Transport, weakrefs), READONLY, NULL},
                                {"_protocol_paused", T_BOOL, offsetof(Transport, protocol_paused), READONLY, NULL},
                                {"_paused", T_BOOL, offsetof(Transport, paused), READONLY, NULL},
                                {"_closing", T_BOOL, offsetof(Transport, closing), READONLY, NULL},
                                {"_eof", T_BOOL, offsetof(Transport, eof), READONLY, NULL},
                                {"_server", T_OBJECT, offsetof(Transport, server), 0, NULL},
                                {"_protocol", T_OBJECT, offsetof(Transport, protocol), READONLY, NULL},
                                {0}};

static PyGetSetDef getset[] = {{"_sock", (getter)get_sock, NULL, NULL, NULL},
                               {"_loop", (getter)get_loop, NULL, NULL, NULL},
                               {"_sock_fd", (getter)get_fd, NULL, NULL, NULL},
                               {"_conn_lost", (getter)get_lost, NULL, NULL, NULL},
                               {0}};

static PyType_Slot slots[] = {{Py_tp_new, transport_new},
                              {Py_tp_init, no_init},
                              {Py_tp_dealloc, deallocate},
                              {Py_tp_finalize, finalize},
                              {Py_tp_traverse, traverse},
                              {Py_tp_clear, clear},
                              {Py_tp_repr, represent},
                              {Py_tp_methods, own_methods},
                              {Py_tp_members, members},
                              {Py_tp_getset, getset},
                              {0, NULL}};

static PyType_Spec spec = {.name = "eddyloop._core.SocketTransport",
                           .basicsize = sizeof(Transport),
                           .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                           .slots = slots};

static PyObject *find_base(void)
{
    PyObject *transports = PyImport_ImportModule("asyncio.transports");
    PyObject *base = transports ? PyObject_GetAttrString(transports, "_FlowControlMixin") : NULL;
    Py_XDECREF(transports);
    if (base && ((PyTypeObject *)base)->tp_basicsize != (Py_ssize_t)offsetof(Transport, weakrefs)) {
        PyErr_SetString(PyExc_ImportError,
                        "eddyloop does not know this version of asyncio: its transports have other slots");
        Py_CLEAR(base);
    }
    return base;
}

int transport_type_ready(PyObject *module, struct state *state)
{
    PyObject *base = find_base();
    state->transport_type = base ? (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, base) : NULL;
    Py_XDECREF(base);
    if (!state->transport_type || add_methods(state->transport_type, send_methods) < 0)
        return -1;
    return PyModule_AddType(module, state->transport_type);
}
