/* SPDX-License-Identifier: MIT */
/*
 * run.c - passes: a step of Eddy's loop, and then the calls that it made ready.
 *
 * The order of asyncio: what was ready before, what the step brought, timers.  Between the first two come the
 * operations of transports, whose protocols are called directly.
 */
#include "handle.h"
#include "operation.h"

#include <math.h>

/* Seconds that the step may wait. */
static double span(Core *self)
{
    if (self->ready.count > 0 || self->stopping || self->completed)
        return 0;
    if (self->timers.count == 0)
        return INFINITY;
    double left = self->timers.heap[0].when - core_now(self);
    return left > 0 ? left : 0;
}

/*
 * A look at epoll is a call of the kernel, which costs as much as a short call of Python's: while calls are ready it is
 * made in one pass of four.  With a ring it is a look at memory, and in the simulation it may change the order.
 */
enum { PASSES_A_LOOK = 4 };

static bool may_go_on_without_look(Core *self)
{
    if (self->is_ring || self->virtual_time || self->ready.count == 0 || self->stopping || self->completed)
        return false;
    return ++self->unlooked < PASSES_A_LOOK;
}

/* -1: an exception is set. */
static int look(Core *self)
{
    double limit = span(self);
    self->unlooked = 0;
    self->stepping = true;
    int error = eddy_loop_step(self->loop, limit);
    self->stepping = false;
    if (error) {
        raise_code(error);
        return -1;
    }
    return limit > 0 && PyErr_CheckSignals() < 0 ? -1 : 0;
}

static int step(Core *self)
{
    operations_settle_asked(self);
    self->passes++;
    if (!may_go_on_without_look(self) && look(self) < 0)
        return -1;
    return self->timers.count > 0 ? timers_run(self, core_now(self)) : 0;
}

static int execute(Core *self, PyObject *handle)
{
    const struct state *state = self->state;
    PyObject *done;
    if (!is_handle(state, handle)) /* one of asyncio's own */
        done = PyObject_CallMethodNoArgs(handle, state->names._run);
    else if (self->debug && !handle_is_cancelled(state, handle))
        done = PyObject_CallOneArg(state->helpers.debug_run, handle);
    else
        return handle_execute(state, handle);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static int run_ready(Core *self, size_t n)
{
    int error = 0;
    if (self->random && n > 1)
        ready_shuffle(self, n);
    while (error == 0 && n-- > 0 && self->ready.count > 0) {
        PyObject *handle = ready_pop(self);
        error = execute(self, handle);
        Py_DECREF(handle);
    }
    return error;
}

static int pass(Core *self)
{
    size_t before = self->ready.count;
    if (step(self) < 0)
        return -1;
    stack_check(self);
    size_t after = self->ready.count;
    if (run_ready(self, before) < 0 || (self->completed && operations_handle(self) < 0))
        return -1;
    int error = run_ready(self, after - before);
    cork_end_pass(self);
    return error;
}

static bool is_at_work(Core *self)
{
    struct eddy_loop_stats stats = {.size = sizeof stats};
    return eddy_loop_stats(self->loop, &stats) == 0 && stats.operations > 0;
}

/* A ring in which nothing is under way can be made anew on the thread that runs the loop next. */
enum { STEPS_TO_REST = 10 };
static void rest(Core *self)
{
    if (!self->is_ring || self->live)
        return;
    watches_rest(self);
    for (int i = 0; i < STEPS_TO_REST && is_at_work(self); i++)
        eddy_loop_step(self->loop, 0);
}

/* What was asked for in the last pass gets into the kernel; nothing of Python's runs. */
static void end_passes(Core *self)
{
    cork_end_pass(self);
    if (!core_is_usable(self))
        return;
    operations_settle_asked(self);
    if (self->live)
        eddy_loop_step(self->loop, 0);
    rest(self);
}

static int passes(Core *self)
{
    int error;
    if (core_enter(self) < 0)
        return -1;
    watches_work(self);
    self->unlooked = PASSES_A_LOOK;
    do
        error = pass(self);
    while (error == 0 && !self->stopping);
    end_passes(self);
    core_leave(self);
    return error;
}

/* A signal that comes while the loop is about to wait must end the wait: see eddyloop/loop.py. */
static PyObject *begin_signals(Core *self)
{
    return PyObject_CallMethodNoArgs((PyObject *)self, self->state->names._eddy_begin_signals);
}

/* Keeps the pending exception. */
static int end_signals(Core *self, PyObject *before)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *done = PyObject_CallMethodOneArg((PyObject *)self, self->state->names._eddy_end_signals, before);
    if (type || !done)
        PyErr_Clear();
    if (type)
        PyErr_Restore(type, value, traceback);
    Py_XDECREF(done);
    return 0;
}

/* As _run_once of BaseEventLoop, but it returns when the loop is to stop. */
PyObject *core_run_once(Core *self, PyObject *none)
{
    (void)none;
    if (calls_begin_run(self) < 0)
        return NULL;
    PyObject *before = begin_signals(self);
    int error = before ? passes(self) : -1;
    calls_end_run(self);
    if (!before)
        return NULL;
    end_signals(self, before);
    Py_DECREF(before);
    if (error < 0)
        return NULL;
    Py_RETURN_NONE;
}
