/* SPDX-License-Identifier: MIT */
/*
 * handle.c - Handle and TimerHandle: they derive from asyncio's, whose slots are written in place.
 *
 * Invariant: a handle in the heap of timers is referred to by the heap.
 */
#include "handle.h"

#define SLOT(handle, name) (*handle_slot(handle, state->layout.name))

/* ==== making ==== */

static PyObject *allocate(struct state *state, PyTypeObject *type)
{
    PyObject *handle;
    if (type == state->handle_type && state->free_count > 0)
        handle = PyObject_Init(state->free_handles[--state->free_count], type);
    else
        handle = (PyObject *)PyObject_GC_New(PyObject, type);
    if (!handle)
        return NULL;
    memset((char *)handle + sizeof(PyObject), 0, (size_t)type->tp_basicsize - sizeof(PyObject));
    handle_part(handle)->state = state;
    Py_INCREF(state->module);
    return handle;
}

static PyObject *allocate_for_python(PyTypeObject *type, Py_ssize_t items)
{
    (void)items;
    PyObject *handle = allocate(state_of_type(type), type);
    if (handle)
        PyObject_GC_Track(handle);
    return handle;
}

static PyObject *tuple_of(PyObject *const *args, Py_ssize_t count)
{
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple && i < count; i++)
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    return tuple;
}

/* False: no memory. */
static bool set_arguments(struct state *state, PyObject *handle, PyObject *const *args, Py_ssize_t count)
{
    handle_part(handle)->one = count == 1;
    if (count > 0)
        SLOT(handle, args) = count == 1 ? Py_NewRef(args[0]) : tuple_of(args, count);
    return count == 0 || SLOT(handle, args);
}

static PyObject *make(PyTypeObject *type, Core *core, PyObject *callback, PyObject *const *args, Py_ssize_t count,
                      PyObject *context)
{
    struct state *state = core->state;
    PyObject *handle = allocate(state, type);
    if (!handle)
        return NULL;
    bool has_arguments = set_arguments(state, handle, args, count);
    SLOT(handle, callback) = Py_NewRef(callback);
    SLOT(handle, cancelled) = Py_NewRef(Py_False);
    SLOT(handle, loop) = Py_NewRef((PyObject *)core);
    SLOT(handle, traceback) = Py_NewRef(Py_None);
    SLOT(handle, repr) = Py_NewRef(Py_None);
    SLOT(handle, context) = context ? Py_NewRef(context) : PyContext_CopyCurrent();
    PyObject_GC_Track(handle);
    if (!has_arguments || !SLOT(handle, context))
        Py_CLEAR(handle);
    return handle;
}

/* By asyncio's __init__, which notes where the call was made. */
static PyObject *make_in_debug_mode(PyTypeObject *type, Core *core, PyObject *when, PyObject *callback,
                                    PyObject *const *args, Py_ssize_t count, PyObject *context)
{
    PyObject *tuple = tuple_of(args, count);
    if (!tuple)
        return NULL;
    PyObject *stack[] = {when, callback, tuple, (PyObject *)core, context ? context : Py_None};
    PyObject *handle = when ? PyObject_Vectorcall((PyObject *)type, stack, 5, NULL)
                            : PyObject_Vectorcall((PyObject *)type, stack + 1, 4, NULL);
    Py_DECREF(tuple);
    return handle;
}

PyObject *handle_new(Core *core, PyObject *callback, PyObject *const *args, Py_ssize_t count, PyObject *context)
{
    PyTypeObject *type = core->state->handle_type;
    if (core->debug)
        return make_in_debug_mode(type, core, NULL, callback, args, count, context);
    return make(type, core, callback, args, count, context);
}

static PyObject *make_timer(Core *core, PyObject *when, PyObject *callback, PyObject *const *args, Py_ssize_t count,
                            PyObject *context)
{
    struct state *state = core->state;
    PyTypeObject *type = state->timer_handle_type;
    if (core->debug)
        return make_in_debug_mode(type, core, when, callback, args, count, context);
    PyObject *handle = make(type, core, callback, args, count, context);
    if (handle) {
        SLOT(handle, when) = Py_NewRef(when);
        SLOT(handle, scheduled) = Py_NewRef(Py_False);
    }
    return handle;
}

PyObject *timer_handle_new(Core *core, double when, PyObject *when_object, PyObject *callback, PyObject *const *args,
                           Py_ssize_t count, PyObject *context)
{
    struct state *state = core->state;
    PyObject *boxed = when_object ? Py_NewRef(when_object) : PyFloat_FromDouble(when);
    PyObject *handle = boxed ? make_timer(core, boxed, callback, args, count, context) : NULL;
    Py_XDECREF(boxed);
    if (handle && timers_add(core, handle, when) < 0)
        Py_CLEAR(handle);
    if (handle)
        Py_XSETREF(SLOT(handle, scheduled), Py_NewRef(Py_True));
    return handle;
}

/* ==== the end of one ==== */

static int traverse(PyObject *handle, visitproc visit, void *arg)
{
    const struct state *state = handle_part(handle)->state;
    Py_VISIT(Py_TYPE(handle));
    Py_VISIT(SLOT(handle, callback));
    Py_VISIT(SLOT(handle, args));
    Py_VISIT(SLOT(handle, traceback));
    Py_VISIT(SLOT(handle, context));
    Py_VISIT(SLOT(handle, loop));
    return 0;
}

static int clear(PyObject *handle)
{
    const struct state *state = handle_part(handle)->state;
    handle_part(handle)->one = false;
    Py_CLEAR(SLOT(handle, callback));
    Py_CLEAR(SLOT(handle, args));
    Py_CLEAR(SLOT(handle, traceback));
    Py_CLEAR(SLOT(handle, context));
    Py_CLEAR(SLOT(handle, loop));
    return 0;
}

static void clear_all(const struct state *state, PyObject *handle)
{
    clear(handle);
    Py_CLEAR(SLOT(handle, cancelled));
    Py_CLEAR(SLOT(handle, repr));
    if (Py_TYPE(handle) == state->timer_handle_type) {
        Py_CLEAR(SLOT(handle, scheduled));
        Py_CLEAR(SLOT(handle, when));
    }
}

static void deallocate(PyObject *handle)
{
    struct state *state = handle_part(handle)->state;
    PyTypeObject *type = Py_TYPE(handle);
    PyObject_GC_UnTrack(handle);
    if (SLOT(handle, weak))
        PyObject_ClearWeakRefs(handle);
    clear_all(state, handle);
    if (type == state->handle_type && state->free_count < state->free_limit)
        state->free_handles[state->free_count++] = handle;
    else
        PyObject_GC_Del(handle);
    Py_DECREF(type);
    Py_DECREF(state->module);
}

void handles_free_all(struct state *state)
{
    state->free_limit = 0;
    while (state->free_count > 0)
        PyObject_GC_Del(state->free_handles[--state->free_count]);
}

/* ==== cancelling ==== */

void handle_is_not_scheduled(PyObject *handle)
{
    const struct state *state = handle_part(handle)->state;
    Py_XSETREF(SLOT(handle, scheduled), Py_NewRef(Py_False));
}

/* In debug mode its text is kept, for the call is forgotten. -1: an exception is set. */
static int keep_text(const struct state *state, PyObject *handle)
{
    Core *core = (Core *)SLOT(handle, loop);
    if (!core || !core->debug)
        return 0;
    PyObject *text = PyObject_Repr(handle);
    if (text)
        Py_XSETREF(SLOT(handle, repr), text);
    return text ? 0 : -1;
}

static void forget_call(const struct state *state, PyObject *handle)
{
    Core *core = (Core *)SLOT(handle, loop);
    if (core && handle_part(handle)->place)
        timers_remove(core, handle);
    handle_part(handle)->one = false;
    Py_XSETREF(SLOT(handle, callback), Py_NewRef(Py_None));
    Py_XSETREF(SLOT(handle, args), Py_NewRef(Py_None));
}

PyObject *handle_cancel(PyObject *handle, PyObject *none)
{
    const struct state *state = handle_part(handle)->state;
    (void)none;
    if (handle_is_cancelled(state, handle))
        Py_RETURN_NONE;
    Py_XSETREF(SLOT(handle, cancelled), Py_NewRef(Py_True)); /* the text says so */
    if (keep_text(state, handle) < 0)
        return NULL;
    Py_INCREF(handle); /* the heap's reference may be the last one */
    forget_call(state, handle);
    Py_DECREF(handle);
    Py_RETURN_NONE;
}

/* ==== calling ==== */

PyObject *take_exception(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

static int report(const struct state *state, PyObject *handle)
{
    if (exception_ends_run())
        return -1;
    PyObject *exception = take_exception();
    PyObject *result = PyObject_CallFunctionObjArgs(state->helpers.report, handle, exception, NULL);
    Py_XDECREF(exception);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

static PyObject *call(PyObject *callback, PyObject *args, bool one)
{
    if (!args)
        return PyObject_CallNoArgs(callback);
    if (one)
        return PyObject_CallOneArg(callback, args);
    if (PyTuple_CheckExact(args))
        return PyObject_Vectorcall(callback, &PyTuple_GET_ITEM(args, 0), (size_t)PyTuple_GET_SIZE(args), NULL);
    return PyObject_Call(callback, args, NULL);
}

int handle_execute(const struct state *state, PyObject *handle)
{
    if (handle_is_cancelled(state, handle))
        return 0;
    bool one = handle_part(handle)->one;
    PyObject *callback = Py_NewRef(SLOT(handle, callback)), *args = Py_XNewRef(SLOT(handle, args));
    PyObject *context = Py_NewRef(SLOT(handle, context)), *result = NULL;
    if (PyContext_Enter(context) == 0) {
        result = call(callback, args, one);
        PyContext_Exit(context);
    }
    Py_DECREF(context);
    Py_XDECREF(args);
    Py_DECREF(callback);
    Py_XDECREF(result);
    return result ? 0 : report(state, handle);
}

static PyObject *run(PyObject *handle, PyObject *none)
{
    const struct state *state = handle_part(handle)->state;
    (void)none;
    if (SLOT(handle, callback) && handle_execute(state, handle) < 0) /* else it was cleared */
        return NULL;
    Py_RETURN_NONE;
}

/* ==== the types ==== */

/* _args is a tuple for whoever asks. */
static PyObject *get_args(PyObject *handle, void *closure)
{
    const struct state *state = handle_part(handle)->state;
    PyObject *args = SLOT(handle, args);
    (void)closure;
    if (!args)
        return PyTuple_New(0);
    return handle_part(handle)->one ? PyTuple_Pack(1, args) : Py_NewRef(args);
}

static int set_args(PyObject *handle, PyObject *value, void *closure)
{
    const struct state *state = handle_part(handle)->state;
    (void)closure;
    handle_part(handle)->one = false;
    Py_XSETREF(SLOT(handle, args), Py_XNewRef(value));
    return 0;
}

static PyGetSetDef getset[] = {{"_args", get_args, set_args, NULL, NULL}, {0}};
static PyMethodDef methods[] = {METHOD_NONE("cancel", handle_cancel), METHOD_NONE("_run", run), {0}};
static PyType_Slot slots[] = {{Py_tp_dealloc, deallocate},
                              {Py_tp_traverse, traverse},
                              {Py_tp_clear, clear},
                              {Py_tp_methods, methods},
                              {Py_tp_getset, getset},
                              {Py_tp_alloc, allocate_for_python},
                              {0, NULL}};

/* 0: there is no such slot, and an exception is set. */
static Py_ssize_t offset_of(PyObject *type, const char *name)
{
    PyObject *member = PyObject_GetAttrString(type, name);
    Py_ssize_t offset = 0;
    if (member && Py_IS_TYPE(member, &PyMemberDescr_Type))
        offset = ((PyMemberDescrObject *)member)->d_member->offset;
    Py_XDECREF(member);
    if (offset <= 0 && !PyErr_Occurred())
        PyErr_Format(PyExc_ImportError, "eddyloop does not know this version of asyncio: its handles have no slot %s",
                     name);
    return offset;
}

static int find_layout(struct handle_layout *layout, PyObject *handle, PyObject *timer)
{
    layout->callback = offset_of(handle, "_callback");
    layout->args = offset_of(handle, "_args");
    layout->cancelled = offset_of(handle, "_cancelled");
    layout->loop = offset_of(handle, "_loop");
    layout->traceback = offset_of(handle, "_source_traceback");
    layout->repr = offset_of(handle, "_repr");
    layout->context = offset_of(handle, "_context");
    layout->scheduled = offset_of(timer, "_scheduled");
    layout->when = offset_of(timer, "_when");
    layout->weak = ((PyTypeObject *)handle)->tp_weaklistoffset;
    return PyErr_Occurred() ? -1 : 0;
}

static PyTypeObject *derive(PyObject *module, PyObject *base, const char *name)
{
    PyType_Spec spec = {.name = name,
                        .basicsize =
                            (int)(((PyTypeObject *)base)->tp_basicsize + (Py_ssize_t)sizeof(struct handle_part)),
                        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                        .slots = slots};
    return (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, base);
}

static int make_types(PyObject *module, struct state *state, PyObject *handle, PyObject *timer)
{
    if (find_layout(&state->layout, handle, timer) < 0)
        return -1;
    state->handle_type = derive(module, handle, "eddyloop._core.Handle");
    state->timer_handle_type = state->handle_type ? derive(module, timer, "eddyloop._core.TimerHandle") : NULL;
    if (!state->timer_handle_type || PyModule_AddType(module, state->handle_type) < 0)
        return -1;
    return PyModule_AddType(module, state->timer_handle_type);
}

int handle_types_ready(PyObject *module, struct state *state)
{
    PyObject *events = PyImport_ImportModule("asyncio.events");
    PyObject *handle = events ? PyObject_GetAttrString(events, "Handle") : NULL;
    PyObject *timer = handle ? PyObject_GetAttrString(events, "TimerHandle") : NULL;
    int error = timer ? make_types(module, state, handle, timer) : -1;
    Py_XDECREF(timer);
    Py_XDECREF(handle);
    Py_XDECREF(events);
    return error;
}
