/* SPDX-License-Identifier: MIT */
/*
 * stream.h - bytes in order to and from a peer, with a buffer for reading.
 *
 * Reading, writing and closing are awaited.  One task may read while another writes.  A cancelled read loses nothing:
 * what had arrived is there for the next one.  A write that fails may have sent a part: it was cut short, and
 * until eddy_stream_continue nothing more is sent and closing resets the connection, so that no peer takes half a
 * message for a whole one.
 */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include "awaitable.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_stream eddy_stream;

/* For eddy_open_connection_with_options; all zero: as eddy_open_connection.  Since 0.1. */
typedef struct eddy_connection_options {
    size_t size;            /* sizeof(eddy_connection_options) */
    const char *local_host; /* numeric: the address to come from; NULL: the system's choice */
    int local_port;         /* 0: the system's choice */
    int family;             /* AF_INET, AF_INET6: that only; 0: all */
    double stagger;         /* seconds for an address to answer before the next is tried as well; 0: 0.25; INFINITY: one
                               after the other */
} eddy_connection_options;

/* Most that eddy_stream_read_line and eddy_stream_read_until buffer, in bytes, unless told otherwise. */
#define EDDY_STREAM_LIMIT 65536

/* Descriptors that one eddy_stream_send_descriptors may send. */
#define EDDY_DESCRIPTORS_MAX 253

/* Another limit for this stream, in bytes, at least 1.  Python: StreamReader's limit.  Since 0.1. */
EDDY_API void eddy_stream_set_limit(eddy_stream *s, size_t limit);
/*
 * A deadline for the whole stream, as eddy_time() counts: calls under way then, and those made later, fail with
 * ETIMEDOUT; what had come stays for when the deadline is moved.  INFINITY: none.  Never suspends.  Go: SetDeadline.
 * Since 0.1.
 */
EDDY_API void eddy_stream_set_deadline(eddy_stream *s, double when);
/*
 * For handlers of a server.  idle true: from now on the connection is between two messages while a read waits and no
 * byte of the next message has arrived.  When the server closes, such a read ends at once, as at the end of the stream,
 * and so do later ones; all other connections have the grace.  A stream on which nothing was sent or received is idle
 * by itself after 50 ms.  Never suspends.
 * Go: StateIdle, Server.Shutdown.  Since 0.1.
 */
EDDY_API void eddy_stream_set_idle(eddy_stream *s, bool idle);
/* What the last read had received when it failed: after EDDY_INCOMPLETE_READ all that came; else what the next read
 * will get.  Valid until that read.  Python: IncompleteReadError.partial, LimitOverrunError.consumed.  Since 0.1. */
EDDY_API eddy_slice eddy_stream_partial(const eddy_stream *s);
/* Bytes that the last write sent before it failed; 0 after a write that succeeded.  Valid until the next write.  Never
 * suspends.  Since 0.1. */
EDDY_API size_t eddy_stream_sent(const eddy_stream *s);
/* Says that the program goes on from where the last write was cut short: writes work again, and closing is orderly.
 * Does nothing if no write was cut short.  Never suspends.  Since 0.1. */
EDDY_API void eddy_stream_continue(eddy_stream *s);
/* The descriptor, which stays the stream's; -1: none, or closed.  Since 0.1. */
EDDY_API int eddy_stream_descriptor(const eddy_stream *s);
/* "127.0.0.1:8080", "/run/x", "@name", "a peer of 127.0.0.1:80" (that has gone, or has no name of its own), of the
 * other side (own side); returns the length as snprintf does.  Python: get_extra_info.  Since 0.1. */
EDDY_API size_t eddy_stream_peer_name(const eddy_stream *s, char *buffer, size_t size);
EDDY_API size_t eddy_stream_own_name(const eddy_stream *s, char *buffer, size_t size);
/* As await(eddy_stream_close(s)), without waiting, and from anywhere: defer(eddy_stream_abort, s).  NULL is allowed.
 * Python: transport.abort.  Since 0.1. */
EDDY_API void eddy_stream_abort(eddy_stream *s);
/* True: nothing more will come.  Python: StreamReader.at_eof.  Since 0.1. */
EDDY_API bool eddy_stream_at_end(const eddy_stream *s);

#ifdef __cplusplus
}
#endif
#endif
