/* SPDX-License-Identifier: MIT */
/* awaited.h - what awaitables in C have in common: send() and throw() as coroutines have them. */
#ifndef EDDYLOOP_AWAITED_H
#define EDDYLOOP_AWAITED_H

#include "state.h"

/* The method send: a result becomes StopIteration. */
PyObject *awaited_send(PyObject *self, PyObject *argument, sendfunc send);
/* False: throw() was called with too few or too many arguments, and an exception is set. */
bool awaited_may_throw(Py_ssize_t count);
/* throw(exception) or throw(type, value, traceback): into `inner`, or if it is NULL, out of the caller. */
PyObject *awaited_throw(PyObject *inner, PyObject *name, PyObject *const *args, Py_ssize_t count);

#endif
