/* SPDX-License-Identifier: MIT */
/* buffer.h - growing memory for bytes: a whole file, or the output of a process. */
#ifndef EDDY_BUFFER_H
#define EDDY_BUFFER_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An empty buffer is all zero: eddy_buffer b = {0}; defer(eddy_buffer_free, &b). Since 0.1. */
typedef struct eddy_buffer {
    char *data;      /* followed by a 0 byte; NULL while it is empty */
    size_t size;     /* bytes, without the 0 byte */
    size_t capacity; /* size of the memory that data points to */
} eddy_buffer;

/* Appends a copy of size bytes.  False: no memory, and b is unchanged.  Never suspends.
 * Python: bytearray.extend.  Since 0.1. */
EDDY_API bool eddy_buffer_append(eddy_buffer *b, const void *data, size_t size);
/* Frees the memory; b is empty afterwards. Since 0.1. */
EDDY_API void eddy_buffer_free(eddy_buffer *b);

#ifdef __cplusplus
}
#endif
#endif
