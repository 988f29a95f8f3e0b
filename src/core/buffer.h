/* SPDX-License-Identifier: MIT */
/* buffer.h - the library's side of eddy_buffer. */
#ifndef EDDY_CORE_BUFFER_H
#define EDDY_CORE_BUFFER_H

#include "eddy/buffer.h"

/* Makes room for `size` more bytes and for the 0 byte; false: no memory. */
bool buffer_reserve(struct eddy_buffer *b, size_t size);
/* Adds the bytes that were written into that room. */
void buffer_grew(struct eddy_buffer *b, size_t size);

#endif
