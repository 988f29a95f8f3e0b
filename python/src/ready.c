/* SPDX-License-Identifier: MIT */
/* ready.c - the calls that are ready, in the order of call_soon. */
#include "handle.h"

static int grow(struct ready *ready)
{
    size_t capacity = ready->capacity ? ready->capacity * 2 : 64;
    PyObject **handles = PyMem_New(PyObject *, capacity);
    if (!handles) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < ready->count; i++)
        handles[i] = ready->handles[(ready->head + i) & (ready->capacity - 1)];
    PyMem_Free(ready->handles);
    ready->handles = handles;
    ready->head = 0;
    ready->capacity = capacity;
    return 0;
}

int ready_push(Core *core, PyObject *handle)
{
    struct ready *ready = &core->ready;
    if (ready->count == ready->capacity && grow(ready) < 0)
        return -1;
    ready->handles[(ready->head + ready->count++) & (ready->capacity - 1)] = Py_NewRef(handle);
    return 0;
}

PyObject *ready_pop(Core *core)
{
    struct ready *ready = &core->ready;
    PyObject *handle = ready->handles[ready->head];
    ready->head = (ready->head + 1) & (ready->capacity - 1);
    ready->count--;
    return handle;
}

int core_call_soon(Core *core, PyObject *callback)
{
    PyObject *handle = handle_new(core, callback, NULL, 0, NULL);
    int error = handle ? ready_push(core, handle) : -1;
    Py_XDECREF(handle);
    return error;
}

/* ==== the simulation's order ==== */

/* With or without the module before it: that depends on the version of CPython. */
static bool is_named(const PyTypeObject *type, const char *name)
{
    const char *dot = strrchr(type->tp_name, '.');
    return strcmp(dot ? dot + 1 : type->tp_name, name) == 0;
}

/* A step of a task; the order of other calls is promised. */
static bool is_step(const struct state *state, PyObject *handle)
{
    if (!is_handle(state, handle))
        return false;
    PyObject *callback = *handle_slot(handle, state->layout.callback);
    if (PyCFunction_Check(callback) && PyCFunction_GET_SELF(callback))
        return PyObject_TypeCheck(PyCFunction_GET_SELF(callback), (PyTypeObject *)state->task_type);
    return callback && is_named(Py_TYPE(callback), "TaskStepMethWrapper");
}

static uint64_t next_random(Core *core)
{
    core->random ^= core->random << 13;
    core->random ^= core->random >> 7;
    core->random ^= core->random << 17;
    return core->random;
}

void ready_shuffle(Core *core, size_t n)
{
    struct ready *ready = &core->ready;
    size_t *steps = PyMem_New(size_t, n), count = 0;
    for (size_t i = 0; steps && i < n; i++)
        if (is_step(core->state, ready->handles[(ready->head + i) & (ready->capacity - 1)]))
            steps[count++] = (ready->head + i) & (ready->capacity - 1);
    for (size_t i = count; i > 1; i--) {
        PyObject **last = &ready->handles[steps[i - 1]], **other = &ready->handles[steps[next_random(core) % i]];
        PyObject *handle = *last;
        *last = *other;
        *other = handle;
    }
    PyMem_Free(steps);
}
