/* SPDX-License-Identifier: MIT */
/* core.c - the type Core: see core.h. */
#include "core.h"

#include "operation.h"
#include "sockets.h"

#include <stdlib.h>

/* ==== small methods ==== */

static PyObject *get_debug(Core *self, PyObject *none)
{
    (void)none;
    return PyBool_FromLong(self->debug);
}

static PyObject *is_closed(Core *self, PyObject *none)
{
    (void)none;
    return PyBool_FromLong(self->closed);
}

static PyObject *is_running(Core *self, PyObject *none)
{
    (void)none;
    return PyBool_FromLong(self->thread_id && self->thread_id != Py_None);
}

static PyObject *stop(Core *self, PyObject *none)
{
    (void)none;
    self->stopping = true;
    Py_RETURN_NONE;
}

/* Its name; None: no loop of Eddy's was needed so far. */
static PyObject *driver(Core *self, void *closure)
{
    const char *name = self->loop ? eddy_loop_driver(self->loop) : NULL;
    (void)closure;
    if (!name)
        Py_RETURN_NONE;
    return PyUnicode_FromString(name);
}

/* The virtual clock stands still until each hold is released. */
static PyObject *hold(Core *self, PyObject *none)
{
    (void)none;
    if (self->loop)
        eddy_sim_hold(self->loop);
    Py_RETURN_NONE;
}

static PyObject *release(Core *self, PyObject *none)
{
    (void)none;
    if (self->loop)
        eddy_sim_release(self->loop);
    Py_RETURN_NONE;
}

/* ==== its life ==== */

static bool wants_virtual_time(const Core *self)
{
    const char *name =
        PyUnicode_Check(self->driver_name) ? PyUnicode_AsUTF8(self->driver_name) : getenv("EDDY_DRIVER");
    return name && strcmp(name, "sim") == 0;
}

/* A virtual clock begins now. -1: an exception is set. */
static int begin(Core *self)
{
    if (!wants_virtual_time(self))
        return 0;
    if (core_enter(self) < 0)
        return -1;
    core_leave(self);
    return 0;
}

static PyObject *module_of(PyTypeObject *type)
{
    return PyType_GetModuleByDef(type, &module_definition);
}

static PyObject *core_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    (void)args;
    PyObject *module = module_of(type);
    Core *self = module ? (Core *)type->tp_alloc(type, 0) : NULL;
    if (!self)
        return NULL;
    PyObject *driver_name = named ? PyDict_GetItemString(named, "driver") : NULL;
    self->state = state_of(module);
    Py_INCREF(module);
    self->asked_end = &self->asked;
    self->completed_end = &self->completed;
    self->thread_id = Py_NewRef(Py_None);
    self->task_factory = Py_NewRef(Py_None);
    self->driver_name = Py_NewRef(driver_name ? driver_name : Py_None);
    if (begin(self) < 0)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int traverse(Core *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->thread_id);
    Py_VISIT(self->task_factory);
    Py_VISIT(self->call_soon);
    Py_VISIT(self->replaced_call_soon);
    for (size_t i = 0; i < self->ready.count; i++)
        Py_VISIT(self->ready.handles[(self->ready.head + i) & (self->ready.capacity - 1)]);
    for (size_t i = 0; i < self->timers.count; i++)
        Py_VISIT(self->timers.heap[i].handle);
    int error = watches_traverse(self, visit, arg);
    return error ? error : operations_traverse(self, visit, arg);
}

static int clear(Core *self)
{
    Py_CLEAR(self->task_factory);
    Py_CLEAR(self->call_soon);
    Py_CLEAR(self->replaced_call_soon);
    while (self->ready.count > 0)
        Py_DECREF(ready_pop(self));
    while (self->timers.count > 0)
        Py_DECREF(timers_pop(self));
    return 0;
}

/* Whoever drops an open loop may be on another thread, or handling an exception. */
static void shut_down_at_last(Core *self)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *done = core_shut_down(self, NULL);
    if (!done)
        PyErr_WriteUnraisable(NULL);
    Py_XDECREF(done);
    PyErr_Restore(type, value, traceback);
}

static void deallocate(Core *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject *module = self->state ? self->state->module : NULL;
    PyObject_GC_UnTrack(self);
    if (self->loop || self->live)
        shut_down_at_last(self);
    clear(self);
    Py_CLEAR(self->thread_id);
    Py_CLEAR(self->driver_name);
    PyMem_Free(self->timers.heap);
    PyMem_Free(self->ready.handles);
    PyMem_Free(self->watches.watches);
    PyMem_Free(self->datagrams);
    bulk_free(self);
    type->tp_free(self);
    Py_DECREF(type);
    Py_XDECREF(module);
}

/* ==== the type ==== */

static PyMethodDef own_methods[] = {METHOD_NONE("get_debug", get_debug),
                                    METHOD_NONE("is_closed", is_closed),
                                    METHOD_NONE("is_running", is_running),
                                    METHOD_NONE("stop", stop),
                                    METHOD_NONE("_run_once", core_run_once),
                                    METHOD_NONE("_eddy_hold", hold),
                                    METHOD_NONE("_eddy_release", release),
                                    METHOD_NONE("_eddy_shutdown", core_shut_down),
                                    {0}};

static PyMemberDef members[] = {{"_stopping", T_BOOL, offsetof(Core, stopping), 0, NULL},
                                {"_debug", T_BOOL, offsetof(Core, debug), 0, NULL},
                                {"_closed", T_BOOL, offsetof(Core, closed), 0, NULL},
                                {"_thread_id", T_OBJECT, offsetof(Core, thread_id), 0, NULL},
                                {"_task_factory", T_OBJECT, offsetof(Core, task_factory), 0, NULL},
                                {"_eddy_passes", T_ULONGLONG, offsetof(Core, passes), READONLY, NULL},
                                {"_eddy_waits", T_ULONGLONG, offsetof(Core, waits), READONLY, NULL},
                                {0}};

/* -1: an exception is set. */
static int add_call_soon(PyTypeObject *type)
{
    PyObject *descriptor = PyDescr_NewGetSet(type, &call_soon_attribute);
    int error = descriptor ? PyObject_SetAttrString((PyObject *)type, "call_soon", descriptor) : -1;
    Py_XDECREF(descriptor);
    return error;
}

static PyGetSetDef getset[] = {
    {"eddy_driver", (getter)driver, NULL, "uring, epoll or sim; None before it is opened", NULL}, {0}};

static PyType_Slot slots[] = {
    {Py_tp_new, core_new},        {Py_tp_dealloc, deallocate}, {Py_tp_traverse, traverse}, {Py_tp_clear, clear},
    {Py_tp_methods, own_methods}, {Py_tp_members, members},    {Py_tp_getset, getset},     {0, NULL}};

static PyType_Spec spec = {.name = "eddyloop._core.Core",
                           .basicsize = sizeof(Core),
                           .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                           .slots = slots};

int core_type_ready(PyObject *module, struct state *state)
{
    state->core_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    if (!state->core_type || add_methods(state->core_type, call_methods) < 0 ||
        add_methods(state->core_type, watch_methods) < 0 || add_methods(state->core_type, socket_methods) < 0 ||
        add_methods(state->core_type, stack_methods) < 0 || add_call_soon(state->core_type) < 0)
        return -1;
    return PyModule_AddType(module, state->core_type);
}
