/* SPDX-License-Identifier: MIT */
/* remote.h - a coroutine that runs on another loop for a task of this one; see remote.c. */
#ifndef EDDY_CORE_REMOTE_H
#define EDDY_CORE_REMOTE_H

#include "eddy/loop.h"

struct eddy_failure;

/* What is to be run, and where its result lies in it. */
struct remote_order {
    const void *coroutine;
    size_t size, result_offset, result_size;
    const struct eddy_site *site;
};

/* Runs a copy of the coroutine on `loop`. When it has ended, or could not begin, told(argument) is called on the
 * running loop, which must call remote_take then. NULL: no memory. */
eddy_remote *remote_start(eddy_loop *loop, const struct remote_order *order, void (*told)(void *), void *argument);
/* Moves the result to *result, and frees the remote. Returns the failure, as an owner; NULL: success. */
struct eddy_failure *remote_take(eddy_remote *remote, void *result);

#endif
