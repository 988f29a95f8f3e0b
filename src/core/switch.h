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

#ifndef EDDY_SANITIZED
void eddy_switch(void **from, void *to);
static inline void switch_to(struct switch_point *from, const struct switch_point *to)
{
    eddy_switch(&from->sp, to->sp);
}
/* The same when `from` is never gone back to. */
static inline void switch_away(struct switch_point *from, const struct switch_point *to)
{
    eddy_switch(&from->sp, to->sp);
}
#else
void switch_to(struct switch_point *from, const struct switch_point *to);
void switch_away(struct switch_point *from, const struct switch_point *to);
#endif

#endif
