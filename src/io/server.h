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
#include "io/stream.h"

/* A listening socket and the task that accepts on it. */
struct listener {
    struct eddy_server *server;
    struct listening socket;
    unsigned failures;       /* accepts that failed since the last success */
    bool failing;            /* the failure has been logged */
    struct task *task;       /* accepts; NULL: not yet, or ended */
    struct watch watch;      /* of that task's end */
};

struct eddy_server {
    struct eddy_loop *loop;
    struct loop_closer closer;
    struct level *level;     /* the tasks that accept, and the handlers */
    void *prototype;         /* what is spawned for a connection; its stream is set for each */
    void (*upgrade_release)(void *argument); /* of what makes connections ready; NULL: nothing */
    void *upgrade_argument;
    size_t size, stream_offset;
    size_t max_connections;  /* 0: no limit */
    size_t max_handshakes;   /* of them, in their TLS handshake; 0: no limit */
    bool shed;               /* those beyond it are closed */
    size_t stream_limit;     /* 0: the default */
    struct list connections; /* of the streams that it has accepted */
    size_t connection_count, handshake_count, shed_count, gone_count, accepting;
    eddy_event idle;         /* no task of the server is left */
    eddy_event room;         /* there are fewer than max_connections, or than max_handshakes */
    struct timer gone_timer; /* set: peers that go away are only counted until then */
    size_t gone_untold;      /* of them, since the log was told */
    bool closing;
    bool orphan;             /* eddy_server_close was cancelled: the last task frees it */
    size_t listener_count;
    struct listener listeners[];
};

/* Without listeners yet, and room for `listeners` of them; NULL: no memory. */
struct eddy_server *server_new(struct eddy_loop *loop, size_t listeners);
/* A task for each listener.  0, or ENOMEM. */
int server_accept(struct eddy_server *server);
/* Its handshake has ended, well or not: another connection may have its own. */
void server_handshake_over(struct connection *connection);
/* One that could not be started: it is freed when the tasks it had have ended. */
void server_drop(struct eddy_server *server);

#endif
