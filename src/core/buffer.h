/* SPDX-License-Identifier: MIT */
/* buffer.h - the library's side of eddy_buffer. */
#ifndef EDDY_CORE_BUFFER_H
#define EDDY_CORE_BUFFER_H

#include "eddy/buffer.h"

/* Room for `size` bytes behind those that are there, and for the 0 byte; false: no memory. */
bool buffer_reserve(struct eddy_buffer *b, size_t size);
/* Bytes that were written into that room. */
void buffer_grew(struct eddy_buffer *b, size_t size);

#endif
