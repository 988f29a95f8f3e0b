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
/* The failure that was thrown into the running body, where ed_generator_yield has found that there is one. */
EDDY_API struct eddy_failure *eddy_generator_thrown(struct eddy_generator *g);
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

/*
 * A step and a yield in a program's code. On x86-64 they store no registers: the compiler is told that all are lost,
 * and keeps in memory what it needs. They call no function, since a leaf function has data below its stack pointer:
 * they jump, with the address to go on at in rcx. There the zero flag tells the rare case: no value, or a thrown
 * failure. In functions with variable arrays clang needs rbx and does not store it, so there the library does; and no
 * register is left in which clang could read the flag.
 */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define ED_WATCHED_STACKS 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define ED_WATCHED_STACKS 1
#endif
#endif
#if defined __x86_64__ && defined __LP64__ && !defined EDDY_GENERIC_SWITCH && !defined ED_WATCHED_STACKS
#define ED_QUICK_STEPS 1
#if defined __CET__ && (__CET__ & 1)
#define ED_JUMP "notrack jmp"
#else
#define ED_JUMP "jmp"
#endif
#ifdef __clang__
#define ED_KEEPING "_keeping"
#define ED_LOST_RBX
#define ED_IS_RARE "\n\tsetz {%%al|al}"
#else
#define ED_KEEPING ""
#define ED_LOST_RBX "rbx",
#define ED_IS_RARE
#endif
#ifdef __AVX512F__
#define ED_LOST_AVX512 \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", \
        "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define ED_LOST_AVX512
#endif
#ifdef __APX_F__
#define ED_LOST_APX \
    , "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31"
#else
#define ED_LOST_APX
#endif
#define ED_LOST \
    ED_LOST_RBX "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", \
        "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", \
        "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "memory" ED_LOST_AVX512 ED_LOST_APX
/* No functions: places to jump to, see src/core/generator_x86_64.c. */
EDDY_API void eddy_generator_enter(void);
EDDY_API void eddy_generator_enter_keeping(void);
EDDY_API void eddy_generator_leave(void);
EDDY_API void eddy_generator_leave_keeping(void);
#define ED_PLACE(function) "eddy_generator_" function ED_KEEPING "@GOTPCREL"
/* In both dialects of assembly: a program may be compiled with -masm=intel. */
#define ED_GO(function) \
    "{leaq 1f(%%rip),%%rcx|lea rcx,[rip+1f]}\n\t" ED_JUMP \
    " {*" ED_PLACE(function) "(%%rip)|QWORD PTR [rip+" ED_PLACE(function) "]}\n1:" ED_IS_RARE

static inline __attribute__((always_inline, unused)) bool ed_generator_step(struct eddy_generator *g, size_t size,
                                                                           void *slot, void *sent_slot)
{
    (void)size; /* type->size */
#ifdef __clang__
    unsigned char ended;
    __asm__ volatile(ED_GO("enter") : "=a"(ended), "+D"(g), "+S"(slot), "+d"(sent_slot) : : ED_LOST);
#else
    bool ended;
    __asm__ volatile(ED_GO("enter") : "=@ccz"(ended), "+D"(g), "+S"(slot), "+d"(sent_slot) : : "rax", ED_LOST);
#endif
    return !ended;
}

static inline __attribute__((always_inline, unused)) struct eddy_failure *ed_generator_yield(struct eddy_generator *g)
{
    bool thrown;
    uintptr_t control = (uintptr_t)g->control;
#ifdef __clang__
    __asm__ volatile(ED_GO("leave") : "+a"(control) : : "rdx", "rsi", "rdi", ED_LOST);
    thrown = (unsigned char)control;
#else
    __asm__ volatile(ED_GO("leave") : "=@ccz"(thrown), "+a"(control) : : "rdx", "rsi", "rdi", ED_LOST);
#endif
    return __builtin_expect(thrown, 0) ? eddy_generator_thrown(g) : (struct eddy_failure *)0;
}
#else
static inline __attribute__((always_inline, unused)) bool ed_generator_step(struct eddy_generator *g, size_t size,
                                                                           void *slot, void *sent_slot)
{
    return eddy_generator_resume(g, size, slot, sent_slot);
}

static inline __attribute__((always_inline, unused)) struct eddy_failure *ed_generator_yield(struct eddy_generator *g)
{
    return eddy_generator_yield(g->control);
}
#endif

#ifdef __cplusplus
}
#endif
#endif
