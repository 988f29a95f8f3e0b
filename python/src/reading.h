/* SPDX-License-Identifier: MIT */
/* reading.h - what `read` and its relatives return: an awaitable in place of a coroutine of asyncio's. */
#ifndef EDDYLOOP_READING_H
#define EDDYLOOP_READING_H

#include "state.h"

enum reading_kind {
    READING_SOME,    /* read(n) */
    READING_EXACTLY, /* readexactly(n) */
    READING_LINE,    /* readline() */
    READING_NOTHING  /* it has None at once: drain() */
};

/* A method in C of a class that derives from one of asyncio's. */
struct stream_method {
    PyObject_HEAD vectorcallfunc call;
    struct state *state;
    PyObject *asyncios; /* the method of asyncio's class, for what is rare */
};

/* `method`: the stream_method that was called. NULL: an exception is set. */
PyObject *reading_new(struct state *state, enum reading_kind kind, PyObject *reader, Py_ssize_t n, PyObject *method);
int reading_type_ready(PyObject *module, struct state *state);

/* The attribute is this very object; if there is none, it is not. */
bool stream_has(PyObject *object, PyObject *name, PyObject *wanted);
size_t stream_limit(const struct state *state, PyObject *reader);

#endif
