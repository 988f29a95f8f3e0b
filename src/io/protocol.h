/* SPDX-License-Identifier: MIT */
/* protocol.h - transports that call a protocol, for who makes them: protocol.c, protocol_listen.c. */
#ifndef EDDY_IO_PROTOCOL_H
#define EDDY_IO_PROTOCOL_H

#include "eddy/transport.h"
#include "io/socket.h"

/* 0, or why this thread's loop can make none: an errno value.  `call` is what was called. */
int protocol_refusal(struct eddy_loop *loop, const char *call);
/* Of a socket that it owns from now on, adopted; `made` is called in a later pass.  NULL: no memory. */
struct eddy_transport *protocol_begin(struct eddy_loop *loop, int fd, const struct eddy_protocol *protocol,
                                      void *argument);

#endif
