/* SPDX-License-Identifier: MIT */
/*
 * assert.h - rules that the library itself must keep, checked in every build.
 *
 * A broken one is a bug in Eddy or a misuse that cannot be an error value: the program stops with a
 * sentence.
 */
#ifndef EDDY_BASE_ASSERT_H
#define EDDY_BASE_ASSERT_H

/* EDDY_ASSERT(condition, "sentence as a printf format", ...): prints `eddy: file:line: sentence`
 * and aborts. */
#define EDDY_ASSERT(condition, ...)                                                                \
    (__builtin_expect(!!(condition), 1) ? (void)0 : assert_fail(__FILE__, __LINE__, __VA_ARGS__))

_Noreturn void assert_fail(const char *file, int line, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));

#endif
