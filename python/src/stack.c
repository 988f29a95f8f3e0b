/* SPDX-License-Identifier: MIT */
/*
 * stack.c - no code of Python's runs on a stack of Eddy's, nor between two completions of one step.
 *
 * Eddy's tasks have stacks of their own, whose ends CPython does not know: from 3.14 on it counts the depth of calls by
 * the address of its frames.  So the loop has no task of Eddy's, and what Python waits for is an operation or a call.
 */
#define _GNU_SOURCE /* pthread_getattr_np */
#include "core.h"

#include <pthread.h>

/* The stack that the thread was given; first 0: not asked yet. */
struct bounds {
    uintptr_t first, end;
};
static __thread struct bounds own;

static void ask_for_bounds(void)
{
    pthread_attr_t attributes;
    void *first;
    size_t size;
    own = (struct bounds){1, UINTPTR_MAX};
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &first, &size) == 0)
        own = (struct bounds){(uintptr_t)first, (uintptr_t)first + size};
    pthread_attr_destroy(&attributes);
}

static bool is_inside(uintptr_t address)
{
    return address >= own.first && address < own.end;
}

/* Asked again: musl tells how far the main thread's stack has grown so far, and its limit may have been raised. */
static bool is_own(uintptr_t address)
{
    if (!is_inside(address))
        ask_for_bounds();
    return is_inside(address);
}

void stack_check(const Core *core)
{
    if (core->stepping)
        Py_FatalError("eddyloop: Python's code would run inside of a step of Eddy's loop");
    if (!is_own((uintptr_t)__builtin_frame_address(0)))
        Py_FatalError("eddyloop: Python's code would run on a stack that is not its thread's");
}

/* True: the caller runs on its thread's own stack, outside of a step. For tests. */
static PyObject *is_on_own_stack(Core *self, PyObject *none)
{
    (void)none;
    return PyBool_FromLong(!self->stepping && is_own((uintptr_t)__builtin_frame_address(0)));
}

PyMethodDef stack_methods[] = {METHOD_NONE("_eddy_on_own_stack", is_on_own_stack), {0}};
