/* SPDX-License-Identifier: MIT */
/*
 * valgrind.h - requests to Valgrind; they are empty if its header is missing at compile time.
 *
 * Outside Valgrind each request is a handful of instructions without effect.
 */
#ifndef EDDY_OS_VALGRIND_H
#define EDDY_OS_VALGRIND_H

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif

#if !defined(RUNNING_ON_VALGRIND)
#include <stddef.h>
static inline int valgrind_does_nothing(const void *start, size_t size)
{
    (void)start, (void)size;
    return 0;
}
#define RUNNING_ON_VALGRIND                                      0
#define VALGRIND_STACK_REGISTER(start, end)                      ((void)(start), (void)(end), 0)
#define VALGRIND_STACK_DEREGISTER(id)                            ((void)(id))
#define VALGRIND_MALLOCLIKE_BLOCK(block, size, red_zone, zeroed) ((void)(block), (void)(size), (void)(zeroed))
#define VALGRIND_FREELIKE_BLOCK(block, red_zone)                 ((void)(block))
#define VALGRIND_MAKE_MEM_DEFINED(start, size)                   valgrind_does_nothing(start, size)
#define VALGRIND_MAKE_MEM_UNDEFINED(start, size)                 ((void)(start), (void)(size))
#endif

#endif
