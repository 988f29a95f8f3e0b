/* SPDX-License-Identifier: MIT */
/*
 * server.h - the struct of a server, for the files of this folder.
 *
 * Invariant: the server outlives its tasks.  It is freed by eddy_server_close when they have all ended; if that
 * was cancelled, by the last of them; if it was never called, by the loop when it closes.
 */
#ifndef EDDY_IO_SERVER_H
#define EDDY_IO_SERVER_H

#include "io/listen.h"
#include "io/shared.h"
#include "io/stream.h"

/* A listening socket and the task that accepts on it. */
struct listener {
    struct eddy_server *server;
    struct listening socket;
    unsigned failures;       /* number of failed accepts since the last success */
    bool failing;            /* the failure has been logged */
    struct task *task;       /* the task that accepts; NULL: not started yet, or ended */
    struct watch watch;      /* watches the end of that task */
};

struct eddy_server {
    struct eddy_loop *loop;
    struct loop_closer closer;
    struct level *level;     /* the tasks that accept, and the handlers */
    void *prototype;         /* the coroutine that is spawned for a connection; its stream is set for each */
    void (*upgrade_release)(void *argument); /* gives up upgrade_argument at the end; NULL: there is no upgrade (TLS) */
    void *upgrade_argument;
    size_t size, stream_offset;
    size_t max_connections;  /* 0: no limit */
    size_t max_handshakes;   /* the greatest number of connections in their TLS handshake; 0: no limit */
    bool shed;               /* connections beyond max_connections are closed at once */
    size_t stream_limit;     /* limit on a line of each stream; 0: the default */
    struct list connections; /* the streams that the server has accepted */
    size_t handshake_count, accepting;
    eddy_event idle;         /* no task of the server is left */
    eddy_event room;         /* set when a connection or a handshake has ended: another one may be admitted */
    struct timer gone_timer; /* while it is set, peers that disconnect are counted and not logged */
    size_t gone_untold;      /* peers that disconnected since the last line of the log */
    struct share_member member; /* what it is to servers of other loops, if it shares sockets with them */
    bool exact;              /* one of those accepts for all */
    eddy_event appointed;    /* set when that is this one, unless it was from the beginning */
    bool closing;
    bool orphan;             /* eddy_server_close was cancelled: the last task frees it */
    size_t listener_count;
    struct listener listeners[];
};

/* A server without listeners, and with room for `listeners` of them; NULL: no memory. */
struct eddy_server *server_new(struct eddy_loop *loop, size_t listeners);
/* Spawns a task for each listener. Returns 0 or ENOMEM. */
int server_accept(struct eddy_server *server);
/* A handshake has ended, successfully or not: another connection may begin one. */
void server_handshake_over(struct connection *connection);
/* A server that could not be started: frees it when its tasks have ended. */
void server_drop(struct eddy_server *server);

#endif
