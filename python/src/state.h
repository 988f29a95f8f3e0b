/* SPDX-License-Identifier: MIT */
/*
 * state.h - what the extension keeps for each interpreter that imports it: its types, asyncio's, names, helpers.
 *
 * Invariant: nothing of the extension is static; so each interpreter of a process has a state of its own.
 */
#ifndef EDDYLOOP_STATE_H
#define EDDYLOOP_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <stdbool.h>

/* Functions of eddyloop/helpers.py, for what is rare. */
#define HELPERS(X) X(report) X(debug_run) X(attach) X(fatal) X(make_socket) X(accepted_ssl) X(accept_error)       \
    X(made_failed) X(buffered_protocol) X(warn_lost) X(unclosed)        \
    X(datagram_error) X(ssl_again) X(no_sendfile)
/* Names of attributes and arguments, interned. */
#define NAMES(X) X(loop) X(context) X(name) X(_run) X(connection_made) X(connection_lost) X(data_received) \
    X(get_buffer) X(buffer_updated) X(eof_received) X(pause_writing) X(resume_writing) X(set_result) \
    X(set_exception) X(done) X(detach) X(close) X(create_future) X(_eddy_start) X(_eddy_finish) X(_eddy_resumed) \
    X(_eddy_called_by_thread) \
    X(_eddy_begin_signals) X(_eddy_end_signals) X(_eddy_socket) X(getsockname) X(getpeername) X(__class__) \
    X(_stream_reader) X(_stream_writer) X(_waiter) X(_transport) X(_paused) X(_buffer) X(_eof) X(_limit) \
    X(_exception) X(_connection_lost) X(_reader) X(_protocol) X(_loop) X(cancelled) X(throw) X(resume_reading) \
    X(_maybe_resume_transport) X(datagram_received) X(error_received) X(_conn_lost) \
    X(_ensure_fd_no_transport) X(fileno) X(pending) X(read) X(write) X(_write_backlog) X(_app_reading_paused) \
    X(_ssl_reading_paused) X(_ssl_writing_paused) X(_app_writing_paused) X(_eddy_failed) X(_eddy_ended) \
    X(_eddy_settle) X(_eddy_write_slowly)

/* Where asyncio's handles keep their slots: offsets in bytes. */
struct handle_layout {
    Py_ssize_t callback, args, cancelled, loop, traceback, repr, context, weak;
    Py_ssize_t scheduled, when; /* of timer handles */
};

enum { FREE_HANDLES = 512 };

/* Those of eddyloop/streams.py, and those of asyncio that they derive from. */
struct stream_classes {
    PyTypeObject *reader, *writer, *protocol;
    PyObject *asyncio_reader, *asyncio_writer, *asyncio_protocol;
};

struct state {
    PyObject *module; /* whose it is; loops and handles refer to it, and do not tell the collector: it outlives them */
    PyTypeObject *core_type, *handle_type, *timer_handle_type, *transport_type, *listener_type;
    PyTypeObject *reading_type, *datagrams_type, *socket_call_type, *tls_type;
    struct stream_classes streams; /* NULL before they are made */
    struct handle_layout layout;
    PyObject *future_type, *task_type;  /* of _asyncio */
    PyObject *socket_type;              /* socket.socket */
    PyObject *sock_recv, *sock_recv_into, *sock_sendall; /* those of asyncio's loop */
    PyObject *create_task;              /* BaseEventLoop.create_task: for what the fast one does not know */
    PyObject *only_loop;                /* ("loop",): names of the arguments that follow */
    PyObject *loop_name, *loop_context, *loop_name_context;
    PyObject *minus_one;
    PyObject *other_context;            /* the word "context" as another string: see calls.c; NULL: none came so far */
    struct {
#define MEMBER(name) PyObject *name;
        HELPERS(MEMBER)
    } helpers;
    struct {
        NAMES(MEMBER)
#undef MEMBER
    } names;
    PyObject *free_handles[FREE_HANDLES]; /* memory of handles that are gone */
    int free_count, free_limit;
};

extern struct PyModuleDef module_definition;

static inline struct state *state_of(PyObject *module)
{
    return (struct state *)PyModule_GetState(module);
}
/* For the module's own types, which nobody derives from. */
static inline struct state *state_of_type(PyTypeObject *type)
{
    return (struct state *)PyType_GetModuleState(type);
}

/* Methods that other files have. -1: an exception is set. */
int add_methods(PyTypeObject *type, PyMethodDef *list);
/* Each adds its types to the module. -1: an exception is set. */
int handle_types_ready(PyObject *module, struct state *state);
/* While their type still lives; no memory is kept from now on. */
void handles_free_all(struct state *state);
int core_type_ready(PyObject *module, struct state *state);
int transport_type_ready(PyObject *module, struct state *state);
int listener_type_ready(PyObject *module, struct state *state);
int datagrams_type_ready(PyObject *module, struct state *state);
int socket_call_type_ready(PyObject *module, struct state *state);
int stream_types_ready(PyObject *module, struct state *state);

/* values: one for each known name, whose list ends with NULL; NULL: it was not given. The first one is needed. -1: an
 * exception is set. */
int take_arguments(const char *method, const char *const *known, PyObject *const *args, Py_ssize_t count,
                   PyObject *names, PyObject **values);
/* The only one; borrowed. NULL: an exception is set. */
PyObject *find_argument(const char *method, const char *name, PyObject *const *args, Py_ssize_t count, PyObject *names);
/* The same, fast where it has no name. */
static inline PyObject *only_argument(const char *method, const char *name, PyObject *const *args, Py_ssize_t count,
                                      PyObject *names)
{
    return count == 1 && !names ? args[0] : find_argument(method, name, args, count, names);
}

#define METHOD_NONE(name, function) {name, (PyCFunction)(void (*)(void))function, METH_NOARGS, NULL}
#define METHOD_ONE(name, function) {name, (PyCFunction)(void (*)(void))function, METH_O, NULL}
#define METHOD_FAST(name, function) {name, (PyCFunction)(void (*)(void))function, METH_FASTCALL, NULL}
#define METHOD_NAMED(name, function) {name, (PyCFunction)(void (*)(void))function, METH_FASTCALL | METH_KEYWORDS, NULL}

#endif
