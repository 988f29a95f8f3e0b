/* SPDX-License-Identifier: MIT */
/*
 * frame_generic.c - eddy_frame_end in C: below its own frame, which may overlap the top of the one that returned.
 *
 * A local at that place may be damaged before the tasks that it was lent to have been joined: such a machine needs a
 * frame_<arch>.c. It does not depend on the switch, so machines that have one use it with the generic switch, too.
 */
#if !(defined __x86_64__ || defined __aarch64__)

#include "core/frame_end.h"

void eddy_frame_end(void *children)
{
    struct task *first = children;
    char *here = __builtin_frame_address(0);
    if (first->spawn_frame < here) {
        volatile char *gap = __builtin_alloca((size_t)(here - first->spawn_frame) + 256);
        gap[0] = 0;
    }
    frame_end_below(first, here);
}

const char frame_end_file = 0;

#else
typedef int eddy_not_generic_frame;
#endif
