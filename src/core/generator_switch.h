/* SPDX-License-Identifier: MIT */
/*
 * generator_switch.h - a step into a generator's stack, and the way back.
 *
 * On x86-64 (generator_x86_64.c) programs step and yield in line, see eddy/generator.h. A point is the stack pointer,
 * the frame pointer and an address. The code at that address expects the control block in rax and nothing in the other
 * registers. The zero flag is set if the generator has ended or a failure was thrown in. Invariant: inside.sp is NULL
 * while the generator runs, so one comparison finds a step into a generator that is running. On other machines these
 * are the switches of switch.h.
 *
 * `origin` is the generator that the consumer has resumed. It differs from the one that comes back to the consumer only
 * after a transfer: then outside.pc is generator_back_transferred, which the next step replaces.
 */
#ifndef EDDY_CORE_GENERATOR_SWITCH_H
#define EDDY_CORE_GENERATOR_SWITCH_H

#include "core/switch.h"

#if defined __x86_64__ && defined __LP64__ && !defined EDDY_SWITCH_IS_GENERIC && !defined EDDY_SANITIZED
#define EDDY_QUICK_STEPS 1
#endif

struct eddy_generator;
struct generator_stack;

#ifdef EDDY_QUICK_STEPS
struct generator_point {
    void *sp, *pc, *bp;
    void *bx, *then; /* if pc is a place of the library that loads rbx: its value, and the address after that */
};
/* The assembly of generator_x86_64.c knows these places. */
enum { GENERATOR_INSIDE = 16, GENERATOR_OUTSIDE = 56, GENERATOR_SELF = 40, GENERATOR_CONTROL = 48 };

/* The first function on a generator's stack; the control block is in rax. */
void eddy_generator_entry(void);
/* True: it has yielded, false: it has ended. */
bool generator_go_in(struct generator_stack *g, bool throws);
/* To the consumer, or to another generator; true: a failure was thrown in. */
bool generator_go_out(struct generator_stack *g);
bool generator_go_across(struct generator_stack *g, struct generator_stack *other);
/* To the consumer for ever. */
_Noreturn void generator_go_away(struct generator_stack *g);
/* Places where the consumer goes on: rbx is loaded first. */
void generator_back_keeping(void);
void generator_back_transferred(void);
#else
#define generator_point switch_point
#endif

/* Called by assembly: the steps and yields of programs that the assembly does not make itself. False: the rare case. */
bool generator_step_otherwise(struct eddy_generator *user, void *slot, void *sent_slot);
bool generator_yield_otherwise(struct generator_stack *g);
/* The function that runs the body of a generator; it does not return. */
void generator_body(void *g);

#endif
