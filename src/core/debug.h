/* SPDX-License-Identifier: MIT */
/* debug.h - debug mode of a loop. */
#ifndef EDDY_CORE_DEBUG_H
#define EDDY_CORE_DEBUG_H

struct debugger;
struct task;

/* slow_step: seconds that one step may take; 0: 0.1.  NULL: no memory, no debug mode. */
struct debugger *debug_begin(double slow_step);
/* NULL is allowed. */
void debug_end(struct debugger *debugger);
/* The running step ends, and the next one begins: of a task, or of the loop itself (NULL). */
void debug_step(struct debugger *debugger, struct task *next);

#endif
