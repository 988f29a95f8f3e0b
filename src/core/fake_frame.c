/* SPDX-License-Identifier: MIT */
/*
 * fake_frame.c - fake_frame.h.
 *
 * The last word of a block points to the byte that says whether it is taken. Code that gcc and clang compile into
 * every function clears it through this pointer, so its place is part of the interface between compiler and run-time
 * library.
 */
#include "core/fake_frame.h"

#ifdef EDDY_FAKE_FRAMES

#include <sanitizer/asan_interface.h>
#include <stddef.h>
#include <stdint.h>

struct fake_frame fake_frame_of(const void *local)
{
    void *low = NULL, *high = NULL, *fake_stack = __asan_get_current_fake_stack();
    if (fake_stack && __asan_addr_is_in_fake_stack(fake_stack, (void *)(uintptr_t)local, &low, &high))
        return (struct fake_frame){low, high};
    return (struct fake_frame){NULL, NULL};
}

/* The block of a function that has returned is poisoned completely. */
static __attribute__((no_sanitize_address)) unsigned char *taken(struct fake_frame frame)
{
    return ((unsigned char **)(void *)frame.high)[-1];
}

bool fake_frame_keep(struct fake_frame frame)
{
    if (!frame.low || *taken(frame))
        return false;
    *taken(frame) = 1;
    __asan_unpoison_memory_region(frame.low, (size_t)(frame.high - frame.low));
    return true;
}

void fake_frame_give(struct fake_frame frame)
{
    __asan_poison_memory_region(frame.low, (size_t)(frame.high - frame.low));
    *taken(frame) = 0;
}

#else
typedef int eddy_no_fake_frames;
#endif
