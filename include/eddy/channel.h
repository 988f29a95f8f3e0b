/* SPDX-License-Identifier: MIT */
/*
 * channel.h - a bounded queue between loops, and between loops and other threads: typedef channel_of(int) name;
 *
 * Any number of loops and threads put and get. Items come out in the order in which they were put in. A channel
 * object is a handle: copies for other threads are made by eddy_channel_sender and eddy_channel_receiver.
 */
#ifndef EDDY_CHANNEL_H
#define EDDY_CHANNEL_H

#include "generator.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a handle may do. */
enum eddy_channel_halves { EDDY_CHANNEL_SENDS = 1, EDDY_CHANNEL_RECEIVES = 2 };

struct eddy_channel {
    struct channel *shared; /* NULL: not initialised, or given up */
    unsigned halves;        /* enum eddy_channel_halves */
};

struct eddy_channel_op {
    struct eddy_awaitable awaitable;
    struct eddy_channel *handle;
    struct channel *shared; /* of the handle, from the start on */
    ptrdiff_t item_offset;  /* from here to the item */
    bool done;              /* the item was put or taken */
    bool counted;           /* it has a reference to the channel */
};

struct eddy_channel_each {
    struct eddy_async_generator async_generator;
    struct eddy_channel *handle;
    size_t item_size;
};

/*
 * The macros, all for any thread but the awaits, which are a task's:
 *   int eddy_channel_init(&c, size)       a channel of that many items (0 means 1); returns 0 or ENOMEM
 *   await(eddy_channel_put(&c, v))        waits while it is full; EDDY_QUEUE_SHUT_DOWN: closed, or no receiver is left
 *   v = await(eddy_channel_get(&c))       waits while it is empty; EDDY_QUEUE_SHUT_DOWN: empty and closed
 *   async_for (v, &c)                     until it is empty and closed
 *   eddy_channel_close(&c)                nothing more can be put, what is in it can be got
 *   eddy_channel_sender(&half, &c)        a handle that can only put; the last such handle that is freed closes it
 *   eddy_channel_receiver(&half, &c)      a handle that can only get
 *   eddy_channel_free(&c)                 gives up the handle
 *   eddy_channel_put_wait(&c, v, seconds), eddy_channel_get_wait(&c, &v, seconds)   block the thread
 *   eddy_channel_try_put(&c, v), eddy_channel_try_get(&c, &v)                       true: done
 *   eddy_channel_size(&c)                 number of items in it
 * Since 0.1.
 */

/* ---- called by the macros; not for programs ---- */

EDDY_API extern const struct eddy_awaitable_type eddy_channel_get_type, eddy_channel_put_type;
EDDY_API int eddy_channel_setup(struct eddy_channel *handle, size_t item_size, size_t size);
EDDY_API int eddy_channel_share(struct eddy_channel *half, const struct eddy_channel *handle, unsigned halves);
EDDY_API void eddy_channel_end(struct eddy_channel *handle);
EDDY_API void eddy_channel_drop(struct eddy_channel *handle);
EDDY_API int eddy_channel_push(struct eddy_channel *handle, const void *item, double seconds);
EDDY_API int eddy_channel_pull(struct eddy_channel *handle, void *item, double seconds);
EDDY_API size_t eddy_channel_count(const struct eddy_channel *handle);
EDDY_API bool eddy_channel_step(struct eddy_async_generator *generator, void *value);
/* The functions that the macros of these names hide, so that defer(eddy_channel_free, &c) works. Since 0.1. */
static inline void eddy_channel_free(void *channel)
{
    eddy_channel_drop((struct eddy_channel *)channel);
}
static inline void eddy_channel_close(void *channel)
{
    eddy_channel_end((struct eddy_channel *)channel);
}

#ifdef __cplusplus
}
#endif
#endif
