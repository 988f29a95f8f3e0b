/* SPDX-License-Identifier: MIT */
/*
 * stranger.h - calls that do not wait, on a descriptor that other code has opened and that may be in blocking mode.
 *
 * Invariant: the descriptor's O_NONBLOCK is never changed. It belongs to all processes that share the open file: the
 * shell with its terminal, the other programs of a pipeline, the next worker of a server.
 */
#ifndef EDDY_OS_STRANGER_H
#define EDDY_OS_STRANGER_H

#include "os/driver.h"

/* The call could wait, although the descriptor is ready: a thread must make it. */
#define STRANGER_WAITS INT64_MIN

/* True: its calls wait, since it is in blocking mode. */
bool stranger_is_blocking(int fd);
/* True for a READ or WRITE that may wait, even if a poll says that the descriptor is ready. */
bool stranger_may_wait(const struct driver_op *op);
/* Makes a READ, WRITE or ACCEPT. Returns its result, -EAGAIN, or STRANGER_WAITS. */
int64_t stranger_call(const struct driver_op *op);
/* The same for a descriptor that no poll watches, and that therefore never waits for long. */
int64_t stranger_call_plainly(const struct driver_op *op);
/* Like connect(2) of a non-blocking socket. */
int64_t stranger_connect(const struct driver_op *op);

#endif
