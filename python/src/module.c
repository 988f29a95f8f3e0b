/* SPDX-License-Identifier: MIT */
/* module.c - the extension module eddyloop._core. */
#include <Python.h>

#include <eddy.h>

static struct PyModuleDef core_module = {PyModuleDef_HEAD_INIT, .m_name = "eddyloop._core"};

PyMODINIT_FUNC PyInit__core(void)
{
    return PyModule_Create(&core_module);
}
