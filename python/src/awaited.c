/* SPDX-License-Identifier: MIT */
/* awaited.c - see awaited.h. */
#include "awaited.h"

PyObject *awaited_send(PyObject *self, PyObject *argument, sendfunc send)
{
    PyObject *result;
    if (send(self, argument, &result) != PYGEN_RETURN)
        return result;
    if (result == Py_None)
        PyErr_SetNone(PyExc_StopIteration);
    else {
        PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, result); /* the result may be a tuple */
        if (stop)
            PyErr_SetObject(PyExc_StopIteration, stop);
        Py_XDECREF(stop);
    }
    Py_DECREF(result);
    return NULL;
}

bool awaited_may_throw(Py_ssize_t count)
{
    if (count >= 1 && count <= 3)
        return true;
    PyErr_SetString(PyExc_TypeError, "throw() takes one to three arguments");
    return false;
}

static PyObject *raise_thrown(PyObject *const *args, Py_ssize_t count)
{
    if (PyExceptionInstance_Check(args[0]))
        PyErr_SetObject((PyObject *)Py_TYPE(args[0]), args[0]);
    else if (PyExceptionClass_Check(args[0]))
        PyErr_SetObject(args[0], count > 1 && args[1] != Py_None ? args[1] : NULL);
    else
        PyErr_SetString(PyExc_TypeError, "exceptions must be classes or instances deriving from BaseException");
    return NULL;
}

PyObject *awaited_throw(PyObject *inner, PyObject *name, PyObject *const *args, Py_ssize_t count)
{
    if (!inner)
        return raise_thrown(args, count);
    Py_INCREF(inner); /* what it runs may end its owner's wait */
    PyObject *method = PyObject_GetAttr(inner, name);
    PyObject *result = method ? PyObject_Vectorcall(method, args, (size_t)count, NULL) : NULL;
    Py_XDECREF(method);
    Py_DECREF(inner);
    return result;
}
