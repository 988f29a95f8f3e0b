/* SPDX-License-Identifier: MIT */
/* frame_leave.c - a body is left before its end: its tasks are joined first, while its locals are alive. */
#include "core/failure.h"

void eddy_frame_leave(struct eddy_core *frame)
{
    if (frame->children)
        eddy_frame_end(frame->children);
}

void eddy_frame_fail(struct eddy_core *frame, struct eddy_failure *failure, const struct eddy_site *site)
{
    frame->failure = failure->fixed ? failure : eddy_failure_trace(failure, site);
    eddy_frame_leave(frame);
}
