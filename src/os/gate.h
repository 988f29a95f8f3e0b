/* SPDX-License-Identifier: MIT */
/*
 * gate.h - names for an object that ends on its own thread while other threads may still call it.
 *
 * A name is a number that programs hold as a pointer: the index of a gate, and which of the gate's owners is meant.
 * Invariant: no two owners of a process have the same name, so an outdated name leads to no owner; and an owner does
 * not end while a thread is inside. Gates are used again, so their memory is bounded by the greatest number of
 * owners at one time.
 */
#ifndef EDDY_OS_GATE_H
#define EDDY_OS_GATE_H

#include <stdbool.h>
#include <stdint.h>

/* A new name for `owner`; 0: no memory. */
uintptr_t gate_open(void *owner);
/* No thread enters by that name any more; returns when those inside have left. */
void gate_close(uintptr_t name);

/* Any thread: enters and returns the owner, which does not end before gate_leave; NULL: it has ended, or there is no
 * such name. */
void *gate_enter(uintptr_t name);
/* Any thread. */
void gate_leave(uintptr_t name);

/* Any thread: the gate gets no other owner until gate_unref.  False: the owner has ended. */
bool gate_ref(uintptr_t name);
/* Any thread: gives up one gate_ref.  False: no gate_ref of that name is left. */
bool gate_unref(uintptr_t name);

#endif
