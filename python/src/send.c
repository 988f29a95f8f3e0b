/* SPDX-License-Identifier: MIT */
/*
 * send.c - the sending half of a transport: write sends at once if nothing is queued; what the socket does not take is
 * queued, and sent by an operation.
 *
 * Invariant: the operation is in flight whenever something is queued and the connection is not lost.
 */
#include "transport.h"

#include <errno.h>

/* ==== the queue ==== */

static int make_room(Transport *t)
{
    if (t->first_part + t->part_count < t->part_room)
        return 0;
    if (t->first_part > 0) {
        memmove(t->parts, t->parts + t->first_part, t->part_count * sizeof *t->parts);
        t->first_part = 0;
        return 0;
    }
    size_t room = t->part_room ? t->part_room * 2 : 4;
    PyObject **parts = PyMem_Realloc(t->parts, room * sizeof *parts);
    if (!parts) {
        PyErr_NoMemory();
        return -1;
    }
    t->parts = parts;
    t->part_room = room;
    return 0;
}

/* Takes the reference. skip: bytes of it that are sent already. -1: an exception is set. */
static int add_part(Transport *t, PyObject *bytes, size_t skip)
{
    if (!bytes || make_room(t) < 0) {
        Py_XDECREF(bytes);
        return -1;
    }
    if (t->part_count == 0)
        t->part_offset = skip;
    t->parts[t->first_part + t->part_count++] = bytes;
    t->queued += (size_t)PyBytes_GET_SIZE(bytes) - skip;
    return 0;
}

static void drop_part(Transport *t)
{
    Py_DECREF(t->parts[t->first_part++]);
    t->part_offset = 0;
    if (--t->part_count == 0)
        t->first_part = 0;
}

void send_drop_all(Transport *t)
{
    while (t->part_count > 0)
        drop_part(t);
    t->queued = 0;
}

static void consume(Transport *t, size_t size)
{
    t->queued -= size;
    while (size > 0) {
        size_t rest = (size_t)PyBytes_GET_SIZE(t->parts[t->first_part]) - t->part_offset;
        if (size < rest) {
            t->part_offset += size;
            return;
        }
        size -= rest;
        drop_part(t);
    }
}

static struct iovec rest_of_part(const Transport *t, size_t i)
{
    PyObject *part = t->parts[t->first_part + i];
    size_t skip = i > 0 ? 0 : t->part_offset;
    return (struct iovec){PyBytes_AS_STRING(part) + skip, (size_t)PyBytes_GET_SIZE(part) - skip};
}

static void fill_message(const Transport *t, struct message *message)
{
    size_t count = t->part_count < MOST_PARTS ? t->part_count : MOST_PARTS;
    for (size_t i = 0; i < count; i++)
        message->parts[i] = rest_of_part(t, i);
    message->header = (struct msghdr){.msg_iov = message->parts, .msg_iovlen = count};
}

bool send_is_over(const Transport *t)
{
    return t->part_count == 0 && operation_is_idle(&t->send);
}

/* ==== by an operation ==== */

/* Without memory for several parts it sends the first one. */
static int start(struct operation *op)
{
    Transport *t = (Transport *)op->owner;
    struct iovec first = rest_of_part(t, 0);
    if (t->part_count > 1 && !t->message)
        t->message = PyMem_RawMalloc(sizeof *t->message);
    if (t->part_count == 1 || !t->message)
        return eddy_operation_send(&op->op, t->fd, first.iov_base, first.iov_len, 0);
    fill_message(t, t->message);
    return eddy_operation_sendmsg(&op->op, t->fd, &t->message->header, 0);
}

static void begin_if_needed(Transport *t)
{
    if (t->part_count > 0 && !t->lost && t->core && operation_is_idle(&t->send))
        operation_begin(&t->send);
}

static void shut_down(Transport *t)
{
    t->ended = true;
    shutdown(t->fd, SHUT_WR);
}

static int tell_empty(Transport *t)
{
    if (!t->empty_waiter)
        return 0;
    PyObject *result = PyObject_CallMethodOneArg(t->empty_waiter, t->core->state->names.set_result, Py_None);
    Py_XDECREF(result);
    if (!result && exception_ends_run())
        return -1;
    PyErr_Clear();
    return 0;
}

static int sent(Transport *t, size_t size)
{
    consume(t, size);
    int error = protocol_resume(t);
    if (t->part_count > 0 || error < 0)
        return error;
    if (t->eof && !t->ended && t->core && !t->closing)
        shut_down(t);
    return t->core ? tell_empty(t) : 0;
}

static int done(struct operation *op)
{
    Transport *t = (Transport *)op->owner;
    int error = 0;
    if (!t->core || t->lost) {
        send_drop_all(t);
    } else if (op->op.result >= 0) {
        error = sent(t, (size_t)op->op.result);
        begin_if_needed(t);
    } else {
        send_drop_all(t);
        raise_code((int)-op->op.result);
        error = transport_fail(t, "Fatal write error on socket transport");
    }
    transport_settle(t);
    return error;
}

void send_setup(Transport *t)
{
    t->send.core = t->core;
    t->send.owner = (PyObject *)t;
    t->send.start = start;
    t->send.done = done;
}

/* ==== at once ==== */

static bool is_passing(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* -1: the connection has failed by it, which was reported, or an exception is set. */
static int failed_at_once(Transport *t)
{
    raise_code(errno);
    return transport_fail(t, "Fatal write error on socket transport");
}

/* Bytes that were sent; -1: as errno says. */
static ssize_t try_to_send(Transport *t, const void *data, size_t size)
{
    ssize_t n = send(t->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL | cork_flag(t, size));
    return n < 0 && is_passing(errno) ? 0 : n;
}

static ssize_t try_to_send_queue(Transport *t)
{
    struct message message;
    fill_message(t, &message);
    ssize_t n = sendmsg(t->fd, &message.header, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 && is_passing(errno) ? 0 : n;
}

/* ==== write ==== */

/* -1: an exception is set. */
static int check(Transport *t, const char *method)
{
    if (t->eof) {
        PyErr_Format(PyExc_RuntimeError, "Cannot call %s() after write_eof()", method);
        return -1;
    }
    if (t->empty_waiter) {
        PyErr_Format(PyExc_RuntimeError, "unable to %s; sendfile is in progress", method);
        return -1;
    }
    return 0;
}

/* True: nothing is sent any more. */
static bool is_lost(Transport *t)
{
    if (!t->lost && t->core)
        return false;
    if (t->lost++ >= LOST_WRITES) {
        PyObject *done = PyObject_CallNoArgs(transport_state(t)->helpers.warn_lost);
        if (!done)
            PyErr_WriteUnraisable((PyObject *)t);
        Py_XDECREF(done);
    }
    return true;
}

static bool is_bytes_like(PyObject *data)
{
    if (PyBytes_Check(data) || PyByteArray_Check(data) || PyMemoryView_Check(data))
        return true;
    PyErr_Format(PyExc_TypeError, "data argument must be a bytes-like object, not '%s'", Py_TYPE(data)->tp_name);
    return false;
}

/* What was not sent of it: a bytes object itself, else a copy. */
static int queue_rest(Transport *t, PyObject *data, const Py_buffer *view, size_t sent_already)
{
    if (PyBytes_CheckExact(data))
        return add_part(t, Py_NewRef(data), sent_already);
    return add_part(
        t, PyBytes_FromStringAndSize((const char *)view->buf + sent_already, view->len - (Py_ssize_t)sent_already),
        0);
}

static int write_view(Transport *t, PyObject *data, const Py_buffer *view)
{
    ssize_t n = 0;
    if (send_is_over(t) && (n = try_to_send(t, view->buf, (size_t)view->len)) < 0)
        return failed_at_once(t);
    if (n == view->len)
        return 0;
    if (queue_rest(t, data, view, (size_t)n) < 0)
        return -1;
    begin_if_needed(t);
    return protocol_pause(t);
}

PyObject *transport_write(Transport *t, PyObject *data)
{
    Py_buffer view;
    if (!is_bytes_like(data) || check(t, "write") < 0 || PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    int error = view.len == 0 || is_lost(t) ? 0 : write_view(t, data, &view);
    PyBuffer_Release(&view);
    if (error < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ==== writelines ==== */

static PyObject *frozen(PyObject *data)
{
    if (PyBytes_CheckExact(data))
        return Py_NewRef(data);
    return is_bytes_like(data) ? PyBytes_FromObject(data) : NULL;
}

/* Queues all of them. Their number; -1: an exception is set. */
static Py_ssize_t queue_lines(Transport *t, PyObject *lines, bool lost)
{
    PyObject *iterator = PyObject_GetIter(lines), *line;
    Py_ssize_t count = 0;
    while (iterator && (line = PyIter_Next(iterator))) {
        PyObject *bytes = frozen(line);
        Py_DECREF(line);
        count++;
        if (bytes && (lost || PyBytes_GET_SIZE(bytes) == 0))
            Py_DECREF(bytes);
        else if (add_part(t, bytes, 0) < 0)
            break;
    }
    Py_XDECREF(iterator);
    return PyErr_Occurred() ? -1 : count;
}

static int send_lines(Transport *t, bool at_once)
{
    ssize_t n = 0;
    if (at_once && t->part_count > 0 && (n = try_to_send_queue(t)) < 0) {
        send_drop_all(t);
        return failed_at_once(t);
    }
    consume(t, (size_t)n);
    begin_if_needed(t);
    return protocol_pause(t);
}

static PyObject *write_lines(Transport *t, PyObject *lines)
{
    bool lost = t->lost || !t->core, at_once = send_is_over(t);
    if (check(t, "writelines") < 0)
        return NULL;
    Py_ssize_t count = queue_lines(t, lines, lost);
    if (count > 0 && lost)
        is_lost(t);
    else if (count > 0 && send_lines(t, at_once) < 0)
        return NULL;
    if (count < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ==== as methods ==== */

/* write(data) */
static PyObject *write_method(Transport *t, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *data = only_argument("write", "data", args, count, names);
    return data ? transport_write(t, data) : NULL;
}

/* writelines(list_of_data) */
static PyObject *writelines_method(Transport *t, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *lines = only_argument("writelines", "list_of_data", args, count, names);
    return lines ? write_lines(t, lines) : NULL;
}

/* ==== the end of writing ==== */

static PyObject *transport_write_eof(Transport *t, PyObject *none)
{
    (void)none;
    if (t->closing || t->eof)
        Py_RETURN_NONE;
    t->eof = true;
    if (send_is_over(t) && t->fd >= 0)
        shut_down(t);
    Py_RETURN_NONE;
}

static PyObject *make_empty_waiter(Transport *t, PyObject *none)
{
    (void)none;
    if (t->empty_waiter || !t->core) {
        PyErr_SetString(PyExc_RuntimeError, t->core ? "Empty waiter is already set" : "the transport is closed");
        return NULL;
    }
    t->empty_waiter = PyObject_CallMethodNoArgs((PyObject *)t->core, t->core->state->names.create_future);
    if (t->empty_waiter && send_is_over(t) && tell_empty(t) < 0)
        return NULL;
    return Py_XNewRef(t->empty_waiter);
}

static PyObject *reset_empty_waiter(Transport *t, PyObject *none)
{
    (void)none;
    Py_CLEAR(t->empty_waiter);
    Py_RETURN_NONE;
}

PyMethodDef send_methods[] = {METHOD_NAMED("write", write_method),
                              METHOD_NAMED("writelines", writelines_method),
                              METHOD_NONE("write_eof", transport_write_eof),
                              METHOD_NONE("_make_empty_waiter", make_empty_waiter),
                              METHOD_NONE("_reset_empty_waiter", reset_empty_waiter),
                              {0}};
