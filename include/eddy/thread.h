/* SPDX-License-Identifier: MIT */
/*
 * thread.h - functions that block, in the loop's pool of threads: blocking(T, name, args...) { ... }; functions that
 * want a large stack.
 *
 * await(name(...)) copies the arguments to a thread, runs the body there and brings the result back. A cancelled
 * wait returns at once and leaves the copy to the thread, which goes on; so if arguments point to memory of the
 * waiting task, the caller must make sure that it lives long enough. Python: asyncio.to_thread.
 */
#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include "awaitable.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Calls function(argument) at once, on the thread's own stack (8 MiB, normally; ulimit -s) instead of the stack of
 * the calling task or generator: for foreign code that recurses on its input, or has large frames. It must return:
 * no longjmp out of it. An await in it fails with EDDY_NO_TASK. Never fails; outside of tasks it is a plain call.
 * Python has no such thing. Since 0.1.
 */
EDDY_API void eddy_call_on_big_stack(void (*function)(void *), void *argument);

/* ---- called by the macros; not for programs ---- */
EDDY_API void eddy_blocking_start(struct eddy_awaitable *a);
EDDY_API void eddy_blocking_cancel(struct eddy_awaitable *a);

#ifdef __cplusplus
}
#endif
#endif
