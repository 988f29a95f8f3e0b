/* SPDX-License-Identifier: MIT */
/*
 * switch.h - leaving one stack for another.
 *
 * It is out of line: a function call already declares every vector register clobbered, so only the callee-saved
 * registers are stored, on the stack that is left. It ends with an indirect jump: a `ret` to an address that no call
 * pushed is mispredicted each time (25 ns a round trip against 9 to 12).
 *
 * Rounding mode, exception masks and exception flags (MXCSR, the x87 control word, FPCR) are not touched: in C the
 * floating-point environment belongs to the thread (C11 7.6), and keeping it would cost 1.8 ns of a generator's step
 * of 4.4, even if it is loaded only where it differs. Code that changes it must restore it before it waits.
 *
 * Three implementations, of which one is compiled: switch_x86_64.c, switch_aarch64.c, and switch_generic.c for every
 * other machine (-DEDDY_GENERIC_SWITCH chooses it anywhere).
 */
#ifndef EDDY_CORE_SWITCH_H
#define EDDY_CORE_SWITCH_H

#include <stdbool.h>
#include <stddef.h>

/* Only assembly calls it: link-time optimisation must neither drop nor hide it. */
#ifdef __clang__
#define EDDY_CALLED_BY_ASSEMBLY __attribute__((used))
#else
#define EDDY_CALLED_BY_ASSEMBLY __attribute__((used, externally_visible))
#endif

#if defined EDDY_GENERIC_SWITCH || !(defined __x86_64__ || defined __aarch64__)
#define EDDY_SWITCH_IS_GENERIC 1
#endif

/* Where suspended code goes on. */
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
    const void *bottom; /* the bounds of this stack, for ASan */
    size_t size;
    void *fiber;        /* TSan's handle for it */
#endif
};

/* The same for a stack that does not run. */
void switch_forget(struct switch_point *point);
/* Memory of frames that have returned may be read again: see eddy_frame_end. */
void switch_unpoison(const void *low, size_t size);

/* Defined in switch_<arch>.c: lays out a first frame that calls entry(argument) with the stack ending at top;
 * returns its sp. */
void *switch_first_frame(void *top, void (*entry)(void *), void *argument);

/* switch_prepare makes `point` begin with entry(argument) on the stack that ends at `top`; entry never returns.
 * switch_retire is called on a stack that is about to be left for ever: afterwards the sanitizers drop their data
 * about it. */
#ifdef EDDY_SANITIZED
void switch_prepare(struct switch_point *point, void *bottom, void *top, void (*entry)(void *), void *argument);
void switch_retire(void);
#else
static inline void switch_prepare(struct switch_point *point, void *bottom, void *top, void (*entry)(void *),
                                  void *argument)
{
    (void)bottom;
    point->sp = switch_first_frame(top, entry, argument);
}
static inline void switch_retire(void)
{
}
#endif

/*
 * `value` is the result of eddy_switch on the other side; for switch_for_bool only NULL and (void *)1 are allowed,
 * since it is read as the machine returns a bool. Functions that end in a switch should end in it as
 * a tail call: then the resumed code goes on right after its own call. A `ret` in between would be mispredicted,
 * since other code has filled the processor's stack of return addresses by then.
 */
void *eddy_switch(void **from, void *to, void *value);
#ifndef EDDY_SANITIZED
#ifndef EDDY_SWITCH_IS_GENERIC
bool eddy_switch_bool(void **from, void *to, void *value); /* the same code under another name */
#ifdef __x86_64__
#define EDDY_SWITCH_BEGINS 1
/* The half of eddy_switch that loads registers. */
_Noreturn void eddy_switch_away(void *to, void *value);
/* The half that stores them; then entry(argument) begins on the stack that ends at `top`. */
void eddy_switch_begin(void **from, void *top, void (*entry)(void *), void *argument);
#endif
#else
#define eddy_switch_bool(from, to, value) (eddy_switch(from, to, value) != NULL)
#endif

static inline void *switch_with(struct switch_point *from, const struct switch_point *to, void *value)
{
    return eddy_switch(&from->sp, to->sp, value);
}
static inline bool switch_for_bool(struct switch_point *from, const struct switch_point *to, void *value)
{
    return eddy_switch_bool(&from->sp, to->sp, value);
}
/* The switch when `from` is left for ever. */
static inline void switch_away(struct switch_point *from, const struct switch_point *to, void *value)
{
#ifdef EDDY_SWITCH_BEGINS
    (void)from;
    eddy_switch_away(to->sp, value);
#else
    eddy_switch(&from->sp, to->sp, value);
#endif
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

/* switch_prepare and switch_to in one: `to` begins. */
static inline __attribute__((always_inline)) void switch_begin(struct switch_point *from, struct switch_point *to,
                                                               void *bottom, void *top, void (*entry)(void *),
                                                               void *argument)
{
#ifdef EDDY_SWITCH_BEGINS
    (void)to, (void)bottom;
    eddy_switch_begin(&from->sp, top, entry, argument);
#else
    switch_prepare(to, bottom, top, entry, argument);
    switch_to(from, to);
#endif
}

#endif
