/* SPDX-License-Identifier: MIT */
/*
 * engine.c - Eddy's loop of a Core: opening, entering, closing it.
 *
 * Invariant: a thread has entered at most one of Eddy's loops, that of `here`; one that it had entered before is left
 * meanwhile.
 */
#include "operation.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/* The Core that this thread has entered; NULL: none. */
static __thread Core *here;

void raise_code(int code)
{
    if (code == ENOMEM) {
        PyErr_NoMemory();
    } else if (code > 0 && code < EDDY_GENERATOR_EXIT) {
        errno = code;
        PyErr_SetFromErrno(PyExc_OSError);
    } else {
        PyErr_SetString(PyExc_RuntimeError, eddy_error_text(code));
    }
}

/* ==== the wait: other threads of Python run ==== */

static void before_wait(void *argument)
{
    Core *core = argument;
    core->waits++;
    core->waiting = true; /* before another thread can have the lock, which must see that it has to wake */
    core->saved = PyEval_SaveThread();
}

static void after_wait(void *argument)
{
    Core *core = argument;
    PyEval_RestoreThread(core->saved);
    core->waiting = false;
    core->woken = false;
}

/* ==== opening ==== */

static bool text_of_driver(const Core *core, const char **name)
{
    *name = core->driver_name == Py_None ? NULL : PyUnicode_AsUTF8(core->driver_name);
    return *name || core->driver_name == Py_None;
}

static uint64_t seed_of_environment(void)
{
    const char *text = getenv("EDDY_SEED");
    return text ? strtoull(text, NULL, 10) : 0;
}

static void note_driver(Core *core)
{
    core->is_ring = strcmp(eddy_loop_driver(core->loop), "uring") == 0;
    core->virtual_time = strcmp(eddy_loop_driver(core->loop), "sim") == 0;
    core->random = core->virtual_time ? seed_of_environment() * 0x9e3779b97f4a7c15u : 0;
}

int core_open(Core *core)
{
    eddy_loop_options options = {.size = sizeof options,
                                 .no_signals = true,
                                 .before_wait = before_wait,
                                 .after_wait = after_wait,
                                 .wait_argument = core};
    eddy_error error;
    if (core->loop)
        return 0;
    if (!text_of_driver(core, &options.driver))
        return -1;
    core->loop = eddy_loop_open(&options, &error);
    if (!core->loop) {
        PyErr_Format(PyExc_OSError, "the event loop cannot be opened: %s", error.message);
        return -1;
    }
    core->process = (long)getpid();
    note_driver(core);
    return 0;
}

bool core_is_usable(const Core *core)
{
    return core->loop && core->process == (long)getpid();
}

/* ==== entering ==== */

bool core_is_here(const Core *core)
{
    return here == core;
}

static void refuse_thread(void)
{
    PyErr_SetString(PyExc_RuntimeError,
                    "Non-thread-safe operation invoked on an event loop other than the current one: use "
                    "call_soon_threadsafe()");
}

static void enter_outer(Core *core)
{
    here = core->outer;
    if (here && core_is_usable(here) && eddy_loop_enter(here->loop) != 0)
        Py_FatalError("eddyloop: a running loop cannot be entered again");
    core->outer = NULL;
}

/* A ring belongs to a thread while something is under way in it. */
static bool is_bound_elsewhere(Core *core)
{
    struct eddy_loop_stats stats = {.size = sizeof stats};
    return core->is_ring && core->thread && core->thread != PyThread_get_thread_ident() &&
           eddy_loop_stats(core->loop, &stats) == 0 && stats.operations > 0;
}

static int enter_engine(Core *core)
{
    core->outer = here;
    if (here && core_is_usable(here))
        eddy_loop_leave(here->loop);
    int error = eddy_loop_enter(core->loop);
    if (error) {
        enter_outer(core);
        raise_code(error);
        return -1;
    }
    here = core;
    core->entered = 1;
    core->thread = PyThread_get_thread_ident();
    return 0;
}

int core_enter(Core *core)
{
    if (here == core) {
        core->entered++;
        return 0;
    }
    if (core->entered) {
        refuse_thread();
        return -1;
    }
    if (core_open(core) < 0)
        return -1;
    if (!core_is_usable(core)) {
        PyErr_SetString(PyExc_RuntimeError, "the event loop belongs to the parent of this process");
        return -1;
    }
    if (is_bound_elsewhere(core)) {
        PyErr_SetString(PyExc_RuntimeError,
                        "an event loop on io_uring with open connections runs on the thread that ran it "
                        "first: EDDY_DRIVER=epoll runs it on any");
        return -1;
    }
    return enter_engine(core);
}

void core_leave(Core *core)
{
    if (--core->entered > 0)
        return;
    core->time_at_rest = eddy_time();
    eddy_loop_leave(core->loop);
    enter_outer(core);
}

/* ==== for whoever does not run it ==== */

void core_wake(Core *core)
{
    if (!core->waiting || core->woken)
        return;
    core->woken = true;
    eddy_loop_wake(core->loop);
}

double core_now(Core *core)
{
    if (!core->virtual_time || here == core)
        return eddy_time();
    return core->time_at_rest;
}

/* ==== closing ==== */

static void drop_calls(Core *core)
{
    while (core->ready.count > 0)
        Py_DECREF(ready_pop(core));
    while (core->timers.count > 0)
        Py_DECREF(timers_pop(core));
}

static void close_engine(Core *core)
{
    Core *outer = here;
    eddy_loop *loop = core->loop;
    if (outer && core_is_usable(outer))
        eddy_loop_leave(outer->loop);
    eddy_loop_close(loop);
    core->loop = NULL;
    if (outer && core_is_usable(outer) && eddy_loop_enter(outer->loop) != 0)
        Py_FatalError("eddyloop: a running loop cannot be entered again");
}

PyObject *core_shut_down(Core *core, PyObject *none)
{
    (void)none;
    bool usable = core_is_usable(core);
    if (usable && core_enter(core) < 0)
        return NULL;
    watches_free(core);
    drop_calls(core);
    if (usable) {
        operations_end(core);
        core_leave(core);
        close_engine(core);
    } else {
        operations_forget(core);
        core->loop = NULL;
    }
    drop_calls(core);
    Py_RETURN_NONE;
}
