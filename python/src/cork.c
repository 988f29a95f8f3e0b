/* SPDX-License-Identifier: MIT */
/*
 * cork.c - small writes go out at once, but what a protocol writes in several pieces in one pass leaves as one
 * segment.
 *
 * A protocol that wrote twice in the last pass in which it wrote (headers, body) will probably do so again: the kernel
 * then keeps all writes but the last one (MSG_MORE).  If the last one is not made, the end of the pass sends the kept
 * bytes.  If the thread blocks meanwhile, the kernel sends them after about 200 ms.
 *
 * Invariant: a transport from which the kernel keeps bytes is in core->corked until the end of the pass, and the list
 * holds a reference to it.
 */
#include "transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

enum { SMALL = 16384 }; /* larger writes fill segments of their own */

static void link_corked(Transport *t)
{
    if (t->is_corked)
        return;
    t->is_corked = true;
    t->corked_next = t->core->corked;
    t->core->corked = (Transport *)Py_NewRef((PyObject *)t);
}

int cork_flag(Transport *t, size_t size)
{
    Core *core = t->core;
    if (!t->is_tcp || !core_is_here(core))
        return 0;
    if (t->write_pass != core->passes) {
        t->write_pass = core->passes;
        t->writes_before = t->writes;
        t->writes = 0;
    }
    t->writes++;
    t->keeps = t->writes < t->writes_before && size < SMALL;
    if (t->keeps)
        link_corked(t);
    return t->keeps ? MSG_MORE : 0;
}

/* Setting this option sends what the kernel keeps. */
static void push(const Transport *t)
{
    int one = 1;
    if (t->keeps && t->fd >= 0)
        setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

void cork_end_pass(Core *core)
{
    while (core->corked) {
        Transport *t = core->corked;
        core->corked = t->corked_next;
        t->is_corked = false;
        push(t);
        t->keeps = false;
        Py_DECREF(t);
    }
}
