/* SPDX-License-Identifier: MIT */
/* blocking.h - awaitables that a thread executes, for the files of the library; see blocking.c. */
#ifndef EDDY_CORE_BLOCKING_H
#define EDDY_CORE_BLOCKING_H

#include "core/loop.h"
#include "eddy/thread.h"

/* The `start` of a type with `work`, in one of the loop's pools; its `cancel` is eddy_blocking_cancel. */
void blocking_start(struct eddy_awaitable *a, enum pool which);

#endif
