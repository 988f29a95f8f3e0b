/* SPDX-License-Identifier: MIT */
/* allocator.h - where Eddy's heap blocks come from (loop option `allocator`). */
#ifndef EDDY_ALLOCATOR_H
#define EDDY_ALLOCATOR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Both functions are called on the threads that run loops with this allocator, and must be thread-safe if
 * there are several.  Blocks must be aligned for any object (16 bytes).  The allocator must outlive its blocks.
 * Since 0.1.
 */
typedef struct eddy_allocator {
    void *(*allocate)(void *context, size_t size);             /* NULL: no memory, which becomes ENOMEM */
    void (*release)(void *context, void *block, size_t size);  /* size: the size that was asked for */
    void *context;                                             /* passed to both functions */
} eddy_allocator;

#ifdef __cplusplus
}
#endif
#endif
