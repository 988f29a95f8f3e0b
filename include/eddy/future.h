/* SPDX-License-Identifier: MIT */
/*
 * future.h - a result that is set later: eddy_future_of(T), set once, awaited by any number of tasks.
 *
 * A future belongs to the loop it was made on and is freed by eddy_future_free, after the last await has
 * returned; awaiting does not consume it.
 */
#ifndef EDDY_FUTURE_H
#define EDDY_FUTURE_H

#include "awaitable.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A future without its type. Never NULL: without memory the future has failed with ENOMEM (eddy_future_free accepts
 * it like any other). Python: loop.create_future. Since 0.1. */
EDDY_API EDDY_MUST_USE void *eddy_future_alloc(size_t size);
/* Frees it; NULL is allowed.  No task may be waiting for it (an assertion).  An error that was never retrieved
 * is reported here, once.  Since 0.1. */
EDDY_API void eddy_future_free(void *f);
/* Ends it with a failure.  True: it was set.  False: it already has a result or an error, which it keeps (the exception
 * handler gets EDDY_INVALID_STATE), or it was cancelled.  Python: set_exception. */
EDDY_API bool eddy_set_error(void *f, int code, const char *format, ...) EDDY_PRINTF(3, 4);
/* True: a result may still be set. False: it has a result, has failed, or was cancelled. Since 0.1. */
EDDY_API bool eddy_future_pending(const void *f);

/* ---- called by the macros; not for programs ---- */
EDDY_API void eddy_future_complete(void *f);
EDDY_API void eddy_future_complete_at(void *f, const struct eddy_site *site);

#ifdef __cplusplus
}
#endif
#endif
