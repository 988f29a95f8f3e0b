/* SPDX-License-Identifier: MIT */
/*
 * generator.h - the stack of a generator that has begun.
 *
 * [ ... stack ... | copy of the generator value | struct generator_stack | struct stack ].  The body works on the
 * copy; the user's object is written only while its owner waits for a step.
 */
#ifndef EDDY_CORE_GENERATOR_H
#define EDDY_CORE_GENERATOR_H

#include "core/switch.h"
#include "eddy/generator.h"

struct eddy_loop;

struct generator_stack {
    struct eddy_generator_control control; /* the part that the macros see; must be first */
    struct switch_point inside, outside;   /* the generator's place, the consumer's */
    struct stack *stack;
    char *low;                             /* below that address yield_from goes on upon a fresh stack */
    struct generator_detour *detour;       /* the fresh stacks that it stands on, the last one first */
    struct eddy_generator *frame;          /* the copy */
    struct generator_stack *origin;        /* the one that the consumer resumed: itself, except after a transfer */
    struct generator_stack *ended;         /* in an origin: the generator that came back to the consumer by its end */
    uint8_t state;                         /* an enum eddy_state */
    bool closing;                          /* GeneratorExit is on its way through it */
    struct eddy_loop *loop;                /* for an async generator: the loop whose list it is in; NULL: none */
    struct generator_stack *next, **link;
};

/* Raises it where the generator yielded; owns it.  True: the generator yielded again. */
bool generator_throw_failure(struct eddy_generator *user, void *slot, void *sent_slot, struct eddy_failure *failure);
/* Gives up what eddy_as_completed holds. */
void as_completed_close(struct eddy_async_generator *generator);

#endif
