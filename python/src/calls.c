/* SPDX-License-Identifier: MIT */
/* calls.c - call_soon, call_later, call_at, create_future, create_task. */
#include "handle.h"

#include <math.h>

/* ==== arguments ==== */

/* asyncio's tasks and futures pass a string of their own, which is not interned: it is known when it comes again. */
static bool says_context(struct state *state, PyObject *name)
{
    if (name == state->names.context || name == state->other_context)
        return true;
    if (PyUnicode_CompareWithASCIIString(name, "context") != 0)
        return false;
    Py_XSETREF(state->other_context, Py_NewRef(name));
    return true;
}

/* The only named argument is `context`. -1: an exception is set. */
static int take_context(Core *self, const char *method, PyObject *names, PyObject *const *values, PyObject **context)
{
    *context = NULL;
    if (!names || PyTuple_GET_SIZE(names) == 0)
        return 0;
    if (PyTuple_GET_SIZE(names) == 1 && says_context(self->state, PyTuple_GET_ITEM(names, 0))) {
        *context = values[0] == Py_None ? NULL : values[0];
        return 0;
    }
    PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument", method);
    return -1;
}

static int check_count(const char *method, Py_ssize_t count, Py_ssize_t needed)
{
    if (count >= needed)
        return 0;
    PyErr_Format(PyExc_TypeError, "%s() missing %zd required positional argument%s", method, needed - count,
                 needed - count == 1 ? "" : "s");
    return -1;
}

static int check_callback(Core *self, const char *method, PyObject *callback)
{
    if (self->closed) {
        PyErr_SetString(PyExc_RuntimeError, "Event loop is closed");
        return -1;
    }
    if (!self->debug)
        return 0;
    PyObject *done = PyObject_CallMethod((PyObject *)self, "_eddy_check", "Os", callback, method);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* ==== calls that are ready ==== */

static PyObject *soon(Core *self, const char *method, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *context;
    if (take_context(self, method, names, args + count, &context) < 0 || check_count(method, count, 1) < 0 ||
        check_callback(self, method, args[0]) < 0)
        return NULL;
    PyObject *handle = handle_new(self, args[0], args + 1, count - 1, context);
    if (handle && ready_push(self, handle) < 0)
        Py_CLEAR(handle);
    return handle;
}

static PyObject *call_soon(Core *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return soon(self, "call_soon", args, count, names);
}

/*
 * `call_soon` is an attribute whose value is made once for each run: tasks and futures ask for it at each of their
 * steps, and an ordinary method would be bound anew each time.  It may be replaced, as that of a loop in Python.
 */
static PyMethodDef call_soon_method = METHOD_NAMED("call_soon", call_soon);

static PyObject *get_call_soon(Core *self, void *closure)
{
    (void)closure;
    if (self->replaced_call_soon)
        return Py_NewRef(self->replaced_call_soon);
    return self->call_soon ? Py_NewRef(self->call_soon) : PyCFunction_New(&call_soon_method, (PyObject *)self);
}

static int set_call_soon(Core *self, PyObject *value, void *closure)
{
    (void)closure;
    Py_XSETREF(self->replaced_call_soon, Py_XNewRef(value));
    return 0;
}

int calls_begin_run(Core *self)
{
    Py_XSETREF(self->call_soon, PyCFunction_New(&call_soon_method, (PyObject *)self));
    return self->call_soon ? 0 : -1;
}

void calls_end_run(Core *self)
{
    Py_CLEAR(self->call_soon); /* it refers to the loop, and the loop to it */
}

PyGetSetDef call_soon_attribute = {"call_soon", (getter)get_call_soon, (setter)set_call_soon, NULL, NULL};

/* In virtual time the clock may have to go on: see eddyloop/held.py. -1: an exception is set. */
static int note_thread(Core *self, PyObject *callback)
{
    if (!self->virtual_time || self->thread == PyThread_get_thread_ident())
        return 0;
    PyObject *done = PyObject_CallMethodOneArg((PyObject *)self, self->state->names._eddy_called_by_thread, callback);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static PyObject *call_soon_threadsafe(Core *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *handle = soon(self, "call_soon_threadsafe", args, count, names);
    if (handle && note_thread(self, args[0]) < 0)
        Py_CLEAR(handle);
    if (handle)
        core_wake(self);
    return handle;
}

static PyObject *write_to_self(Core *self, PyObject *none)
{
    (void)none;
    core_wake(self);
    Py_RETURN_NONE;
}

static PyObject *add_callback(Core *self, PyObject *handle)
{
    bool cancelled = is_handle(self->state, handle) && handle_is_cancelled(self->state, handle);
    if (!cancelled && ready_push(self, handle) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ==== timers ==== */

/* NaN: an exception is set. */
static double seconds_of(PyObject *object, const char *refusal)
{
    if (object == Py_None) {
        PyErr_SetString(PyExc_TypeError, refusal);
        return NAN;
    }
    double seconds = PyFloat_AsDouble(object);
    if (seconds == -1 && PyErr_Occurred())
        return NAN;
    if (isnan(seconds))
        PyErr_SetString(PyExc_ValueError, "the time is not a number");
    return seconds;
}

static PyObject *call_later(Core *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *context;
    if (take_context(self, "call_later", names, args + count, &context) < 0 ||
        check_count("call_later", count, 2) < 0)
        return NULL;
    double delay = seconds_of(args[0], "delay must not be None");
    if (isnan(delay) || check_callback(self, "call_at", args[1]) < 0 /* asyncio's word */)
        return NULL;
    return timer_handle_new(self, core_now(self) + delay, NULL, args[1], args + 2, count - 2, context);
}

static PyObject *call_at(Core *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *context;
    if (take_context(self, "call_at", names, args + count, &context) < 0 || check_count("call_at", count, 2) < 0)
        return NULL;
    double when = seconds_of(args[0], "when cannot be None");
    if (isnan(when) || check_callback(self, "call_at", args[1]) < 0)
        return NULL;
    return timer_handle_new(self, when, args[0], args[1], args + 2, count - 2, context);
}

static PyObject *now(Core *self, PyObject *none)
{
    (void)none;
    return PyFloat_FromDouble(core_now(self));
}

/* ==== futures and tasks ==== */

static PyObject *create_future(Core *self, PyObject *none)
{
    PyObject *stack[2] = {NULL, (PyObject *)self};
    (void)none;
    return PyObject_Vectorcall(self->state->future_type, stack + 1, 0 | PY_VECTORCALL_ARGUMENTS_OFFSET,
                               self->state->only_loop);
}

/* By asyncio's own code: with a task factory, in debug mode, and whatever else there may be. */
static PyObject *create_task_slowly(Core *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    PyObject **stack = PyMem_New(PyObject *, 1 + count + named);
    if (!stack)
        return PyErr_NoMemory();
    stack[0] = (PyObject *)self;
    for (Py_ssize_t i = 0; i < count + named; i++)
        stack[i + 1] = args[i];
    PyObject *task = PyObject_Vectorcall(self->state->create_task, stack, (size_t)(count + 1), names);
    PyMem_Free(stack);
    return task;
}

/* Finds `name` and `context`. False: there is something else. */
static bool take_task_arguments(const struct state *state, PyObject *const *values, PyObject *names, PyObject **name,
                                PyObject **context)
{
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++) {
        if (PyTuple_GET_ITEM(names, i) == state->names.name)
            *name = values[i];
        else if (PyTuple_GET_ITEM(names, i) == state->names.context)
            *context = values[i];
        else
            return false;
    }
    return true;
}

/* Task(coro, loop=self, name=name, context=context) */
static PyObject *create_task(Core *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    const struct state *state = self->state;
    PyObject *name = Py_None, *context = Py_None, *stack[5];
    if (count != 1 || self->task_factory != Py_None || self->debug || self->closed ||
        !take_task_arguments(state, args + count, names, &name, &context))
        return create_task_slowly(self, args, count, names);
    PyObject **next = stack + 1;
    *next++ = args[0];
    *next++ = (PyObject *)self;
    if (name != Py_None)
        *next++ = name;
    if (context != Py_None)
        *next++ = context;
    PyObject *kinds = name == Py_None ? (context == Py_None ? state->only_loop : state->loop_context)
                                      : (context == Py_None ? state->loop_name : state->loop_name_context);
    return PyObject_Vectorcall(state->task_type, stack + 1, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET, kinds);
}

PyMethodDef call_methods[] = {METHOD_NAMED("_eddy_call_soon", call_soon),
                              METHOD_NAMED("call_soon_threadsafe", call_soon_threadsafe),
                              METHOD_NAMED("call_later", call_later),
                              METHOD_NAMED("call_at", call_at),
                              METHOD_NONE("time", now),
                              METHOD_NONE("create_future", create_future),
                              METHOD_NAMED("create_task", create_task),
                              METHOD_NONE("_write_to_self", write_to_self),
                              METHOD_ONE("_add_callback", add_callback),
                              {0}};
