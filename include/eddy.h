/* SPDX-License-Identifier: MIT */
/*
 * eddy.h - async/await for C: everything, under names that begin with eddy_ or EDDY_.
 *
 * <eddy/keywords.h> adds the bare words (async, await, yield, spawn, ...).  C++ and
 * strict C (-std=c11) see types and functions; the typed macros are GNU C's (-std=gnu11 and later).
 */
#ifndef EDDY_H
#define EDDY_H

#include "eddy/allocator.h"
#include "eddy/awaitable.h"
#include "eddy/barrier.h"
#include "eddy/base.h"
#include "eddy/buffer.h"
#include "eddy/channel.h"
#include "eddy/condition.h"
#include "eddy/context.h"
#include "eddy/cores.h"
#include "eddy/dns.h"
#include "eddy/endpoint.h"
#include "eddy/error.h"
#include "eddy/event.h"
#include "eddy/future.h"
#include "eddy/generator.h"
#include "eddy/lock.h"
#include "eddy/loop.h"
#include "eddy/operation.h"
#include "eddy/queue.h"
#include "eddy/scope.h"
#include "eddy/semaphore.h"
#include "eddy/server.h"
#include "eddy/signal.h"
#include "eddy/stream.h"
#include "eddy/task.h"
#include "eddy/thread.h"
#include "eddy/tls.h"
#include "eddy/transport.h"
#include "eddy/wait.h"

#if !defined __cplusplus && !defined __STRICT_ANSI__
#include "eddy/macros.h"
#include "eddy/file.h"
#include "eddy/io.h"
#include "eddy/process.h"
#include "eddy/subprocess.h"
#undef ED_BRIEF /* see macros.h */
#define ED_BRIEF(...) __VA_ARGS__
#ifdef __clang__ /* async(int, f) without <eddy/keywords.h>; gcc says it in one line, and clang 16 refuses it anyway */
#pragma clang diagnostic fatal "-Wimplicit-int"
#endif
#elif !defined __cplusplus /* the words that a file begins with say what is wrong */
#define ED_NEEDS_GNU _Static_assert(0, "Eddy's macros need GNU C: compile with -std=gnu11 or later (not -std=c11)")
#define eddy_async(...) ED_NEEDS_GNU
#define eddy_async_declare(...) ED_NEEDS_GNU
#define eddy_async_define(...) ED_NEEDS_GNU
#define eddy_generator(...) ED_NEEDS_GNU
#define eddy_async_generator(...) ED_NEEDS_GNU
#define eddy_blocking(...) ED_NEEDS_GNU
#endif

#endif
