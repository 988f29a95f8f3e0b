/* SPDX-License-Identifier: MIT */
/* handle.h - handles of calls: asyncio's own types, whose slots are written in place, with a part for the loop. */
#ifndef EDDYLOOP_HANDLE_H
#define EDDYLOOP_HANDLE_H

#include "core.h"

/* The last part of a handle. */
struct handle_part {
    struct state *state;
    size_t place; /* in the heap of timers, from 1; 0: it is not there */
    bool one;     /* _args is the argument itself, not a tuple */
};

static inline struct handle_part *handle_part(PyObject *handle)
{
    return (struct handle_part *)(void *)((char *)handle + Py_TYPE(handle)->tp_basicsize -
                                          sizeof(struct handle_part));
}
static inline PyObject **handle_slot(PyObject *handle, Py_ssize_t offset)
{
    return (PyObject **)(void *)((char *)handle + offset);
}
static inline bool is_handle(const struct state *state, PyObject *object)
{
    return Py_TYPE(object) == state->handle_type || Py_TYPE(object) == state->timer_handle_type;
}
static inline bool handle_is_cancelled(const struct state *state, PyObject *handle)
{
    return *handle_slot(handle, state->layout.cancelled) == Py_True;
}

/* NULL: an exception is set. context NULL: the current one. */
PyObject *handle_new(Core *core, PyObject *callback, PyObject *const *args, Py_ssize_t count, PyObject *context);
/* when_object: `when` itself, if the caller has one; else NULL. */
PyObject *timer_handle_new(Core *core, double when, PyObject *when_object, PyObject *callback, PyObject *const *args,
                           Py_ssize_t count, PyObject *context);
PyObject *handle_cancel(PyObject *handle, PyObject *none);
/* It is not in the heap of timers any more. */
void handle_is_not_scheduled(PyObject *handle);
/* Calls it. -1: an exception that ends the run is set. */
int handle_execute(const struct state *state, PyObject *handle);
/* The pending exception is one that ends the run. */
static inline bool exception_ends_run(void)
{
    return PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) || PyErr_ExceptionMatches(PyExc_SystemExit);
}
/* Takes the pending exception, with its traceback. */
PyObject *take_exception(void);

#endif
