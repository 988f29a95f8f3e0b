/* SPDX-License-Identifier: MIT */
/*
 * generator.h - functions that yield: the parts of eddy_next, eddy_send, eddy_throw and eddy_close.
 *
 * A generator value holds its arguments and runs no code. Its first step takes a stack and makes a copy of the value
 * at the top of that stack, which the body works on. So the caller's object is only read while the caller waits for
 * a step, and an async generator that is left open can be closed after that object is gone. A value that has been
 * started must not be copied; a step of such a copy ends the program with a sentence.
 */
#ifndef EDDY_GENERATOR_H
#define EDDY_GENERATOR_H

#include "awaitable.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The data of the running generator that yield needs; the rest is private. */
struct eddy_generator_control {
    void *slot;      /* where the consumer of this step wants the value stored */
    void *sent_slot; /* where the consumer has put the value that it sends */
};

struct eddy_generator {
    struct eddy_core core;                  /* type->run runs the body; failure: the failure of the last step */
    struct eddy_generator *self;            /* the object that was started: tells it from a copy */
    struct eddy_generator_control *control; /* that of the stack it runs on; shared along a yield_from */
};

struct eddy_async_generator {
    struct eddy_generator generator;
    /* used by eddy_as_completed: makes one step without a body; NULL for generators with a body */
    bool (*step)(struct eddy_async_generator *generator, void *value);
};

/*
 * Sets the stack size of a generator that has not begun: at least `size` bytes, instead of the size of its task's
 * stack. g: a pointer to the value of a generator or async generator. False: it has begun, and is unchanged. Since
 * 0.1.
 */
EDDY_API bool eddy_generator_stack(void *g, size_t size);

/* ---- called by the macros; not for programs ---- */

/* Makes one step. True: there is a value in *slot. False at the end, or with core.failure set. */
EDDY_API bool eddy_generator_resume(struct eddy_generator *g, size_t size, void *slot, void *sent_slot);
/* The same with a sent value: refused before the first yield. */
EDDY_API bool eddy_generator_send(struct eddy_generator *g, size_t size, void *slot, void *sent_slot);
EDDY_API bool eddy_generator_throw(struct eddy_generator *g, size_t size, void *slot, void *sent_slot, int code,
                                   const struct eddy_site *site);
EDDY_API struct eddy_failure *eddy_generator_close(struct eddy_generator *g);
/* After a step that returned false. True: the generator has failed; false: it has ended. */
EDDY_API bool eddy_generator_failed(struct eddy_generator *g);
/* Takes the failure of the last step out of the generator. */
EDDY_API struct eddy_failure *eddy_generator_failure(struct eddy_generator *g);
/* Called in a body: returns to the consumer; the result is the error that the consumer threw in, or NULL. */
EDDY_API struct eddy_failure *eddy_generator_yield(struct eddy_generator_control *control);
EDDY_API struct eddy_failure *eddy_generator_delegate(struct eddy_generator_control *control,
                                                      struct eddy_generator *inner, size_t size);
EDDY_API struct eddy_failure *eddy_generator_transfer(struct eddy_generator_control *control,
                                                      struct eddy_generator *to, size_t size);
EDDY_API bool eddy_async_step(struct eddy_async_generator *g, size_t size, void *slot, void *sent_slot);
EDDY_API struct eddy_failure *eddy_async_close(struct eddy_async_generator *g);

/* The address of an owned generator, and the place for a failure of its closing. */
struct eddy_each {
    void *generator;          /* an eddy_generator or eddy_async_generator; NULL: not the loop's to close */
    struct eddy_core *frame;  /* the body that contains the loop; NULL: none */
};
EDDY_API void eddy_each_leave(struct eddy_each *each);
EDDY_API void eddy_async_each_leave(struct eddy_each *each);

/* eddy_anext, eddy_asend, eddy_athrow: one step of an async generator as an awaitable. */
struct eddy_anext {
    struct eddy_awaitable awaitable;
    bool result;                            /* true: there is a value */
    struct eddy_async_generator *generator;
    size_t generator_size;
    void *value, *sent;                     /* the members of the generator */
    void *out;                              /* where the caller wants the value stored */
    size_t size;                            /* of a value */
    int thrown;                             /* eddy_athrow: the code, else 0 */
    bool sends;                             /* eddy_asend */
    const struct eddy_site *site;
};
struct eddy_aclose {
    struct eddy_awaitable awaitable;
    eddy_void result;
    struct eddy_async_generator *generator;
};
EDDY_API extern const struct eddy_awaitable_type eddy_anext_type, eddy_aclose_type;

/* A generator that yields awaitables, run as a coroutine (eddy_from_generator). */
struct eddy_generator_coroutine {
    struct eddy_awaitable awaitable;
    size_t result_offset, result_size; /* place and size of the coroutine's result */
    size_t generator_offset, generator_size;
    size_t value_offset, sent_offset, generator_result_offset; /* places inside the generator */
};
EDDY_API extern const struct eddy_awaitable_type eddy_from_generator_type;

#ifdef __cplusplus
}
#endif
#endif
