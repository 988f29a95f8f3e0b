/* SPDX-License-Identifier: MIT */
/* stream_use.h - entering and leaving a stream: what stream.c and stream_read.c share. */
#ifndef EDDY_IO_STREAM_USE_H
#define EDDY_IO_STREAM_USE_H

#include "io/stream.h"

struct peer_name {
    char text[64];
};

/* user: &s->reader or &s->writer.  0, or why the running task may not use it now. */
int stream_enter(struct eddy_stream *s, struct task **user);
void stream_leave_reader(struct eddy_stream *s);
/* The code for a result below zero, or for a stream that was closed meanwhile. */
int stream_error(const struct eddy_stream *s, int64_t result);
/* For messages. */
struct peer_name stream_peer(const struct eddy_stream *s);

#endif
