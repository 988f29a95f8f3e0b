/* SPDX-License-Identifier: MIT */
/*
 * stream.h - bytes in order to and from a peer, with a buffer for reading.
 *
 * Reading, writing and closing are awaited. One task may read while another writes. A cancelled read loses nothing:
 * bytes that had arrived are left for the next read. A write that fails may have sent a part: it was cut short, and
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
    const char *local_host; /* numeric: the local address; NULL: the system chooses */
    int local_port;         /* the local port; 0: the system chooses */
    int family;             /* AF_INET, AF_INET6: only that family; 0: all */
    double stagger;         /* seconds for an address to answer before the next is tried as well; 0: 0.25; INFINITY: one
                               after the other */
} eddy_connection_options;

/* The default limit on the bytes that eddy_stream_read_line and eddy_stream_read_until buffer. */
#define EDDY_STREAM_LIMIT 65536

/* Descriptors that one eddy_stream_send_descriptors may send. */
#define EDDY_DESCRIPTORS_MAX 253

/* Sets another limit for this stream, in bytes, at least 1. Python: StreamReader's limit. Since 0.1. */
EDDY_API void eddy_stream_set_limit(eddy_stream *s, size_t limit);
/*
 * A deadline for the whole stream, in the time of eddy_time(): calls in progress then, and later ones, fail with
 * ETIMEDOUT. Bytes that had arrived can be read once the deadline is moved. INFINITY: no deadline. Never suspends.
 * Go: SetDeadline. Since 0.1.
 */
EDDY_API void eddy_stream_set_deadline(eddy_stream *s, double when);
/*
 * For handlers of a server. idle true: from now on the connection is between two messages while a read waits and no
 * byte of the next message has arrived. When the server closes, such a read ends at once, as at the end of the
 * stream, and so do later ones; all other connections have the grace period. A stream on which nothing was sent or
 * received yet counts as idle 50 ms after it was opened, even without this call. Never suspends.
 * Go: StateIdle, Server.Shutdown.  Since 0.1.
 */
EDDY_API void eddy_stream_set_idle(eddy_stream *s, bool idle);
/* The bytes that the last read had received when it failed: after EDDY_INCOMPLETE_READ all of them; otherwise the
 * bytes that the next read will get. Valid until that read. Python: IncompleteReadError.partial,
 * LimitOverrunError.consumed. Since 0.1. */
EDDY_API eddy_slice eddy_stream_partial(const eddy_stream *s);
/* Bytes that the last write sent before it failed; 0 after a write that succeeded.  Valid until the next write.  Never
 * suspends.  Since 0.1. */
EDDY_API size_t eddy_stream_sent(const eddy_stream *s);
/* Tells the stream that the program continues from where the last write was cut short: writes work again, and
 * closing is orderly. Does nothing if no write was cut short. Never suspends. Since 0.1. */
EDDY_API void eddy_stream_continue(eddy_stream *s);
/* The descriptor, which still belongs to the stream; -1: there is none, or it is closed. Since 0.1. */
EDDY_API int eddy_stream_descriptor(const eddy_stream *s);
/* Write the address of the other side (of this side): "127.0.0.1:8080", "/run/x", "@name", "a peer of 127.0.0.1:80"
 * (one that has disconnected, or has no name); return the length as snprintf does. Python: get_extra_info. Since
 * 0.1. */
EDDY_API size_t eddy_stream_peer_name(const eddy_stream *s, char *buffer, size_t size);
EDDY_API size_t eddy_stream_own_name(const eddy_stream *s, char *buffer, size_t size);
/* Like await(eddy_stream_close(s)), but without waiting, and callable anywhere: defer(eddy_stream_abort, s). NULL is
 * allowed. Python: transport.abort. Since 0.1. */
EDDY_API void eddy_stream_abort(eddy_stream *s);
/* True: no more bytes will arrive. Python: StreamReader.at_eof. Since 0.1. */
EDDY_API bool eddy_stream_at_end(const eddy_stream *s);

#ifdef __cplusplus
}
#endif
#endif
