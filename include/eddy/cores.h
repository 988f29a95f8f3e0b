/* SPDX-License-Identifier: MIT */
/*
 * cores.h - a program on several cores: a loop on each, every loop with its own copy of one coroutine.
 *
 * The loops share nothing: a task, stream, queue or lock is used only on its own loop. Nothing moves from core to
 * core by itself.
 */
#ifndef EDDY_CORES_H
#define EDDY_CORES_H

#include "loop.h"

#ifdef __cplusplus
extern "C" {
#endif

/* For eddy_run_on_cores_with.  Zero is the default of every member.  Since 0.1. */
typedef struct eddy_cores_options {
    size_t size;                   /* sizeof(eddy_cores_options) */
    int cores;                     /* number of cores; 0: all that the process may use, see eddy_cores_allowed */
    bool pin;                      /* each thread stays on one CPU; otherwise the kernel may move it */
    const eddy_loop_options *loop; /* options of every loop; NULL: the defaults. An allocator and hooks must be safe
                                      to call from several threads */
} eddy_cores_options;

/*
 * eddy_run_on_cores(n, coro) · eddy_run_on_cores(n, coro, &err) · eddy_run_on_cores_with(&options, coro[, &err]) are
 * macros: a loop on each of n cores runs its own copy of the coroutine; see the reference. Since 0.1.
 */

/* Number of CPUs that this process may use: those of its affinity mask, or as many as the quota of its control group
 * fills, rounded up, if that is less. At least 1. Any thread. Since 0.1. */
EDDY_API int eddy_cores_allowed(void);
/* Index of the core that this thread belongs to, also on a thread of its pool; 0: the first one, or no program on
 * several cores runs here. Since 0.1. */
EDDY_API int eddy_core_index(void);
/* Number of cores of the program that runs on this thread; 1: no program on several cores runs here. Since 0.1. */
EDDY_API int eddy_core_count(void);
/* The loop of the i-th core of the program that runs on this thread; NULL: there is no such core. Without a program
 * on several cores, the running loop is core 0. Since 0.1. */
EDDY_API eddy_loop *eddy_core_loop(int i);

/*
 * await(eddy_on(loop, f(x))): f(x) runs as a task of that loop, and its result is that of the await. Suspends. A
 * macro; its value is an awaitable that begins with this struct. Since 0.1.
 */
struct eddy_on {
    struct eddy_awaitable awaitable;
    eddy_loop *loop;
    size_t result_offset, result_size;
    size_t coroutine_offset, coroutine_size, coroutine_result_offset;
    const struct eddy_site *site;
    eddy_remote *remote; /* the call in flight; NULL: there is none */
};
EDDY_API extern const struct eddy_awaitable_type eddy_on_type;

/* ---- called by the macros; not for programs ---- */

/* As eddy_run_main.  Returns 0, 1 (failed), or 128 + the signal that ended the program. */
EDDY_API int eddy_run_on_cores_main(void *coroutine, size_t size, size_t result_offset, size_t result_size,
                                    const eddy_cores_options *options, const struct eddy_build *build,
                                    eddy_error *err, const struct eddy_site *site);

#ifdef __cplusplus
}
#endif
#endif
