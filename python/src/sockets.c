/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - sock_recv, sock_recv_into, sock_sendall, what sends of sock_sendfile and of a transport's sendfile, and
 * the wait of sock_accept and sock_connect.
 *
 * Each returns an awaitable that a task runs.  It makes the system call; if that would block, it waits for the
 * descriptor by an operation, and makes the call again when the task has been woken.  So a task that is cancelled has
 * taken nothing.
 * Invariant: `inner` is the iterator of `waiter`, the future that `ready` completes; both are NULL or neither.
 */
#include "sockets.h"

#include "awaited.h"
#include "handle.h"

#include <errno.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { RECV, RECV_INTO, SENDALL, SENDFILE, READY };

enum { MOST_OF_FILE = 1 << 17 }; /* bytes of a file in a pass of the loop: then others have their turn */

typedef struct socket_call {
    PyObject_HEAD Core *core;
    PyObject *sock;
    PyObject *waiter, *inner;
    struct operation ready;
    Py_buffer view;  /* of recv_into and sendall; view.obj NULL: none */
    Py_ssize_t size; /* bytes that are wanted, or that were sent */
    Py_ssize_t wanted; /* bytes of the file, of which there may be fewer */
    int64_t offset;    /* where they begin */
    PyObject *file;    /* NULL: none */
    int file_fd;
    enum kind kind;
    int fd;
    bool writes;
    bool waited; /* of READY: once is enough */
    bool over;   /* it has ended, and does not begin anew */
} SocketCall;

static PySendResult step(SocketCall *self, PyObject *argument, PyObject **result);

/* ==== waiting ==== */

static int start(struct operation *op)
{
    SocketCall *self = (SocketCall *)op->owner;
    return eddy_operation_poll(&op->op, self->fd, self->writes ? POLLOUT : POLLIN);
}

static bool is_done(const struct state *state, PyObject *future)
{
    PyObject *done = PyObject_CallMethodNoArgs(future, state->names.done);
    int is_true = done ? PyObject_IsTrue(done) : 1;
    Py_XDECREF(done);
    PyErr_Clear();
    return is_true != 0;
}

/* The task makes the call again, and finds out what is the matter. A closed loop runs no task. */
static int wake(SocketCall *self)
{
    const struct state *state = self->core->state;
    if (!self->waiter || self->core->closed || is_done(state, self->waiter))
        return 0;
    PyObject *set = PyObject_CallMethodOneArg(self->waiter, state->names.set_result, Py_None);
    Py_XDECREF(set);
    return set ? 0 : -1;
}

static int done(struct operation *op)
{
    return wake((SocketCall *)op->owner);
}

/* Borrowed; NULL: none. */
static SocketCall *find_sending(Core *core, int fd)
{
    for (struct operation *op = core->live; op; op = op->live_next)
        if (Py_TYPE(op->owner) == core->state->socket_call_type && ((SocketCall *)op->owner)->kind == SENDFILE &&
            ((SocketCall *)op->owner)->fd == fd)
            return (SocketCall *)op->owner;
    return NULL;
}

int socket_end_sending(Core *core, int fd)
{
    SocketCall *self = (SocketCall *)Py_XNewRef((PyObject *)find_sending(core, fd));
    int error = self ? wake(self) : 0;
    Py_XDECREF(self);
    return error;
}

/* Keeps the pending exception. */
static void end_waiting(SocketCall *self)
{
    if (!operation_is_idle(&self->ready))
        operation_cancel(&self->ready);
    Py_CLEAR(self->inner);
    Py_CLEAR(self->waiter);
}

static int refuse_transport(SocketCall *self)
{
    PyObject *fd = PyLong_FromLong(self->fd), *done = NULL;
    if (fd)
        done = PyObject_CallMethodOneArg((PyObject *)self->core, self->core->state->names._ensure_fd_no_transport, fd);
    Py_XDECREF(fd);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static PySendResult wait(SocketCall *self, PyObject **result)
{
    if (refuse_transport(self) < 0)
        return PYGEN_ERROR;
    self->waiter = PyObject_CallMethodNoArgs((PyObject *)self->core, self->core->state->names.create_future);
    PyAsyncMethods *async = self->waiter ? Py_TYPE(self->waiter)->tp_as_async : NULL;
    self->inner = async && async->am_await ? async->am_await(self->waiter) : NULL;
    if (!self->inner) {
        Py_CLEAR(self->waiter);
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "a future of this loop cannot be awaited");
        return PYGEN_ERROR;
    }
    self->waited = true;
    operation_begin(&self->ready);
    return step(self, Py_None, result);
}

/* ==== the calls ==== */

static PySendResult answer(PyObject *value, PyObject **result)
{
    *result = value;
    return value ? PYGEN_RETURN : PYGEN_ERROR;
}

/* After a call of the kernel that failed. */
static PySendResult failed(SocketCall *self, PyObject **result)
{
    if (errno == EAGAIN || errno == EINTR)
        return wait(self, result);
    raise_code(errno);
    return PYGEN_ERROR;
}

static PySendResult try_recv(SocketCall *self, PyObject **result)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, self->size);
    if (!bytes)
        return PYGEN_ERROR;
    ssize_t n = recv(self->fd, PyBytes_AS_STRING(bytes), (size_t)self->size, MSG_DONTWAIT);
    if (n < 0) {
        int error = errno;
        Py_DECREF(bytes);
        errno = error;
        return failed(self, result);
    }
    if (n < self->size)
        _PyBytes_Resize(&bytes, n);
    return answer(bytes, result);
}

static PySendResult try_recv_into(SocketCall *self, PyObject **result)
{
    ssize_t n = recv(self->fd, self->view.buf, (size_t)self->view.len, MSG_DONTWAIT);
    return n < 0 ? failed(self, result) : answer(PyLong_FromSsize_t(n), result);
}

static PySendResult try_sendall(SocketCall *self, PyObject **result)
{
    do {
        ssize_t n = send(self->fd, (char *)self->view.buf + self->size, (size_t)(self->view.len - self->size),
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            return failed(self, result);
        self->size += n;
    } while (self->size < self->view.len);
    return answer(Py_NewRef(Py_None), result);
}

/* The file's pages may have to be read first: other threads run meanwhile. */
static ssize_t send_of_file(SocketCall *self, Py_ssize_t most)
{
    off_t offset = (off_t)(self->offset + self->size);
    Py_ssize_t left = self->wanted - self->size;
    ssize_t n;
    Py_BEGIN_ALLOW_THREADS
    n = sendfile(self->fd, self->file_fd, &offset, (size_t)(left < most ? left : most));
    Py_END_ALLOW_THREADS
    return n;
}

/* As asyncio: before the first byte any error means that the kernel does not do it, and the caller reads and writes. */
static PySendResult sendfile_failed(SocketCall *self, PyObject **result)
{
    if (errno == EAGAIN || errno == EINTR)
        return wait(self, result);
    if (self->size == 0)
        PyErr_SetString(self->core->state->helpers.no_sendfile, "os.sendfile call failed");
    else
        raise_code(errno);
    return PYGEN_ERROR;
}

static PySendResult try_sendfile(SocketCall *self, PyObject **result)
{
    for (Py_ssize_t most = MOST_OF_FILE; most > 0 && self->size < self->wanted;) {
        ssize_t n = send_of_file(self, most);
        if (n < 0)
            return sendfile_failed(self, result);
        if (n == 0)
            return answer(PyLong_FromSsize_t(self->size), result);
        self->size += n;
        most -= n;
    }
    return self->size < self->wanted ? wait(self, result) : answer(PyLong_FromSsize_t(self->size), result);
}

static PySendResult try_again(SocketCall *self, PyObject **result)
{
    switch (self->kind) {
    case RECV: return try_recv(self, result);
    case RECV_INTO: return try_recv_into(self, result);
    case SENDALL: return try_sendall(self, result);
    case SENDFILE: return try_sendfile(self, result);
    default: return self->waited ? answer(Py_NewRef(Py_None), result) : wait(self, result);
    }
}

/* False: an exception is set. */
static bool ask_number(const Core *core, PyObject *sock, int *fd)
{
    PyObject *number = PyObject_CallMethodNoArgs(sock, core->state->names.fileno);
    *fd = number ? (int)PyLong_AsLong(number) : -1;
    Py_XDECREF(number);
    return !PyErr_Occurred();
}

/* One that was closed has another number, or refuses to tell it. Keeps the pending exception. */
static bool has_file(const SocketCall *self)
{
    PyObject *type, *value, *traceback;
    int fd;
    PyErr_Fetch(&type, &value, &traceback);
    bool has = self->file && ask_number(self->core, self->file, &fd) && fd == self->file_fd;
    PyErr_Restore(type, value, traceback);
    return has;
}

/* The file's position is after what was sent, however it ended. */
static void set_position(SocketCall *self)
{
    if (self->size > 0 && has_file(self))
        lseek(self->file_fd, (off_t)(self->offset + self->size), SEEK_SET);
}

/* A socket or a file that was closed while the task waited: its number may be that of another one, whose bytes are not
 * for this task. */
static PySendResult try_if_open(SocketCall *self, PyObject **result)
{
    int fd;
    if (!ask_number(self->core, self->sock, &fd))
        return PYGEN_ERROR;
    if (fd == self->fd && (!self->file || has_file(self)))
        return try_again(self, result);
    if (self->file && fd != self->fd)
        PyErr_SetString(PyExc_ConnectionError, "the socket was closed while a file was sent by it");
    else
        raise_code(EBADF);
    return PYGEN_ERROR;
}

/* ==== as a coroutine ==== */

static PySendResult step(SocketCall *self, PyObject *argument, PyObject **result)
{
    PyObject *inner = Py_NewRef(self->inner); /* what runs there may close this object */
    PySendResult said = PyIter_Send(inner, argument, result);
    Py_DECREF(inner);
    if (said == PYGEN_NEXT)
        return said;
    end_waiting(self);
    if (said == PYGEN_ERROR)
        return said;
    Py_CLEAR(*result);
    return try_if_open(self, result);
}

/* A task keeps this object when it has ended; a bytearray must not stay locked as long. */
static void release_view(SocketCall *self)
{
    if (self->view.obj)
        PyBuffer_Release(&self->view);
    self->view.len = 0;
}

static void end(SocketCall *self)
{
    if (!self->over)
        set_position(self);
    self->over = true;
    end_waiting(self);
    release_view(self);
}

static PySendResult am_send(PyObject *object, PyObject *argument, PyObject **result)
{
    SocketCall *self = (SocketCall *)object;
    *result = NULL;
    if (self->over) {
        PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
        return PYGEN_ERROR;
    }
    PySendResult said = self->inner ? step(self, argument, result) : try_again(self, result);
    if (said != PYGEN_NEXT)
        end(self);
    return said;
}

static PyObject *send_method(PyObject *self, PyObject *argument)
{
    return awaited_send(self, argument, am_send);
}

static PyObject *next_value(PyObject *self)
{
    return send_method(self, Py_None);
}

static PyObject *throw_method(SocketCall *self, PyObject *const *args, Py_ssize_t count)
{
    if (!awaited_may_throw(count))
        return NULL;
    PyObject *result = awaited_throw(self->inner, self->core->state->names.throw, args, count);
    if (!result)
        end(self);
    return result;
}

static PyObject *close_method(SocketCall *self, PyObject *none)
{
    (void)none;
    end(self);
    Py_RETURN_NONE;
}

static PyObject *itself(PyObject *self)
{
    return Py_NewRef(self);
}

/* ==== its life ==== */

static int traverse(SocketCall *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->core);
    Py_VISIT(self->sock);
    Py_VISIT(self->file);
    Py_VISIT(self->waiter);
    Py_VISIT(self->inner);
    Py_VISIT(self->view.obj);
    return 0;
}

/* Its operation may be in flight if the loop dies with it; `done` finds no waiter. */
static int clear(SocketCall *self)
{
    self->over = true;
    Py_CLEAR(self->inner);
    Py_CLEAR(self->waiter);
    Py_CLEAR(self->sock);
    Py_CLEAR(self->file);
    return 0;
}

static void deallocate(SocketCall *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    clear(self);
    release_view(self);
    Py_CLEAR(self->core);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* For the repr of a task that runs it. */
static PyObject *get_name(SocketCall *self, void *closure)
{
    static const char *const names[] = {"Loop.sock_recv", "Loop.sock_recv_into", "Loop.sock_sendall",
                                        "Loop.sock_sendfile", "Loop._eddy_ready"};
    (void)closure;
    return PyUnicode_FromString(names[self->kind]);
}

static PyMethodDef call_object_methods[] = {METHOD_ONE("send", send_method), METHOD_FAST("throw", throw_method),
                                            METHOD_NONE("close", close_method), {0}};
static PyGetSetDef getset[] = {{"__qualname__", (getter)get_name, NULL, NULL, NULL},
                               {"__name__", (getter)get_name, NULL, NULL, NULL},
                               {0}};
static PyType_Slot slots[] = {{Py_tp_dealloc, deallocate},        {Py_tp_traverse, traverse},  {Py_tp_clear, clear},
                              {Py_tp_iter, itself},               {Py_tp_iternext, next_value}, {Py_am_await, itself},
                              {Py_am_send, am_send},              {Py_tp_methods, call_object_methods},
                              {Py_tp_getset, getset},             {0, NULL}};
static PyType_Spec spec = {.name = "eddyloop._core.SocketCall",
                           .basicsize = sizeof(SocketCall),
                           .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                           .slots = slots};

int socket_call_type_ready(PyObject *module, struct state *state)
{
    state->socket_call_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return state->socket_call_type ? PyModule_AddType(module, state->socket_call_type) : -1;
}

/* ==== methods of the loop ==== */

static void setup(SocketCall *self, Core *core, enum kind kind, PyObject *sock, int fd)
{
    memset((char *)self + sizeof(PyObject), 0, sizeof *self - sizeof(PyObject));
    self->core = (Core *)Py_NewRef((PyObject *)core);
    self->sock = Py_NewRef(sock);
    self->kind = kind;
    self->fd = fd;
    self->writes = kind == SENDALL || kind == SENDFILE;
    self->ready.core = core;
    self->ready.owner = (PyObject *)self;
    self->ready.start = start;
    self->ready.done = done;
}

/* NULL: an exception is set. */
static SocketCall *make(Core *core, enum kind kind, PyObject *sock)
{
    int fd;
    SocketCall *self =
        ask_number(core, sock, &fd) ? PyObject_GC_New(SocketCall, core->state->socket_call_type) : NULL;
    if (!self)
        return NULL;
    setup(self, core, kind, sock, fd);
    PyObject_GC_Track(self);
    return self;
}

/* The socket is one whose methods are the kernel's, and no check of debug mode is wanted. */
static bool is_plain(const Core *core, PyObject *const *args, Py_ssize_t count)
{
    return count == 2 && !core->debug && (PyObject *)Py_TYPE(args[0]) == core->state->socket_type;
}

/* asyncio's own coroutine. */
static PyObject *delegate(Core *core, PyObject *function, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *all[8] = {(PyObject *)core};
    Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    if (count + named > 7) {
        PyErr_SetString(PyExc_TypeError, "too many arguments");
        return NULL;
    }
    memcpy(all + 1, args, (size_t)(count + named) * sizeof *all);
    return PyObject_Vectorcall(function, all, (size_t)count + 1, names);
}

static PyObject *sock_recv(Core *core, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    if (names || !is_plain(core, args, count) || !PyLong_CheckExact(args[1]))
        return delegate(core, core->state->sock_recv, args, count, names);
    Py_ssize_t size = PyLong_AsSsize_t(args[1]);
    if (size < 0) {
        PyErr_Clear();
        return delegate(core, core->state->sock_recv, args, count, names);
    }
    SocketCall *self = make(core, RECV, args[0]);
    if (self)
        self->size = size;
    return (PyObject *)self;
}

/* NULL without an exception if args[1] is no such buffer: asyncio's own code then raises that, when it is awaited. */
static PyObject *with_buffer(Core *core, enum kind kind, PyObject *const *args, int flags)
{
    SocketCall *self = make(core, kind, args[0]);
    if (self && PyObject_GetBuffer(args[1], &self->view, flags) < 0) {
        self->view.obj = NULL;
        Py_CLEAR(self);
        if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_BufferError))
            PyErr_Clear();
    }
    return (PyObject *)self;
}

static PyObject *sock_recv_into(Core *core, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    bool plain = !names && is_plain(core, args, count);
    PyObject *call = plain ? with_buffer(core, RECV_INTO, args, PyBUF_WRITABLE) : NULL;
    return call || PyErr_Occurred() ? call : delegate(core, core->state->sock_recv_into, args, count, names);
}

static PyObject *sock_sendall(Core *core, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    bool plain = !names && is_plain(core, args, count);
    PyObject *call = plain ? with_buffer(core, SENDALL, args, PyBUF_SIMPLE) : NULL;
    return call || PyErr_Occurred() ? call : delegate(core, core->state->sock_sendall, args, count, names);
}

/* _eddy_sendfile(sock, file, its descriptor, offset, bytes): gives the number of those that were sent. */
static PyObject *send_file(Core *core, PyObject *args)
{
    PyObject *sock, *file;
    long long offset;
    Py_ssize_t wanted;
    int file_fd;
    if (!PyArg_ParseTuple(args, "OOiLn", &sock, &file, &file_fd, &offset, &wanted))
        return NULL;
    SocketCall *self = make(core, SENDFILE, sock);
    if (self) {
        self->file = Py_NewRef(file);
        self->file_fd = file_fd;
        self->offset = offset;
        self->wanted = wanted;
    }
    return (PyObject *)self;
}

/* _eddy_ready(sock, writes): waits once. */
static PyObject *ready(Core *core, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "_eddy_ready() takes two arguments");
        return NULL;
    }
    SocketCall *self = make(core, READY, args[0]);
    if (self)
        self->writes = PyObject_IsTrue(args[1]) > 0;
    return (PyObject *)self;
}

PyMethodDef socket_methods[] = {METHOD_NAMED("sock_recv", sock_recv), METHOD_NAMED("sock_recv_into", sock_recv_into),
                                METHOD_NAMED("sock_sendall", sock_sendall), METHOD_FAST("_eddy_ready", ready),
                                {"_eddy_sendfile", (PyCFunction)(void (*)(void))send_file, METH_VARARGS, NULL}, {0}};
