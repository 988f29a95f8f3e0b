/* SPDX-License-Identifier: MIT */
/*
 * endpoint.h - datagrams without a task: a socket that calls functions when one comes, as in asyncio, libuv and
 * libevent.  For programs that are ported from there: a task with eddy_recvfrom and eddy_sendto is simpler.
 *
 * All functions here are called on the loop's thread while it runs, from tasks and callbacks; none suspends.  The
 * functions of a protocol are called outside of tasks.
 */
#ifndef EDDY_ENDPOINT_H
#define EDDY_ENDPOINT_H

#include "address.h"
#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_endpoint eddy_endpoint;

/*
 * What an endpoint calls: made first and once, lost last and once.  paused and resumed take turns.  Each may be NULL.
 * Python: asyncio.DatagramProtocol.  Since 0.1.
 */
struct eddy_datagram_protocol {
    void (*made)(eddy_endpoint *e);
    /* One datagram, which may be empty; all is valid during the call.  from: its size is 0 if the sender has no
     * address. */
    void (*received)(eddy_endpoint *e, const char *data, size_t size, const eddy_address *from);
    /* A datagram could not be sent, or the kernel reports one that did not arrive (ECONNREFUSED).  It goes on. */
    void (*failed)(eddy_endpoint *e, int error);
    void (*paused)(eddy_endpoint *e);  /* more is unsent than the upper limit: send no more */
    void (*resumed)(eddy_endpoint *e); /* not more than the lower limit is left */
    /* The last call: e is freed after it.  error: 0 after close and abort; else an errno value. */
    void (*lost)(eddy_endpoint *e, int error);
    void (*ed_[4])(void); /* for members to come: zero */
};

/*
 * Makes a UDP or Unix socket that receives at `local` and sends to `peer`; each may be NULL, but not both. With a peer
 * only its datagrams are received.  `made` is called in a later pass.  endpoint may be NULL.  Returns 0, or an errno
 * value: EDDY_NO_LOOP, EINVAL (no address, or of two families), EADDRINUSE, EACCES, ENOMEM, EMFILE, ECANCELED (the loop
 * is being closed), or that of bind(2) and connect(2).  Python: loop.create_datagram_endpoint.  Since 0.1.
 */
EDDY_API int eddy_endpoint_open(eddy_endpoint **endpoint, const eddy_address *local, const eddy_address *peer,
                                const struct eddy_datagram_protocol *protocol, void *argument);
/* Takes over a datagram socket, which must not block.  Returns as eddy_transport_open, and EINVAL for another kind of
 * descriptor; then fd stays the caller's.  Python: create_datagram_endpoint(sock=).  Since 0.1. */
EDDY_API int eddy_endpoint_take(eddy_endpoint **endpoint, int fd, const struct eddy_datagram_protocol *protocol,
                                void *argument);

/*
 * Sends a copy, now or later, to an address, or to the peer (NULL).  Errors of sending are told by `failed`.  0;
 * EINVAL: no address, or one beside the peer's; ENOMEM; EMSGSIZE: more than 65 535 bytes; EPIPE: after close, abort, or
 * a loss.  Python: DatagramTransport.sendto.  Since 0.1.
 */
EDDY_API int eddy_endpoint_send(eddy_endpoint *e, const void *data, size_t size, const eddy_address *to);
/* Receives no more, sends what was given, then calls `lost` in a later pass.  Harmless a second time.
 * Python: BaseTransport.close.  Since 0.1. */
EDDY_API void eddy_endpoint_close(eddy_endpoint *e);
/* The same without sending what was given.  Python: DatagramTransport.abort.  Since 0.1. */
EDDY_API void eddy_endpoint_abort(eddy_endpoint *e);
EDDY_API bool eddy_endpoint_is_closing(const eddy_endpoint *e);

/* Bytes that were given and not sent, with a few for each datagram.  Python: get_write_buffer_size.  Since 0.1. */
EDDY_API size_t eddy_endpoint_unsent(const eddy_endpoint *e);
/* As eddy_transport_set_limits.  Python: set_write_buffer_limits.  Since 0.1. */
EDDY_API int eddy_endpoint_set_limits(eddy_endpoint *e, size_t low, size_t high);

/* What the caller gave; another protocol may take over.  Python: get_protocol, set_protocol.  Since 0.1. */
EDDY_API void *eddy_endpoint_argument(const eddy_endpoint *e);
EDDY_API void eddy_endpoint_set_protocol(eddy_endpoint *e, const struct eddy_datagram_protocol *protocol,
                                         void *argument);
/* Of its socket, which stays the endpoint's.  Python: get_extra_info("socket").  Since 0.1. */
EDDY_API int eddy_endpoint_descriptor(const eddy_endpoint *e);
/* The address of the peer, or its own.  0, or an errno value.  Python: get_extra_info("peername", "sockname").  Since
 * 0.1. */
EDDY_API int eddy_endpoint_address(const eddy_endpoint *e, bool peer, eddy_address *address);

#ifdef __cplusplus
}
#endif
#endif
