/* SPDX-License-Identifier: MIT */
/* reply.h - replies of Redis as trees in one block, from the bytes that arrived. */
#ifndef EDDY_REDIS_REPLY_H
#define EDDY_REDIS_REPLY_H

#include "reader.h"

/* The reply of a view. NULL: no memory. */
eddy_redis_reply *reply_build(const struct view *view);
/* An array of whole replies, which it owns from now on. NULL: no memory, and they are the caller's. */
eddy_redis_reply *reply_join(eddy_redis_reply **replies, size_t count);
/* "get" for *1 "get", "+OK" for OK: is it this text? */
bool reply_is(const eddy_redis_reply *reply, const char *text);

#endif
