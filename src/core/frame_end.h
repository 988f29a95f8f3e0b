/* SPDX-License-Identifier: MIT */
/* frame_end.h - the end of a frame, in two parts: assembly (frame_<arch>.c), and C that it calls (frame_end.c). */
#ifndef EDDY_CORE_FRAME_END_H
#define EDDY_CORE_FRAME_END_H

#include "core/task.h"

/* The part of eddy_frame_end that runs below the frame which has ended; caller: the stack pointer there. */
EDDY_CALLED_BY_ASSEMBLY void frame_end_below(struct task *first, char *caller);
/* Defined in frame_<arch>.c: gcc's link-time optimisation does not see symbols that assembly defines, and takes a
 * file out of the static library only for a symbol defined in C. */
extern const char frame_end_file;

#endif
