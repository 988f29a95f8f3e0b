/* SPDX-License-Identifier: MIT */
/*
 * assert.h - rules that must hold, checked in every build.
 *
 * EDDY_ASSERT is for misuse that cannot be an error value, EDDY_INVARIANT for a bug in Eddy: both stop the program
 * with a sentence. Misuse is reported with places in the user's code; the place in the library follows only if
 * EDDY_DEBUG=1.
 */
#ifndef EDDY_BASE_ASSERT_H
#define EDDY_BASE_ASSERT_H

/* EDDY_ASSERT(condition, "sentence as a printf format", ...): prints `eddy: `, assert_caller's words and the sentence;
 * then it aborts. */
#define EDDY_ASSERT(condition, ...)                                                                \
    (__builtin_expect(!!(condition), 1) ? (void)0 : assert_fail(__FILE__, __LINE__, __VA_ARGS__))
/* The same if the sentence begins with a place in the user's code. */
#define EDDY_ASSERT_AT(condition, ...)                                                             \
    (__builtin_expect(!!(condition), 1) ? (void)0 : assert_fail_at(__FILE__, __LINE__, __VA_ARGS__))

/* A rule that the library itself keeps, stated where it must hold; cheap enough for every build. */
#define EDDY_INVARIANT(condition)                                                                  \
    (__builtin_expect(!!(condition), 1) ? (void)0 : assert_bug(__FILE__, __LINE__, #condition))

/* The same for a condition that walks a list or a heap: checked only with `meson -Dassertions=expensive`. */
#if defined(EDDY_EXPENSIVE_ASSERTIONS)
#define EDDY_EXPENSIVE_INVARIANT(condition) EDDY_INVARIANT(condition)
#else
#define EDDY_EXPENSIVE_INVARIANT(condition) ((void)(0 && (condition)))
#endif

/* Describes the caller, as "main.c:12: task "f", spawned here: ", or nothing. Set by core, which knows tasks; NULL:
 * not yet. */
extern void (*assert_caller)(char *text, unsigned long size);

_Noreturn void assert_fail(const char *file, int line, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));
_Noreturn void assert_fail_at(const char *file, int line, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));
_Noreturn void assert_bug(const char *file, int line, const char *condition) __attribute__((cold));

#endif
