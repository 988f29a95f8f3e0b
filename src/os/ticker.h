/* SPDX-License-Identifier: MIT */
/* ticker.h - a thread that calls a function at regular intervals: debug mode uses it to notice a step that does not
 * end. */
#ifndef EDDY_OS_TICKER_H
#define EDDY_OS_TICKER_H

#include <stdint.h>

struct ticker;

/* Calls tick(argument) every `period` nanoseconds, on a separate thread with all signals blocked; NULL: it could not
 * be started. */
struct ticker *ticker_new(int64_t period, void (*tick)(void *argument), void *argument);
/* Waits for a tick in progress. NULL is allowed. */
void ticker_free(struct ticker *ticker);

#endif
