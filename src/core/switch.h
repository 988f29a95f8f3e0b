/* SPDX-License-Identifier: MIT */
/*
 * switch.h - leaving one stack for another.
 *
 * Out of line: a function call already declares every vector register lost, so only the callee-saved ones are
 * kept, on the stack that is left.  Ended by an indirect jump: a `ret` to an address that no call pushed is
 * mispredicted each time (25 ns a round trip against 9 to 12).
 */
#ifndef EDDY_CORE_SWITCH_H
#define EDDY_CORE_SWITCH_H

#include <stdbool.h>
#include <stddef.h>

/* Where something that does not run now goes on. */
struct switch_point {
    void *sp; /* its stack pointer; the callee-saved registers lie above it */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define EDDY_SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define EDDY_SANITIZED 1
#endif
#endif
#ifdef EDDY_SANITIZED
    void *fake_stack;   /* ASan's shadow of this stack's frames */
    const void *bottom; /* of this stack, as ASan wants it */
    size_t size;
    void *fiber;        /* TSan's name for it */
#endif
};

/* Makes `point` begin with entry(argument) on the stack that ends at `top`; entry never returns. */
void switch_prepare(struct switch_point *point, void *bottom, void *top, void (*entry)(void *), void *argument);
/* On a stack that is about to be left for ever: what a sanitizer knows of it is forgotten once it has been. */
void switch_retire(void);
/* The same for a stack that does not run. */
void switch_forget(struct switch_point *point);
/* Memory of frames that have returned may be looked at again: see eddy_frame_end. */
void switch_unpoison(const void *low, size_t size);

/*
 * `value` is what the call of eddy_switch gives on the other side.  Functions that end in a switch should end in it as
 * a tail call: whoever is resumed then goes on right behind its own call.  A `ret` in between would be mispredicted,
 * for the processor's stack of return addresses has by then been filled by somebody else.
 */
#ifndef EDDY_SANITIZED
void *eddy_switch(void **from, void *to, void *value);
bool eddy_switch_bool(void **from, void *to, void *value) __asm__("eddy_switch");

static inline void *switch_with(struct switch_point *from, const struct switch_point *to, void *value)
{
    return eddy_switch(&from->sp, to->sp, value);
}
static inline bool switch_for_bool(struct switch_point *from, const struct switch_point *to, void *value)
{
    return eddy_switch_bool(&from->sp, to->sp, value);
}
/* When `from` is never gone back to. */
static inline void switch_away(struct switch_point *from, const struct switch_point *to, void *value)
{
    eddy_switch(&from->sp, to->sp, value);
}
#else
void *switch_with(struct switch_point *from, const struct switch_point *to, void *value);
bool switch_for_bool(struct switch_point *from, const struct switch_point *to, void *value);
void switch_away(struct switch_point *from, const struct switch_point *to, void *value);
#endif

static inline void switch_to(struct switch_point *from, const struct switch_point *to)
{
    switch_with(from, to, NULL);
}

#endif
