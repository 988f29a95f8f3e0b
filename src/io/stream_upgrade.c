/* SPDX-License-Identifier: MIT */
/* stream_upgrade.c - another transport for a stream that is open, as TLS needs it: see transport.h. */
#define EDDY_LIBRARY
#include "io/stream.h"

int stream_seize(struct eddy_stream *s)
{
    int error = stream_enter(s, &s->reader);
    if (error)
        return error;
    error = stream_begin_write(s);
    if (error)
        s->reader = NULL;
    return error;
}

void stream_release(struct eddy_stream *s)
{
    stream_leave_reader(s);
    stream_leave_writer(s);
}

struct transport *stream_transport(struct eddy_stream *s)
{
    return s->transport;
}

/* If the stream was closed or its deadline has passed, its old transport was told; the new one is told here. */
void stream_set_transport(struct eddy_stream *s, struct transport *t)
{
    if (s->begin == s->end) /* what was lent goes back to the transport that lent it */
        stream_drop_input(s);
    s->transport = t;
    t->stopped = s->closed || s->late;
}

size_t stream_buffered(const struct eddy_stream *s)
{
    return (size_t)(s->end - s->begin);
}
