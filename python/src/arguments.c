/* SPDX-License-Identifier: MIT */
/* arguments.c - arguments of methods, which the caller may give by place or by name. */
#include "state.h"

static Py_ssize_t place_of(const char *const *known, PyObject *name)
{
    for (Py_ssize_t i = 0; known[i]; i++)
        if (PyUnicode_CompareWithASCIIString(name, known[i]) == 0)
            return i;
    return -1;
}

static int take_named(const char *method, const char *const *known, PyObject *name, PyObject *value, PyObject **values)
{
    Py_ssize_t place = place_of(known, name);
    if (place < 0)
        PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", method, name);
    else if (values[place])
        PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", method, name);
    else
        values[place] = value;
    return PyErr_Occurred() ? -1 : 0;
}

int take_arguments(const char *method, const char *const *known, PyObject *const *args, Py_ssize_t count,
                   PyObject *names, PyObject **values)
{
    Py_ssize_t most = 0;
    while (known[most])
        values[most++] = NULL;
    if (count > most) {
        PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments but %zd were given", method, most, count);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        values[i] = args[i];
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++)
        if (take_named(method, known, PyTuple_GET_ITEM(names, i), args[count + i], values) < 0)
            return -1;
    if (values[0])
        return 0;
    PyErr_Format(PyExc_TypeError, "%s() missing 1 required positional argument: '%s'", method, known[0]);
    return -1;
}

PyObject *find_argument(const char *method, const char *name, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    const char *const known[] = {name, NULL};
    PyObject *value;
    return take_arguments(method, known, args, count, names, &value) < 0 ? NULL : value;
}
