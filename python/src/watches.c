/* SPDX-License-Identifier: MIT */
/*
 * watches.c - readers and writers: _add_reader and its relatives, by the loop's own table.
 *
 * Invariant: while the watches work, each is one of Eddy's, too; they begin to work with the first run.
 */
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

enum side { READER, WRITER };

struct watch {
    Core *core;
    PyObject *handle;
};

/* ==== the table ==== */

static struct watch **place_of(Core *core, int fd, enum side side)
{
    size_t place = 2 * (size_t)fd + side;
    return fd >= 0 && place < core->watches.count ? &core->watches.watches[place] : NULL;
}

/* NULL: an exception is set. */
static struct watch **make_place(Core *core, int fd, enum side side)
{
    struct watches *table = &core->watches;
    size_t count = table->count ? table->count : 128;
    while (count <= 2 * (size_t)fd + 1)
        count *= 2;
    if (count > table->count) {
        struct watch **watches = PyMem_Realloc(table->watches, count * sizeof *watches);
        if (!watches)
            return (struct watch **)PyErr_NoMemory();
        memset(watches + table->count, 0, (count - table->count) * sizeof *watches);
        table->watches = watches;
        table->count = count;
    }
    return place_of(core, fd, side);
}

/* ==== Eddy's part ==== */

/* Inside of a step; the call is made after it. */
static void descriptor_is_ready(void *argument)
{
    struct watch *watch = argument;
    if (ready_push(watch->core, watch->handle) < 0)
        PyErr_WriteUnraisable((PyObject *)watch->core);
}

static int tell_engine(int fd, enum side side, struct watch *watch)
{
    if (side == READER)
        return eddy_add_reader(fd, descriptor_is_ready, watch);
    return eddy_add_writer(fd, descriptor_is_ready, watch);
}

/* -1: an exception is set. */
static int watch_by_engine(Core *core, int fd, enum side side, struct watch *watch)
{
    if (!core->watches.working) {
        if (fcntl(fd, F_GETFD) >= 0)
            return 0;
        raise_code(errno);
        return -1;
    }
    if (core_enter(core) < 0)
        return -1;
    int error = tell_engine(fd, side, watch);
    core_leave(core);
    if (error)
        raise_code(error);
    return error ? -1 : 0;
}

static void unwatch_by_engine(Core *core, int fd, enum side side)
{
    if (!core->watches.working || !core_is_usable(core))
        return;
    if (core_enter(core) < 0) {
        PyErr_WriteUnraisable((PyObject *)Py_TYPE(core)); /* the loop itself may be dying */
        return;
    }
    side == READER ? eddy_remove_reader(fd) : eddy_remove_writer(fd);
    core_leave(core);
}

/* Files are always ready, so asyncio's selector refuses them, and programs expect it. -1: an exception is set. */
static int refuse_file(int fd)
{
    struct stat facts;
    struct epoll_event nothing = {0};
    if (fstat(fd, &facts) < 0 || S_ISSOCK(facts.st_mode) || S_ISFIFO(facts.st_mode))
        return 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    bool refused = epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &nothing) < 0 && errno == EPERM;
    if (epoll >= 0)
        close(epoll);
    if (refused)
        raise_code(EPERM);
    return refused ? -1 : 0;
}

/* ==== adding, removing ==== */

static void cancel_handle(PyObject *handle)
{
    PyObject *done = handle_cancel(handle, NULL);
    if (!done)
        PyErr_WriteUnraisable(handle);
    Py_XDECREF(done);
    Py_DECREF(handle);
}

static int make_watch(Core *core, int fd, enum side side, PyObject *handle)
{
    struct watch **place = refuse_file(fd) == 0 ? make_place(core, fd, side) : NULL;
    struct watch *watch = place ? PyMem_New(struct watch, 1) : NULL;
    if (!watch) {
        if (place)
            PyErr_NoMemory();
        return -1;
    }
    *watch = (struct watch){core, Py_NewRef(handle)};
    if (watch_by_engine(core, fd, side, watch) < 0) {
        Py_DECREF(handle);
        PyMem_Free(watch);
        return -1;
    }
    *place_of(core, fd, side) = watch;
    return 0;
}

/* A second one takes the place of the first. -1: an exception is set. */
static int set_watch(Core *core, int fd, enum side side, PyObject *handle)
{
    struct watch **place = place_of(core, fd, side);
    if (!place || !*place)
        return make_watch(core, fd, side, handle);
    if (watch_by_engine(core, fd, side, *place) < 0)
        return -1;
    PyObject *before = (*place)->handle;
    (*place)->handle = Py_NewRef(handle);
    cancel_handle(before);
    return 0;
}

static bool remove_watch(Core *core, int fd, enum side side)
{
    struct watch **place = place_of(core, fd, side), *watch = place ? *place : NULL;
    if (!watch)
        return false;
    *place = NULL;
    unwatch_by_engine(core, fd, side);
    cancel_handle(watch->handle);
    PyMem_Free(watch);
    return true;
}

void watches_free(Core *core)
{
    for (size_t fd = 0; 2 * fd < core->watches.count; fd++) {
        remove_watch(core, (int)fd, READER);
        remove_watch(core, (int)fd, WRITER);
    }
}

/* A descriptor that was closed meanwhile is not watched any more. */
void watches_work(Core *core)
{
    if (core->watches.working)
        return;
    core->watches.working = true;
    for (size_t i = 0; i < core->watches.count; i++)
        if (core->watches.watches[i])
            tell_engine((int)(i / 2), i % 2 ? WRITER : READER, core->watches.watches[i]);
}

void watches_rest(Core *core)
{
    core->watches.working = false;
    for (size_t i = 0; i < core->watches.count; i++)
        if (core->watches.watches[i])
            i % 2 ? eddy_remove_writer((int)(i / 2)) : eddy_remove_reader((int)(i / 2));
}

int watches_traverse(Core *core, visitproc visit, void *arg)
{
    for (size_t i = 0; i < core->watches.count; i++)
        if (core->watches.watches[i])
            Py_VISIT(core->watches.watches[i]->handle);
    return 0;
}

/* ==== methods ==== */

/* -1: an exception is set, which says it as asyncio's selector does. A file that is closed has -1. */
static int descriptor_of(PyObject *file)
{
    long fd = PyLong_Check(file) ? PyLong_AsLong(file) : PyObject_AsFileDescriptor(file);
    if (fd == -1 && PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_ValueError))
        return -1;
    if (fd >= 0 && fd <= INT_MAX)
        return (int)fd;
    PyErr_Format(PyExc_ValueError, "Invalid file descriptor: %ld", fd);
    return -1;
}

static PyObject *add(Core *self, PyObject *const *args, Py_ssize_t count, enum side side)
{
    if (self->closed) {
        PyErr_SetString(PyExc_RuntimeError, "Event loop is closed");
        return NULL;
    }
    if (count < 2) {
        PyErr_SetString(PyExc_TypeError, "a descriptor and a callback are needed");
        return NULL;
    }
    int fd = descriptor_of(args[0]);
    PyObject *handle = fd < 0 ? NULL : handle_new(self, args[1], args + 2, count - 2, NULL);
    if (handle && set_watch(self, fd, side, handle) < 0)
        Py_CLEAR(handle);
    return handle;
}

static PyObject *add_reader(Core *self, PyObject *const *args, Py_ssize_t count)
{
    return add(self, args, count, READER);
}

static PyObject *add_writer(Core *self, PyObject *const *args, Py_ssize_t count)
{
    return add(self, args, count, WRITER);
}

static PyObject *remove_from(Core *self, PyObject *file, enum side side)
{
    int fd = self->closed ? 0 : descriptor_of(file);
    return fd < 0 ? NULL : PyBool_FromLong(!self->closed && remove_watch(self, fd, side));
}

static PyObject *remove_reader(Core *self, PyObject *file)
{
    return remove_from(self, file, READER);
}

static PyObject *remove_writer(Core *self, PyObject *file)
{
    return remove_from(self, file, WRITER);
}

static PyObject *handle_of(Core *self, int fd, enum side side)
{
    struct watch **place = place_of(self, fd, side);
    return place && *place ? (*place)->handle : Py_None;
}

/* (reader or None, writer or None) */
static PyObject *watches_of(Core *self, PyObject *file)
{
    int fd = PyObject_AsFileDescriptor(file);
    return fd < 0 ? NULL : PyTuple_Pack(2, handle_of(self, fd, READER), handle_of(self, fd, WRITER));
}

PyMethodDef watch_methods[] = {
    METHOD_FAST("_add_reader", add_reader),      METHOD_FAST("_add_writer", add_writer),
    METHOD_ONE("_remove_reader", remove_reader), METHOD_ONE("_remove_writer", remove_writer),
    METHOD_ONE("_eddy_watches", watches_of),     {0}};
