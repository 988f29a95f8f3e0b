/* SPDX-License-Identifier: MIT */
/* server.h - accepts connections and runs a handler for each, as a task of the server. */
#ifndef EDDY_SERVER_H
#define EDDY_SERVER_H

#include "stream.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_server eddy_server;

/* The port of its first address, which is the kernel's choice when 0 was asked for.  Since 0.1. */
EDDY_API int eddy_server_port(const eddy_server *server);
/* Handlers that run now.  Since 0.1. */
EDDY_API size_t eddy_server_connections(const eddy_server *server);

/*
 * await(eddy_start_server(handler, argument, host, port)) gives the eddy_server *: listening, and accepting from the
 * next pass on.  handler: async(void, handler, (eddy_stream *, s), (void *, argument)); the stream is closed
 * when it ends.  host NULL or "": every address.  Fails with what getaddrinfo, bind and listen say.
 * Python: asyncio.start_server.  Since 0.1.
 */
struct eddy_start_server {
    struct eddy_awaitable awaitable;
    eddy_server *result;
    void *prototype;        /* a heap copy of handler(NULL, argument); NULL: no memory */
    size_t size, stream_offset;
    const char *host;
    int port;
};
EDDY_API EDDY_MUST_USE struct eddy_start_server eddy_start_server_with(const void *prototype, size_t size,
                                                                       size_t stream_offset, const char *host,
                                                                       int port);

#ifdef __cplusplus
}
#endif
#endif
