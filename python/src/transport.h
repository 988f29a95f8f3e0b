/* SPDX-License-Identifier: MIT */
/*
 * transport.h - SocketTransport: a stream socket (TCP, Unix) by Eddy's operations.
 *
 * Invariant: one receive and one send at most are in flight; the descriptor is closed after both.
 */
#ifndef EDDYLOOP_TRANSPORT_H
#define EDDYLOOP_TRANSPORT_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "handle.h"
#include "operation.h"

enum {
    LENT_SIZE = 16384,  /* of a receive that is full: see eddy_operation_recv_lent */
    SMALLEST_BULK = 65536, /* of a receive where much comes at once; the next kind is twice as large */
    MOST_WAITING = 8,   /* receives of a loop that hold such a buffer before anything has come */
    MOST_PARTS = 64,    /* of one send */
    LOST_WRITES = 5     /* after so many writes into a lost connection it is said */
};

/* What sendmsg gets. */
struct message {
    struct msghdr header;
    struct iovec parts[MOST_PARTS];
};

typedef struct transport Transport;
struct transport {
    PyObject_HEAD PyObject *extra; /* the slot of asyncio.BaseTransport */
    PyObject *mixin[4];            /* those of _FlowControlMixin, which asyncio's sendfile asks for; not used */
    PyObject *weakrefs;
    Core *core; /* NULL: connection_lost was called */
    PyObject *protocol, *server, *context;
    PyObject *sock; /* the socket; NULL: it is made when somebody asks for it */
    PyObject *stream_reader;                               /* weak reference: see stream.h; NULL: no stream */
    PyObject *waiter;                                      /* future: connection_made was called */
    PyObject *empty_waiter;                                /* future: all was sent */
    PyObject *lost_with;                                   /* the exception for connection_lost */
    struct operation receive, send;
    PyObject *bulk;   /* where a receive of much puts it: see bulk.c; NULL: this one is none */
    unsigned bulk_kind;      /* of the next receive of much */
    unsigned short_receives; /* so many in a row got less than half of their buffer */
    bool bulk_waits;  /* the receive holds it before anything has come */
    bool taking;      /* what a receive got is being told: the next one begins after that */
    PyObject *held;   /* bytes that came while reading was paused */
    PyObject **parts; /* bytes to send: parts[first_part] and so on */
    size_t first_part, part_count, part_room;
    size_t part_offset; /* so much of the first one is sent */
    size_t queued;      /* bytes to send */
    size_t high, low;   /* the limits of `queued` for pause_writing and resume_writing */
    unsigned lost;      /* asyncio's _conn_lost: 1 at the end, and more for each write after it */
    int fd;             /* -1: closed */
    bool started;       /* connection_made was called */
    bool closing, paused;
    bool eof;         /* write_eof was called */
    bool ended;       /* and was obeyed */
    bool over;        /* the peer's end was told */
    bool end_is_held; /* the peer's end came while reading was paused */
    bool protocol_paused, buffered;
    bool is_tls;             /* the protocol is a Tls, which takes bytes without a copy: see tls.h */
    bool finishing;          /* connection_lost is on its way */
    bool owns_fd;            /* the descriptor is not a socket's of Python */
    bool adopted;            /* by Eddy */
    bool much;               /* much came at once last time */
    bool is_tcp;
    bool is_corked, keeps;   /* it is in core->corked; the kernel keeps bytes of it: see cork.c */
    unsigned writes, writes_before; /* in the pass `write_pass`, and in the last one before it that had any */
    uint64_t write_pass;
    Transport *corked_next;
    struct message *message; /* of a send of several parts; NULL: there was none so far */
};

static inline const struct state *transport_state(const Transport *t)
{
    return t->core ? t->core->state : state_of_type(Py_TYPE(t));
}

/* ---- protocol.c: calls of the protocol ---- */

/* Those that return int: -1: an exception that ends the run is set; others were reported. */
int protocol_bind(Transport *t, PyObject *protocol);
PyObject *protocol_call(Transport *t, PyObject *name);
int protocol_take_bytes(Transport *t, PyObject *bytes); /* takes the reference; NULL: an exception is set */
int protocol_take_memory(Transport *t, const char *data, size_t size);
int protocol_take_end(Transport *t);
int protocol_pause(Transport *t);
int protocol_resume(Transport *t);
int protocol_lost(Transport *t);
/* Reports the pending exception. */
int transport_report(Transport *t, const char *what);
/* The same, and the connection ends by it. */
int transport_fail(Transport *t, const char *what);

/* ---- receive.c ---- */

void receive_setup(Transport *t);
void receive_begin_if_wanted(Transport *t);
void receive_stop(Transport *t);
PyObject *transport_resume_reading(Transport *t, PyObject *none);
PyObject *transport_give_held(Transport *t, PyObject *none);

/* ---- send.c ---- */

void send_setup(Transport *t);
/* The caller waits for nothing that is still to be sent. */
bool send_is_over(const Transport *t);
void send_drop_all(Transport *t);
PyObject *transport_write(Transport *t, PyObject *data);
extern PyMethodDef send_methods[];

/* ---- cork.c ---- */

/* MSG_MORE, or 0: for the next write, which has so many bytes. */
int cork_flag(Transport *t, size_t size);

/* ---- bulk.c ---- */

/* NULL: no memory, and an exception is set. */
PyObject *bulk_take(Core *core, unsigned kind);
void bulk_give(Core *core, unsigned kind, PyObject *bytes);
/* A new reference to the first bytes of it, perhaps the same object; NULL: an exception is set. */
PyObject *bulk_bytes(unsigned kind, PyObject *bytes, size_t size);
/* That of the next receive, after one that got so many bytes. */
void bulk_choose_kind(Transport *t, size_t size);

/* ---- transport.c ---- */

Transport *transport_make(Core *core, int fd, PyObject *sock, PyObject *protocol, PyObject *server,
                          PyObject *context);
/* connection_made, and the first receive. NULL: an exception is set. */
PyObject *transport_start(Transport *t, PyObject *none);
void transport_pause_reading(Transport *t);

/* ---- end.c ---- */

void transport_close(Transport *t);
void transport_force_close(Transport *t, PyObject *exception);
/* connection_lost follows if nothing is in its way any more. */
void transport_settle(Transport *t);
PyObject *transport_finish(Transport *t, PyObject *none);
void transport_release(Transport *t);
/* The same for one that dies, without a call of Python's: its socket may be cleared already, and closes itself. */
void transport_abandon(Transport *t);

#endif
