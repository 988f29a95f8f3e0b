/* SPDX-License-Identifier: MIT */
/* module.c - eddyloop._core: its state, and what it takes from asyncio. */
#include "tls.h"

struct PyModuleDef module_definition;

/* ==== helpers ==== */

static int set_helper(PyObject **place, PyObject *helpers, const char *name)
{
    PyObject *function = PyDict_GetItemString(helpers, name);
    if (!function) {
        PyErr_Format(PyExc_TypeError, "_set_helpers() needs %s", name);
        return -1;
    }
    Py_XSETREF(*place, Py_NewRef(function));
    return 0;
}

/* _set_helpers(report=..., ...): see HELPERS. */
static PyObject *set_helpers(PyObject *module, PyObject *args, PyObject *helpers)
{
    struct state *state = state_of(module);
    if (PyTuple_GET_SIZE(args) != 0 || !helpers) {
        PyErr_SetString(PyExc_TypeError, "_set_helpers() takes named arguments only");
        return NULL;
    }
#define SET(name)                                                                                                    \
    if (set_helper(&state->helpers.name, helpers, #name) < 0)                                                        \
        return NULL;
    HELPERS(SET)
#undef SET
    Py_RETURN_NONE;
}

static void set_class(PyTypeObject **own, PyObject **asyncios, PyObject *class)
{
    Py_XSETREF(*own, (PyTypeObject *)Py_NewRef(class));
    Py_XSETREF(*asyncios, Py_NewRef((PyObject *)(*own)->tp_base));
}

/* _set_streams(reader, writer, protocol): classes that derive from asyncio's. */
static PyObject *set_streams(PyObject *module, PyObject *args)
{
    struct stream_classes *streams = &state_of(module)->streams;
    PyObject *reader, *writer, *protocol;
    if (!PyArg_ParseTuple(args, "O!O!O!", &PyType_Type, &reader, &PyType_Type, &writer, &PyType_Type, &protocol))
        return NULL;
    set_class(&streams->writer, &streams->asyncio_writer, writer);
    set_class(&streams->protocol, &streams->asyncio_protocol, protocol);
    set_class(&streams->reader, &streams->asyncio_reader, reader);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"_set_streams", set_streams, METH_VARARGS, NULL},
    {"_set_helpers", (PyCFunction)(void (*)(void))set_helpers, METH_VARARGS | METH_KEYWORDS, NULL}, {0}};

/* ==== what is asyncio's ==== */

static PyObject *attribute_of(const char *module_name, const char *name)
{
    PyObject *module = PyImport_ImportModule(module_name);
    PyObject *value = module ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    return value;
}

static int take_names(struct state *state)
{
#define INTERN(name)                                                                                                 \
    if (!(state->names.name = PyUnicode_InternFromString(#name)))                                                    \
        return -1;
    NAMES(INTERN)
#undef INTERN
    state->only_loop = PyTuple_Pack(1, state->names.loop);
    state->loop_name = PyTuple_Pack(2, state->names.loop, state->names.name);
    state->loop_context = PyTuple_Pack(2, state->names.loop, state->names.context);
    state->loop_name_context = PyTuple_Pack(3, state->names.loop, state->names.name, state->names.context);
    state->minus_one = PyLong_FromLong(-1);
    return PyErr_Occurred() ? -1 : 0;
}

static int take_from_asyncio(struct state *state)
{
    state->future_type = attribute_of("_asyncio", "Future");
    state->task_type = state->future_type ? attribute_of("_asyncio", "Task") : NULL;
    PyObject *base_loop = state->task_type ? attribute_of("asyncio.base_events", "BaseEventLoop") : NULL;
    state->create_task = base_loop ? PyObject_GetAttrString(base_loop, "create_task") : NULL;
    Py_XDECREF(base_loop);
    return state->create_task ? 0 : -1;
}

static int take_sockets(struct state *state)
{
    PyObject *loop = attribute_of("asyncio.selector_events", "BaseSelectorEventLoop");
    state->socket_type = loop ? attribute_of("socket", "socket") : NULL;
    state->sock_recv = state->socket_type ? PyObject_GetAttrString(loop, "sock_recv") : NULL;
    state->sock_recv_into = state->sock_recv ? PyObject_GetAttrString(loop, "sock_recv_into") : NULL;
    state->sock_sendall = state->sock_recv_into ? PyObject_GetAttrString(loop, "sock_sendall") : NULL;
    Py_XDECREF(loop);
    return state->sock_sendall ? 0 : -1;
}

int add_methods(PyTypeObject *type, PyMethodDef *list)
{
    for (PyMethodDef *method = list; method->ml_name; method++) {
        PyObject *descriptor = PyDescr_NewMethod(type, method);
        int error = descriptor ? PyObject_SetAttrString((PyObject *)type, method->ml_name, descriptor) : -1;
        Py_XDECREF(descriptor);
        if (error < 0)
            return -1;
    }
    return 0;
}

/* ==== the module ==== */

static int execute(PyObject *module)
{
    struct state *state = state_of(module);
    state->module = module;
    state->free_limit = FREE_HANDLES;
    if (take_names(state) < 0 || take_from_asyncio(state) < 0 || take_sockets(state) < 0)
        return -1;
    return handle_types_ready(module, state) < 0 || core_type_ready(module, state) < 0 ||
                   transport_type_ready(module, state) < 0 || listener_type_ready(module, state) < 0 ||
                   stream_types_ready(module, state) < 0 || datagrams_type_ready(module, state) < 0 ||
                   socket_call_type_ready(module, state) < 0 ||
                   tls_type_ready(module, state) < 0
               ? -1
               : 0;
}

/* What may be part of a cycle, beside the helpers: visited and cleared by the collector. */
#define OBJECTS(X) X(core_type) X(handle_type) X(timer_handle_type) X(transport_type) X(listener_type)                 \
    X(future_type) X(task_type) X(create_task) X(reading_type) X(datagrams_type) X(socket_call_type) X(socket_type)    \
    X(tls_type) X(sock_recv) X(sock_recv_into) X(sock_sendall) X(streams.reader) X(streams.writer)        \
    X(streams.protocol) X(streams.asyncio_reader) X(streams.asyncio_writer) X(streams.asyncio_protocol)

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    struct state *state = state_of(module);
#define VISIT(name) Py_VISIT(state->helpers.name);
    HELPERS(VISIT)
#undef VISIT
#define VISIT_OBJECT(name) Py_VISIT(state->name);
    OBJECTS(VISIT_OBJECT)
#undef VISIT_OBJECT
    return 0;
}

static int clear(PyObject *module)
{
    struct state *state = state_of(module);
    handles_free_all(state);
#define CLEAR_HELPER(name) Py_CLEAR(state->helpers.name);
    HELPERS(CLEAR_HELPER)
#undef CLEAR_HELPER
#define CLEAR_OBJECT(name) Py_CLEAR(state->name);
    OBJECTS(CLEAR_OBJECT)
#undef CLEAR_OBJECT
    return 0;
}

static void free_module(void *module)
{
    struct state *state = state_of(module);
    clear(module);
#define CLEAR_NAME(name) Py_CLEAR(state->names.name);
    NAMES(CLEAR_NAME)
#undef CLEAR_NAME
    Py_CLEAR(state->only_loop);
    Py_CLEAR(state->loop_name);
    Py_CLEAR(state->loop_context);
    Py_CLEAR(state->loop_name_context);
    Py_CLEAR(state->minus_one);
    Py_CLEAR(state->other_context);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute},
#ifdef Py_mod_multiple_interpreters
                                   {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
                                   {0, NULL}};

struct PyModuleDef module_definition = {PyModuleDef_HEAD_INIT,
                                        .m_name = "_core",
                                        .m_doc = "The engine of eddyloop.Loop: see eddyloop/loop.py.",
                                        .m_size = sizeof(struct state),
                                        .m_methods = methods,
                                        .m_slots = slots,
                                        .m_traverse = traverse,
                                        .m_clear = clear,
                                        .m_free = free_module};

PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&module_definition);
}
