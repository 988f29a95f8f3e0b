/* SPDX-License-Identifier: MIT */
/*
 * generator.h - the stack of a generator that has begun.
 *
 * [ ... stack ... | copy of the generator value | struct generator_stack | struct stack ].  The body works on the
 * copy; the user's object is written only while its owner waits for a step.
 */
#ifndef EDDY_CORE_GENERATOR_H
#define EDDY_CORE_GENERATOR_H

#include "core/generator_switch.h"
#include "eddy/generator.h"

struct eddy_loop;

struct generator_stack {
    struct eddy_generator_control control; /* the part that the macros see; must be first */
    struct generator_point inside, outside; /* where the generator goes on, where the consumer goes on */
    struct eddy_failure *thrown;           /* the failure that was thrown in last */
    struct stack *stack;
    char *low;                             /* below that address yield_from goes on upon a new stack */
    struct generator_detour *detour;       /* the new stacks that it stands on, the last one first */
    struct eddy_generator *frame;          /* the copy */
    struct generator_stack *origin;        /* the generator that the consumer resumed: see generator_switch.h */
    struct generator_stack *ended;         /* in an origin: the generator that returned to the consumer by its end */
    uint8_t state;                         /* a value of enum eddy_state; read it by generator_state */
    bool closing;                          /* GeneratorExit is propagating in it */
    struct eddy_loop *loop;                /* for an async generator: the loop whose list it is in; NULL: none */
    struct generator_stack *next, **link;
};

static inline enum eddy_state generator_state(const struct generator_stack *g)
{
#ifdef EDDY_QUICK_STEPS
    if (g->state != EDDY_FINISHED)
        return g->inside.sp ? EDDY_SUSPENDED : EDDY_RUNNING;
#endif
    return (enum eddy_state)g->state;
}

/* Raises a failure where the generator yielded, and owns it. True: the generator yielded again. */
bool generator_throw_failure(struct eddy_generator *user, void *slot, void *sent_slot, struct eddy_failure *failure);
/* Frees the objects of eddy_as_completed. */
void as_completed_close(struct eddy_async_generator *generator);

#endif
