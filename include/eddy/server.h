/* SPDX-License-Identifier: MIT */
/* server.h - accepts connections and runs a handler for each, as a task of the server. */
#ifndef EDDY_SERVER_H
#define EDDY_SERVER_H

#include "address.h"
#include "stream.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_server eddy_server;

/* The port of its first address, which the kernel chooses if 0 was asked for; 0: it has no port. Since 0.1. */
EDDY_API int eddy_server_port(const eddy_server *server);
/* Its i-th address; false: it has fewer addresses. Python: Server.sockets. Since 0.1. */
EDDY_API bool eddy_server_address(const eddy_server *server, size_t i, eddy_address *address);
/* Number of running handlers. Since 0.1. */
EDDY_API size_t eddy_server_connections(const eddy_server *server);
/* Number of connections that were closed at once because the server had max_connections already. Since 0.1. */
EDDY_API size_t eddy_server_shed(const eddy_server *server);
/* Number of handlers that failed only because their peer disconnected (ECONNRESET, EPIPE, EDDY_TLS_TRUNCATED and the
 * like). The log gets their number at most once a second; they have no traceback. Since 0.1. */
EDDY_API size_t eddy_server_gone(const eddy_server *server);
/* Filled by eddy_server_stats; set `size` before. Since 0.1. */
struct eddy_server_stats {
    size_t size;          /* sizeof(struct eddy_server_stats) */
    size_t servers;       /* number of servers that these counts are of */
    uint64_t accepted;    /* connections that have got a handler */
    uint64_t connections; /* of these, open */
    uint64_t shed;        /* as eddy_server_shed */
    uint64_t gone;        /* as eddy_server_gone */
};
/* Counts of this server. Returns 0; EINVAL: size is not set. Since 0.1. */
EDDY_API int eddy_server_stats(const eddy_server *server, struct eddy_server_stats *stats);
/* The sum of all servers that share its sockets, on whatever loops: the counts of those that have closed stay in it,
 * without their connections. Of this server alone if it shares nothing. Returns as eddy_server_stats. Since 0.1. */
EDDY_API int eddy_server_stats_shared(const eddy_server *server, struct eddy_server_stats *stats);
/* True: eddy_server_close has begun. A handler that serves one request after another should end after the current
 * one. Since 0.1. */
EDDY_API bool eddy_server_closing(const eddy_server *server);

/* How the servers of several loops that share their sockets divide the connections. Since 0.1. */
enum eddy_balance {
    EDDY_BALANCE_KERNEL, /* each loop accepts when it has time */
    EDDY_BALANCE_EXACT   /* one loop accepts, and hands each connection to the loop that has the fewest */
};

/* For eddy_start_server_with_options; all but size zero: as eddy_start_server.  Since 0.1. */
typedef struct eddy_server_options {
    size_t size;              /* sizeof(eddy_server_options) */
    const char *host;         /* a name or an address; "": every address. NULL: as "", if no place below is given */
    int port;                 /* 0: the kernel's choice, one for all addresses */
    const char *const *hosts; /* several hosts, ended by NULL, in addition to host */
    const char *unix_path;    /* path of a socket that is made, and removed at the end; "@name": an abstract name */
    unsigned unix_mode;       /* permissions of that socket; 0: according to the umask */
    const int *descriptors;   /* listening sockets of the caller, taken over if the server starts */
    size_t descriptor_count;
    bool inherited;           /* the sockets that the service manager opened, by sd_listen_fds' rules (LISTEN_FDS) */
    bool reuse_port;          /* SO_REUSEPORT: several servers share the port, as several loops or processes do */
    int backlog;              /* 0: as much as the system allows */
    size_t max_connections;   /* at the same time; 0: no limit. Other connections wait to be accepted */
    bool shed;                /* connections beyond max_connections are closed at once instead */
    size_t stream_limit;      /* eddy_stream_set_limit of each stream; 0: EDDY_STREAM_LIMIT */
    size_t max_handshakes;    /* connections in their TLS handshake, limited like max_connections; 0: no limit */
    bool shared;              /* the servers of several loops with this handler and place have one set of sockets */
    enum eddy_balance balance; /* EDDY_BALANCE_EXACT: shared, and divided exactly */
} eddy_server_options;

/*
 * await(eddy_start_server(handler, argument, host, port)) gives the eddy_server *: listening, and accepting from the
 * next pass on.  handler: async(void, handler, (eddy_stream *, s), (void *, argument)); the stream is closed
 * when it ends. host NULL or "": every address. Fails with the errors of getaddrinfo, bind and listen.
 * Python: asyncio.start_server.  Since 0.1.
 *
 * eddy_start_unix_server(handler, argument, path): on a Unix socket. A socket file on which nothing listens any more
 * is replaced. Python: asyncio.start_unix_server. Since 0.1.
 * eddy_start_server_with_options(handler, argument, &options): options, and the objects that they point to, must
 * live until the await ends.
 */
struct eddy_start_server {
    struct eddy_awaitable awaitable;
    eddy_server *result;
    void *prototype;        /* a heap copy of handler(NULL, argument); NULL: no memory */
    size_t size, stream_offset;
    eddy_server_options options;
    /* The library's, for TLS: prepares each connection on its handler's task. False: the connection is closed. */
    bool (*upgrade)(eddy_stream *s, void *argument, struct eddy_failure **failure);
    void *upgrade_argument;
    void (*upgrade_release)(void *argument); /* called when the server has ended, or failed to start; NULL: none */
    int refused;                             /* starting fails with this code at once; 0: it may start */
};
EDDY_API EDDY_MUST_USE struct eddy_start_server eddy_start_server_with(const void *prototype, size_t size,
                                                                       size_t stream_offset,
                                                                       const eddy_server_options *options);

#ifdef __cplusplus
}
#endif
#endif
