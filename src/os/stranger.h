/* SPDX-License-Identifier: MIT */
/*
 * stranger.h - calls on a descriptor that somebody else has opened, and may have left blocking, which do not wait.
 *
 * Invariant: the descriptor's O_NONBLOCK is never changed.  It belongs to everybody who shares the open file: to the
 * shell whose terminal it is, to the other programs of a pipeline, to the next worker of a server.
 */
#ifndef EDDY_OS_STRANGER_H
#define EDDY_OS_STRANGER_H

#include "os/driver.h"

/* The call could wait, although the descriptor is ready: a thread has to make it. */
#define STRANGER_WAITS INT64_MIN

/* Its calls wait: it was left blocking. */
bool stranger_is_blocking(int fd);
/* A READ or WRITE that may wait, even if a poll says that the descriptor is ready. */
bool stranger_may_wait(const struct driver_op *op);
/* A READ, WRITE or ACCEPT: its result, -EAGAIN, or STRANGER_WAITS. */
int64_t stranger_call(const struct driver_op *op);
/* The same for what no poll watches, and what therefore never waits for long. */
int64_t stranger_call_plainly(const struct driver_op *op);
/* As connect(2) of a socket that does not block. */
int64_t stranger_connect(const struct driver_op *op);

#endif
