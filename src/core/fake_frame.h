/* SPDX-License-Identifier: MIT */
/*
 * fake_frame.h - the locals of a body that has returned, where AddressSanitizer keeps them.
 *
 * With detect_stack_use_after_return the locals of a function lie in a block off the stack, which is free for others
 * as soon as the function has returned. The frame of a body remains whole until its tasks have been joined
 * (eddy_frame_end), so this block must remain whole, too. Without AddressSanitizer there is no such block, and these
 * functions do nothing.
 */
#ifndef EDDY_CORE_FAKE_FRAME_H
#define EDDY_CORE_FAKE_FRAME_H

#include <stdbool.h>

#if defined __SANITIZE_ADDRESS__
#define EDDY_FAKE_FRAMES 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define EDDY_FAKE_FRAMES 1
#endif
#endif

#ifdef EDDY_FAKE_FRAMES
struct fake_frame {
    char *low, *high; /* the first byte of the block; NULL: the locals are on the stack */
};

/* The block that contains `local`; its function has not returned. */
struct fake_frame fake_frame_of(const void *local);
/* Takes the block back, before any other function runs; false: there is none, or its function still runs. */
bool fake_frame_keep(struct fake_frame frame);
void fake_frame_give(struct fake_frame frame);
#else
struct fake_frame {
};

static inline struct fake_frame fake_frame_of(const void *local)
{
    (void)local;
    return (struct fake_frame){};
}
static inline bool fake_frame_keep(struct fake_frame frame)
{
    (void)frame;
    return false;
}
static inline void fake_frame_give(struct fake_frame frame)
{
    (void)frame;
}
#endif

#endif
