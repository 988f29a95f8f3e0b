/* SPDX-License-Identifier: MIT */
/* ticker.h - a thread that calls a function each so often: how debug mode sees a step that does not end. */
#ifndef EDDY_OS_TICKER_H
#define EDDY_OS_TICKER_H

#include <stdint.h>

struct ticker;

/* tick(argument) each `period` nanoseconds, on a thread of its own with all signals blocked; NULL: it cannot be had. */
struct ticker *ticker_new(int64_t period, void (*tick)(void *argument), void *argument);
/* Waits for a tick that is under way.  NULL is allowed. */
void ticker_free(struct ticker *ticker);

#endif
