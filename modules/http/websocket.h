/* SPDX-License-Identifier: MIT */
/*
 * websocket.h - a connection that has become a WebSocket, of a server or a client.
 *
 * Invariant: frames go from frames.out to `sending` as a whole, and from there to the stream under the lock. A write
 * that is cut short leaves its rest in `sending`, so that no frame is cut.
 */
#ifndef EDDY_HTTP_WEBSOCKET_H
#define EDDY_HTTP_WEBSOCKET_H

#include "frames.h"
#include "input.h"

struct reply;

struct eddy_http_websocket {
    struct input *in;
    struct reply *reply;       /* of a client: owns the connection; NULL: an exchange does */
    eddy_server *server;       /* whose end ends it; NULL: of a client */
    eddy_http_websocket_options options;
    char *protocol;            /* "" if none was agreed on */
    struct frames frames;
    /* sending */
    eddy_lock lock;            /* of `sending` and of writing to the stream */
    eddy_buffer sending;
    size_t sent;               /* bytes of `sending` that the stream has taken */
    uint64_t bytes;            /* sent in all */
    size_t answers;            /* bytes of frames.out that a receive has put there */
    bool writing;              /* a write waits: it decides the stream's deadline */
    double write_deadline;
    /* receiving */
    bool reading;              /* a task is in a receive */
    double read_deadline;
    struct message *current;   /* that the program has; freed with the next receive */
    bool left;                 /* the server ends: nothing more arrives */
    int failed;                /* a code: the connection is of no more use; 0: it is */
    const char *why;           /* a sentence for the log, if it failed by the peer's fault */
};

/* Its options are copied, and zeros become the defaults. Returns NULL with *error: ENOMEM, ENOSYS. protocol: of `size`
 * bytes. */
struct eddy_http_websocket *websocket_new(struct input *in, const eddy_http_websocket_options *options,
                                          eddy_server *server, const char *protocol, size_t size, int *error);
/* NULL is allowed. */
void websocket_free(struct eddy_http_websocket *ws);
/* After the handler: sends a close, if none was sent, and waits for that of the peer. True: the peer has sent it. */
async_declare(bool, websocket_finish, (struct eddy_http_websocket *, ws), (int, code));

#endif
