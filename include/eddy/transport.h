/* SPDX-License-Identifier: MIT */
/*
 * transport.h - transports and protocols: a connection that calls functions when something happens on it, as in
 * asyncio, libuv and libevent.  For programs that are ported from there: a task with a stream is simpler.
 *
 * All functions here are called on the loop's thread while it runs, from tasks and callbacks; none suspends.  The
 * functions of a protocol are called outside of tasks.
 */
#ifndef EDDY_TRANSPORT_H
#define EDDY_TRANSPORT_H

#include "address.h"
#include "base.h"
#include "stream.h"
#include "tls.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_transport eddy_transport;
typedef struct eddy_listener eddy_listener;

/*
 * What a connection calls, in this order: made once, received any number of times, ended at most once, lost once.
 * paused and resumed take turns.  Each may be NULL.  Python: asyncio.Protocol, BufferedProtocol.  Since 0.1.
 */
struct eddy_protocol {
    void (*made)(eddy_transport *t);
    void (*received)(eddy_transport *t, const char *data, size_t size); /* the bytes are valid during the call */
    /* The peer sends no more.  True: this end goes on writing; else the transport is closed, as without it. */
    bool (*ended)(eddy_transport *t);
    void (*paused)(eddy_transport *t);  /* more is unsent than the upper limit: write no more */
    void (*resumed)(eddy_transport *t); /* not more than the lower limit is left */
    /* The last call: t is freed after it.  error: 0 after close, abort, or the peer's end; else an errno value.  Also
     * of a connection that could not be made. */
    void (*lost)(eddy_transport *t, int error);
    /* Instead of `received`: gives memory when something has come, *size bytes; NULL: the connection is lost by
     * ENOBUFS.  Then `filled` is told how many bytes were received into it. */
    char *(*buffer)(eddy_transport *t, size_t *size);
    void (*filled)(eddy_transport *t, size_t size);
    /* TLS that was started after `made` has done its handshake: what is received from now on was encrypted. */
    void (*secured)(eddy_transport *t);
    void (*ed_[3])(void); /* for members to come: zero */
};

/*
 * Takes over a connected stream socket, an end of a pipe, or a terminal, which must not block.  `made` is called in a
 * later pass.  transport may be NULL.  When the reader of a pipe goes away, `lost` is called, with EPIPE if bytes were
 * unsent.  Returns 0, or an errno value, and fd stays the caller's: EDDY_NO_LOOP, ENOMEM, EBADF, EINVAL (it blocks, or
 * is a file), EBUSY (operations on it are in flight), ECANCELED (the loop is being closed).  Python:
 * connect_accepted_socket, connect_read_pipe, connect_write_pipe.  Since 0.1.
 */
EDDY_API int eddy_transport_open(eddy_transport **transport, int fd, const struct eddy_protocol *protocol,
                                 void *argument);
/* Connects to an address.  `made` is called when that has succeeded, else `lost` alone.  Returns as
 * eddy_transport_open, or EMFILE.  Python: loop.create_connection, create_unix_connection.  Since 0.1. */
EDDY_API int eddy_transport_connect(eddy_transport **transport, const eddy_address *address,
                                    const struct eddy_protocol *protocol, void *argument);

/*
 * Looks host up, and connects to it and port as eddy_open_connection_with_options does: its addresses race. host and
 * options, which may be NULL, are copied. `made` is called when that has succeeded, else `lost` alone, for which
 * eddy_transport_reason has the words. Returns 0, EDDY_NO_LOOP, ENOMEM, EINVAL (the port, the options), or ECANCELED
 * (the loop is being closed). Python: loop.create_connection. Since 0.1.
 */
EDDY_API int eddy_transport_connect_host(eddy_transport **transport, const char *host, int port,
                                         const eddy_connection_options *options, const struct eddy_protocol *protocol,
                                         void *argument);

/*
 * Starts TLS on a connection, by a context of its side, which it keeps; NULL: a client with the system's trust. host,
 * which is copied: the name that a client asks for, and that the certificate must contain. What was written before
 * is sent in plain text, what is written from now on waits for the handshake. Called before `made`, that one is called
 * after the handshake; later, `secured` is. If the handshake fails, `lost` is called with EDDY_TLS_CERTIFICATE,
 * EDDY_TLS_FAILED, ETIMEDOUT or the socket's error. Then `ended` is the peer's close_notify, its end without that
 * EDDY_TLS_TRUNCATED, and eddy_transport_write_eof sends close_notify. Returns 0; EINVAL (a client that checks names
 * has no valid one); EDDY_INVALID_STATE (it has TLS); EPIPE (it is closing, the peer has ended, or
 * eddy_transport_write_eof was called); EOPNOTSUPP (a pipe or terminal); ENOMEM; or the code of eddy_tls_client_new.
 * Python: loop.start_tls, create_connection(ssl=). Since 0.1.
 */
EDDY_API int eddy_transport_start_tls(eddy_transport *t, eddy_tls *tls, const char *host);
/* What TLS has agreed on, as eddy_tls_version and its relatives tell it of a stream. Since 0.1. */
struct eddy_tls_facts {
    size_t size;             /* sizeof(struct eddy_tls_facts) */
    const char *version;     /* "TLSv1.3" */
    const char *cipher;      /* "TLS_AES_256_GCM_SHA384" */
    const char *alpn;        /* the protocol that was agreed on, "h2"; NULL: none */
    const char *server_name; /* the name that the client asked for (SNI); NULL: none */
    bool resumed;            /* an earlier session shortened the handshake */
};
/* The strings are valid until `lost` returns. False: no handshake has succeeded, or size is not set. Python:
 * get_extra_info("ssl_object"). Since 0.1. */
EDDY_API bool eddy_transport_tls_facts(const eddy_transport *t, struct eddy_tls_facts *facts);
/* As eddy_tls_peer_subject. Since 0.1. */
EDDY_API size_t eddy_transport_tls_peer_subject(const eddy_transport *t, char *buffer, size_t size);

/*
 * Sends a copy, now or later; nothing is sent after a loss.  0; ENOMEM: nothing of it was taken; EPIPE: after
 * eddy_transport_write_eof, eddy_transport_abort, or a loss.  Python: WriteTransport.write, writelines.  Since 0.1.
 */
EDDY_API int eddy_transport_write(eddy_transport *t, const void *data, size_t size);
EDDY_API int eddy_transport_writev(eddy_transport *t, const eddy_slice *parts, size_t count);
/* Nothing more is sent after what was written; receiving goes on.  A pipe is closed by it.  0, EPIPE, or EOPNOTSUPP: a
 * terminal.  Python: write_eof.  Since 0.1. */
EDDY_API int eddy_transport_write_eof(eddy_transport *t);
/* Receives no more, sends what was written, then calls `lost` in a later pass.  Harmless a second time.
 * Python: BaseTransport.close.  Since 0.1. */
EDDY_API void eddy_transport_close(eddy_transport *t);
/* The same without sending what was written.  Python: WriteTransport.abort.  Since 0.1. */
EDDY_API void eddy_transport_abort(eddy_transport *t);
EDDY_API bool eddy_transport_is_closing(const eddy_transport *t);

/* Receives no more until eddy_transport_resume; the kernel then slows the peer down.  Python: ReadTransport
 * pause_reading, resume_reading, is_reading.  Since 0.1. */
EDDY_API void eddy_transport_pause(eddy_transport *t);
EDDY_API void eddy_transport_resume(eddy_transport *t);
EDDY_API bool eddy_transport_is_reading(const eddy_transport *t);

/* Bytes that were written and not sent.  Python: get_write_buffer_size.  Since 0.1. */
EDDY_API size_t eddy_transport_unsent(const eddy_transport *t);
#define EDDY_LIMIT_DEFAULT SIZE_MAX
/*
 * `paused` is called above `high` unsent bytes, `resumed` at `low` or fewer.  EDDY_LIMIT_DEFAULT: 64 KiB, or four times
 * `low`; a quarter of `high`.  0; EINVAL: high < low.  Python: set_write_buffer_limits, get_write_buffer_limits.
 * Since 0.1.
 */
EDDY_API int eddy_transport_set_limits(eddy_transport *t, size_t low, size_t high);
EDDY_API void eddy_transport_limits(const eddy_transport *t, size_t *low, size_t *high);

/* Why it was lost, in words, if there is more to say than the errno value says: the name that was not found, what is
 * wrong with a certificate; "" else. Valid until `lost` returns. Since 0.1. */
EDDY_API const char *eddy_transport_reason(const eddy_transport *t);

/* What the caller gave; another protocol may take over.  Python: get_protocol, set_protocol.  Since 0.1. */
EDDY_API void *eddy_transport_argument(const eddy_transport *t);
EDDY_API const struct eddy_protocol *eddy_transport_protocol(const eddy_transport *t);
EDDY_API void eddy_transport_set_protocol(eddy_transport *t, const struct eddy_protocol *protocol, void *argument);
/* Of its socket, which stays the transport's.  Python: get_extra_info("socket").  Since 0.1. */
EDDY_API int eddy_transport_descriptor(const eddy_transport *t);
/* The address of the peer, or its own.  0, or an errno value.  Python: get_extra_info("peername", "sockname").  Since
 * 0.1. */
EDDY_API int eddy_transport_address(const eddy_transport *t, bool peer, eddy_address *address);

/*
 * Listens at an address; each connection becomes a transport of this protocol and argument, whose `made` may give it
 * others.  When the process has no descriptor left, it accepts again a second later.  Returns 0, or an errno value:
 * EADDRINUSE, EACCES, ENOMEM, EMFILE, EDDY_NO_LOOP, ECANCELED (the loop is being closed).  Python: loop.create_server.
 * Since 0.1.
 */
EDDY_API int eddy_transport_listen(eddy_listener **listener, const eddy_address *address,
                                   const struct eddy_protocol *protocol, void *argument);
/* Each connection that it accepts from now on begins with TLS: `made` is called after the handshake. Called again, new
 * connections get another certificate. tls is a server's, and is kept. Returns 0, EINVAL or ENOSYS (a library without
 * TLS). Python: create_server(ssl=). Since 0.1. */
EDDY_API int eddy_listener_set_tls(eddy_listener *listener, eddy_tls *tls);
/* Accepts no more, and frees it; connections go on.  NULL is allowed.  Closing the loop does it, too.
 * Python: Server.close.  Since 0.1. */
EDDY_API void eddy_listener_close(eddy_listener *listener);
/* Where it listens.  Python: Server.sockets.  Since 0.1. */
EDDY_API const eddy_address *eddy_listener_address(const eddy_listener *listener);

#ifdef __cplusplus
}
#endif
#endif
