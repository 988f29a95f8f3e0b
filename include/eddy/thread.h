/* SPDX-License-Identifier: MIT */
/*
 * thread.h - functions that block, in the loop's pool of threads: blocking(T, name, args...) { ... }
 *
 * await(name(...)) copies the arguments to a thread, runs the body there and brings the result back.  A
 * cancelled wait returns at once and leaves the copy to the thread, which runs on; so arguments that point to the
 * waiting task's memory are the caller's risk.  Python: asyncio.to_thread.
 */
#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include "awaitable.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what the macros call; not for programs ---- */
EDDY_API void eddy_blocking_start(struct eddy_awaitable *a);
EDDY_API void eddy_blocking_cancel(struct eddy_awaitable *a);

#ifdef __cplusplus
}
#endif
#endif
