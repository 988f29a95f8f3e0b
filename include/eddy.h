/* SPDX-License-Identifier: MIT */
/*
 * eddy.h - async/await for C: everything, under names that begin with eddy_ or EDDY_.
 *
 * <eddy/keywords.h> adds the bare words (async, await, yield, spawn, ...).  C++ sees types and functions; the typed
 * macros are C's.
 */
#ifndef EDDY_H
#define EDDY_H

#include "eddy/allocator.h"
#include "eddy/awaitable.h"
#include "eddy/barrier.h"
#include "eddy/base.h"
#include "eddy/condition.h"
#include "eddy/context.h"
#include "eddy/dns.h"
#include "eddy/error.h"
#include "eddy/event.h"
#include "eddy/future.h"
#include "eddy/generator.h"
#include "eddy/lock.h"
#include "eddy/loop.h"
#include "eddy/queue.h"
#include "eddy/scope.h"
#include "eddy/semaphore.h"
#include "eddy/server.h"
#include "eddy/stream.h"
#include "eddy/task.h"
#include "eddy/thread.h"
#include "eddy/wait.h"

#ifndef __cplusplus
#include "eddy/macros.h"
#include "eddy/io.h"
#endif

#endif
