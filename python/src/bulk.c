/* SPDX-License-Identifier: MIT */
/*
 * bulk.c - large buffers for connections that receive much: bytes objects, which the protocol gets without a copy.
 *
 * If a protocol keeps none of them, the loop uses the same few objects again and again, whose memory is warm.
 * Invariant: a free one in core->bulk has one reference, and its size is that of its kind; one that is given to a
 * protocol is shortened to what has come, and is lengthened again only if nothing else refers to it.
 */
#include "transport.h"

static Py_ssize_t size_of(unsigned kind)
{
    return (Py_ssize_t)SMALLEST_BULK << kind;
}

/* As if it had just been made: no one knows its bytes, so its hash may be forgotten. */
static void set_size(PyObject *bytes, Py_ssize_t size)
{
    Py_SET_SIZE((PyVarObject *)bytes, size);
    PyBytes_AS_STRING(bytes)[size] = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    ((PyBytesObject *)bytes)->ob_shash = -1;
#pragma GCC diagnostic pop
}

PyObject *bulk_take(Core *core, unsigned kind)
{
    struct bulk *bulk = &core->bulk[kind];
    if (bulk->count > 0)
        return bulk->free[--bulk->count];
    return PyBytes_FromStringAndSize(NULL, size_of(kind));
}

void bulk_give(Core *core, unsigned kind, PyObject *bytes)
{
    struct bulk *bulk = &core->bulk[kind];
    if (Py_REFCNT(bytes) > 1 || bulk->count == MOST_BULK) {
        Py_DECREF(bytes);
        return;
    }
    set_size(bytes, size_of(kind));
    bulk->free[bulk->count++] = bytes;
}

PyObject *bulk_bytes(unsigned kind, PyObject *bytes, size_t size)
{
    if ((Py_ssize_t)size < size_of(kind) / 2) /* whoever keeps it would keep more memory than it needs */
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(bytes), (Py_ssize_t)size);
    set_size(bytes, (Py_ssize_t)size);
    return Py_NewRef(bytes);
}

/* The rest of a message is short, and the next message as long as the last one: so one short receive means nothing. */
enum { SHORT_ONES = 8 };

void bulk_choose_kind(Transport *t, size_t size)
{
    if ((Py_ssize_t)size == size_of(t->bulk_kind) && t->bulk_kind + 1 < BULK_KINDS)
        t->bulk_kind++;
    t->short_receives = (Py_ssize_t)size < size_of(t->bulk_kind) / 2 ? t->short_receives + 1 : 0;
    if (t->short_receives > SHORT_ONES && t->bulk_kind > 0) {
        t->bulk_kind--;
        t->short_receives = 0;
    }
}

void bulk_free(Core *core)
{
    for (unsigned kind = 0; kind < BULK_KINDS; kind++)
        while (core->bulk[kind].count > 0)
            Py_DECREF(core->bulk[kind].free[--core->bulk[kind].count]);
}
