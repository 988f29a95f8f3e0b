/* SPDX-License-Identifier: MIT */
#pragma GCC system_header /* see macros.h */
/*
 * keywords.h - the keywords without a prefix. Include it after the headers of other libraries, which may use such
 * words.
 *
 * Each is the eddy_ macro of <eddy/macros.h> under a shorter name.  EDDY_NO_DEFER (EDDY_NO_AWAIT, ...) defined
 * before this header leaves that word out.
 */
#ifndef EDDY_KEYWORDS_H
#define EDDY_KEYWORDS_H
#ifdef __cplusplus
#error "<eddy/keywords.h> is for C; from C++ include <eddy.h> and call the functions"
#define ED_STOP "see the error above" /* there is no such file: the compiler stops */
#include ED_STOP
#endif
#ifdef __STRICT_ANSI__
#error "Eddy needs GNU C: compile with -std=gnu11 or later (not -std=c11)"
#define ED_STOP "see the error above" /* there is no such file: the compiler stops */
#include ED_STOP
#endif

/* The headers that a program with async functions needs at once: ENOMEM to throw, free to defer, asprintf to make
 * texts with. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "base.h" /* first: it refuses machines that may have no <errno.h> */

#include <errno.h>
#include <stdlib.h>

#include "../eddy.h"
#undef ED_BRIEF /* see macros.h */
#define ED_BRIEF(...) __VA_ARGS__

/* For a program that has included <stdio.h> before, without _GNU_SOURCE: then this declaration is missing. In
 * parentheses, since with -D_FORTIFY_SOURCE it is a macro to clang. */
int(asprintf)(char **__restrict text, const char *__restrict format, ...) EDDY_PRINTF(2, 3);

/* A value returned from a void body is only a warning in gcc < 14; the rule makes it an error. */
#pragma GCC diagnostic error "-Wreturn-type"
/* Errors by default from gcc 14 and clang 16 on: the keywords are typed, so they are here too. clang stops at them,
 * since it shows the macros of each consequence. */
#ifdef __clang__
#pragma clang diagnostic fatal "-Wincompatible-pointer-types"
#pragma clang diagnostic fatal "-Wint-conversion"
#pragma clang diagnostic fatal "-Wimplicit-int"
#pragma clang diagnostic fatal "-Wimplicit-function-declaration"
#else
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#pragma GCC diagnostic error "-Wint-conversion"
#pragma GCC diagnostic error "-Wimplicit-int"
#pragma GCC diagnostic error "-Wimplicit-function-declaration"
#endif
#ifdef __clang__ /* -Wpedantic warns about the extensions that the keywords need */
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#pragma clang diagnostic ignored "-Wgnu-auto-type"
#endif

/* The words without parentheses (`await f(1)`) are no macros: they find an enumerator that may not be used. It is one
 * because 0 may stand where a number or a pointer stands, so that only its own message follows. */
#ifndef __has_attribute
#define ED_IS_UNAVAILABLE(text)
#elif __has_attribute(unavailable)
#define ED_IS_UNAVAILABLE(text) __attribute__((unavailable(text)))
#else
#define ED_IS_UNAVAILABLE(text)
#endif

/* ED_NAME_word: an async function cannot have this name, since a macro has it. */
#ifndef EDDY_NO_ASYNC
#define ED_NAME_async ~, NAMELESS
/* The whole keyword is here, since compilers show each macro between a mistake and its place. */
#define async(T, ...) \
    ED_BY_HEAD(ED_ASYNC_GOOD, ED_ASYNC_UNPAIRED, ED_ASYNC_NAMELESS, ED_ASYNC_MAIN, __VA_ARGS__) \
    (static, T, ED_FIRST(__VA_ARGS__, ), __VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_DECLARE
#define async_declare(...) eddy_async_declare(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_DEFINE
#define async_free(...) eddy_async_free(__VA_ARGS__)
#define async_define(...) eddy_async_define(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_DECLARE_STATIC
#define async_declare_static(...) eddy_async_declare_static(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_DEFINE_STATIC
#define async_define_static(...) eddy_async_define_static(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_TYPE
#define async_type(...) eddy_async_type(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_AS
#define async_as(...) eddy_async_as(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_DEFAULT
#define async_default(...) eddy_async_default(__VA_ARGS__)
#endif

#ifndef EDDY_NO_BLOCKING
#define ED_NAME_blocking ~, NAMELESS
#define blocking(...) eddy_blocking(__VA_ARGS__)
#endif

#ifndef EDDY_NO_GENERATOR
#define ED_NAME_generator ~, NAMELESS
#define generator(...) eddy_generator(__VA_ARGS__)
#endif

#ifndef EDDY_NO_GENERATOR_FULL
#define generator_full(...) eddy_generator_full(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_GENERATOR
#define async_generator(...) eddy_async_generator(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_GENERATOR_FULL
#define async_generator_full(...) eddy_async_generator_full(__VA_ARGS__)
#endif

#ifndef EDDY_NO_AWAIT
#define ED_NAME_await ~, NAMELESS
enum { await ED_IS_UNAVAILABLE("it takes its operand in parentheses: await(f(x))") };
/* It is explained in macros.h. The whole keyword is here, since compilers name the files between a mistake and its
 * place. */
#define await(x, ...) \
    __extension__({ \
        _Static_assert(!ED_IS_NONE(x), "await needs an awaitable: await(x) or await(x, &err)"); \
        _Static_assert(ED_NARGS(__VA_ARGS__) < 2, "await takes one or two arguments: await(x) or await(x, &err)"); \
        (void)await_outside_async_function; \
        ED_STOP_IF(!ED_IN_FRAME) \
        ED_LEAVE_IF_PENDING \
        ED_BY_COUNT(ED_NO_ERROR, ED_CLEAR_ERROR, ED_NO_ERROR, ED_NO_ERROR, ##__VA_ARGS__)( \
            _Static_assert(!ed_is_no_error, "the last argument must be the address of an eddy_error: &err"), \
            ##__VA_ARGS__) \
        __auto_type ed_operand = (x); \
        enum { ed_is_copy = ED_IS_COPY(#x, ed_operand) }; \
        _Static_assert(!ed_is_copy, "await takes the handle itself: await(t), not await(*t)"); \
        __auto_type ed_pointer = ED_POINTER_TO(ed_operand); \
        enum { ed_is_no_awaitable = ED_BRIEF(ED_NO_AWAITABLE(ed_pointer)) }; \
        _Static_assert(!ed_is_no_awaitable, "await needs a coroutine, a task, a future or another awaitable"); \
        ED_AWAIT(ED_WAIT, eddy_release_handle, ED_PASS_OR(ED_CATCH, ##__VA_ARGS__)); \
    })
#endif

#ifndef EDDY_NO_AWAIT_ALWAYS
#define await_always(...) eddy_await_always(__VA_ARGS__)
#endif

#ifndef EDDY_NO_AWAIT_FOR
#define await_for(...) eddy_await_for(__VA_ARGS__)
#endif

#ifndef EDDY_NO_AWAIT_SHIELDED
#define await_shielded(...) eddy_await_shielded(__VA_ARGS__)
#endif

#ifndef EDDY_NO_THROW
#define ED_NAME_throw ~, NAMELESS
enum { throw ED_IS_UNAVAILABLE("it takes code and text in parentheses: throw(EINVAL, \"what is wrong\")") };
#define throw(...) eddy_raise(__VA_ARGS__)
#endif

#ifndef EDDY_NO_RETHROW
#define ED_NAME_rethrow ~, NAMELESS
#define rethrow(...) eddy_reraise(__VA_ARGS__)
#endif

#ifndef EDDY_NO_SPAWN
#define ED_NAME_spawn ~, NAMELESS
#define spawn(...) eddy_spawn(__VA_ARGS__)
#endif

#ifndef EDDY_NO_SPAWN_EAGER
#define spawn_eager(...) eddy_spawn_eager(__VA_ARGS__)
#endif

#ifndef EDDY_NO_SPAWN_WITH
#define spawn_with(...) eddy_spawn_with(__VA_ARGS__)
#endif

#ifndef EDDY_NO_YIELD
#define ED_NAME_yield ~, NAMELESS
#define yield(...) eddy_yield(__VA_ARGS__)
#endif

#ifndef EDDY_NO_YIELD_FROM
#define yield_from(...) eddy_yield_from(__VA_ARGS__)
#endif

#ifndef EDDY_NO_FOR_EACH
#define ED_NAME_for_each ~, NAMELESS
#define for_each(...) \
    ED_BY_COUNT(ED_FOR_EACH_ALONE, ED_FOR_EACH_ALONE, eddy_for_each, eddy_for_each, ##__VA_ARGS__)(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_FOR
#define ED_NAME_async_for ~, NAMELESS
#define async_for(...) \
    ED_BY_COUNT(ED_ASYNC_FOR_ALONE, ED_ASYNC_FOR_ALONE, eddy_async_for, eddy_async_for, ##__VA_ARGS__)(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_WITH
#define ED_NAME_async_with ~, NAMELESS
#define async_with(...) \
    ED_BY_COUNT(ED_ASYNC_WITH_ALONE, ED_ASYNC_WITH_ALONE, eddy_async_with, eddy_async_with, ##__VA_ARGS__)(__VA_ARGS__)
#endif

#ifndef EDDY_NO_DEFER
#define ED_NAME_defer ~, NAMELESS
#define defer(...) eddy_defer(__VA_ARGS__)
#endif

#ifndef EDDY_NO_FUTURE_OF
#define future_of(...) eddy_future_of(__VA_ARGS__)
#endif

#ifndef EDDY_NO_CHANNEL_OF
#define channel_of(...) eddy_channel_of(__VA_ARGS__)
#endif

#ifndef EDDY_NO_QUEUE_OF
#define queue_of(...) eddy_queue_of(__VA_ARGS__)
#endif

#ifndef EDDY_NO_LIST_OF
#define list_of(...) eddy_list_of(__VA_ARGS__)
#endif

#ifndef EDDY_NO_LIST_PUSH
#define list_push(...) eddy_list_push(__VA_ARGS__)
#endif

#ifndef EDDY_NO_LIST_FREE
#define list_free(...) eddy_list_free(__VA_ARGS__)
#endif

#ifndef EDDY_NO_COLLECT
#define ED_NAME_collect ~, NAMELESS
#define collect(...) eddy_collect(__VA_ARGS__)
#endif

#ifndef EDDY_NO_ASYNC_COLLECT
#define async_collect(...) eddy_async_collect(__VA_ARGS__)
#endif

#endif
