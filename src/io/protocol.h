/* SPDX-License-Identifier: MIT */
/*
 * protocol.h - transports that call a protocol, for the files that make them or stand between them and their sockets:
 * protocol.c, protocol_host.c, protocol_listen.c, and TLS.
 */
#ifndef EDDY_IO_PROTOCOL_H
#define EDDY_IO_PROTOCOL_H

#include "eddy/operation.h"
#include "eddy/transport.h"
#include "io/limits.h"
#include "io/socket.h"

/* In which order a transport goes through them; a connect begins with the first. */
enum stage { CONNECTING, TO_BE_MADE, OPEN, LOST };

struct eddy_transport {
    const struct eddy_protocol *protocol;
    void *argument;             /* the program's */
    struct eddy_loop *loop;
    int fd;
    enum stage stage;
    struct eddy_operation read, write; /* `write` connects, too */
    bool reads, writes;         /* that one is in flight */
    bool is_pipe;               /* a pipe or a terminal, not a socket */
    bool only_writes;           /* that it was opened so */
    bool paused;                /* the program wants nothing to be received */
    bool delivers;              /* the protocol is being called with what `read` has brought */
    bool holds;                 /* `read` has brought something that the protocol has not been given, since it paused */
    bool ended;                 /* the peer sends no more */
    bool told_to_pause;         /* `paused` was called, and `resumed` not yet */
    bool eof;                   /* nothing more is sent after what was written */
    bool closing;               /* nothing more is received; `lost` follows */
    bool broken;                /* nothing more is sent, either */
    bool has_sent;              /* bytes have gone out */
    bool dropped;               /* bytes that were waiting when it broke */
    int error;                  /* for `lost` */
    char *into;                 /* memory that `read` receives into; NULL: the loop's */
    char *own;                  /* the same, if it is the transport's: bytes of a pipe for `received` */
    struct eddy_buffer sending; /* with `write` */
    size_t sent;                /* of it */
    struct eddy_buffer waiting; /* written meanwhile */
    unsigned sends;             /* how often `waiting` has become `sending` */
    struct limits limits;       /* of what is unsent */
    struct loop_call turn;      /* queued: something is to be called in the next pass */
    struct loop_closer closer;
    struct eddy_address address; /* that it connects to */
    bool is_made;               /* `made` was called */
    struct protocol_filter *filter; /* TLS; NULL: none */
    struct connector *connector; /* a task that connects to a host; NULL: none */
    char *reason;               /* the words for `error`; NULL: none */
};

struct connector {
    /* It is not wanted any more: ends soon, and sets the transport's pointer to NULL. May be called again. */
    void (*stop)(struct connector *connector);
};

/*
 * What stands between a transport and its socket, and changes all bytes. Its functions are called by protocol.c, only
 * for a transport that is not broken, unless the comment says otherwise.
 */
struct protocol_filter {
    const struct protocol_filter_type *type;
    struct eddy_transport *transport;
    bool reads_on;  /* it needs the peer's bytes whether or not the program wants to receive */
    bool fed;       /* it has taken what the current receive has brought, but not used all of it */
};
struct protocol_filter_type {
    /* The connection has been made. */
    void (*begin)(struct protocol_filter *filter);
    /* Bytes have been received; they stay where they are until go_on returns true. */
    void (*feed)(struct protocol_filter *filter, const char *data, size_t size);
    /* Uses them, and gives the protocol what they mean. False: the program has paused, and something is left. */
    bool (*go_on)(struct protocol_filter *filter);
    /* The socket has ended. */
    void (*feed_end)(struct protocol_filter *filter);
    /* 0, or an errno value. */
    int (*write)(struct protocol_filter *filter, const eddy_slice *parts, size_t count);
    /* Nothing more is written: sends that. */
    void (*write_end)(struct protocol_filter *filter);
    /* The transport closes. False: at once, since nothing can be sent before something is received. */
    bool (*close)(struct protocol_filter *filter);
    /* All of it has been sent while the transport closes. */
    void (*flushed)(struct protocol_filter *filter);
    /* Bytes that it keeps until they can be sent; also of a broken transport. */
    size_t (*unsent)(const struct protocol_filter *filter);
    /* Also of a broken transport. */
    void (*free)(struct protocol_filter *filter);
};

/* 0, or why this thread's loop can make none: an errno value.  `call` is what was called. */
int protocol_refusal(struct eddy_loop *loop, const char *call);
/* Without a socket (fd -1) or with one that it owns from now on, adopted; nothing is called yet. NULL: no memory. */
struct eddy_transport *protocol_transport(struct eddy_loop *loop, int fd, const struct eddy_protocol *protocol,
                                          void *argument);
/* Frees one on which nothing has begun. */
void protocol_drop(struct eddy_transport *t);
/* Of a socket that it owns from now on, adopted; `made` is called in a later pass.  NULL: no memory. */
struct eddy_transport *protocol_begin(struct eddy_loop *loop, int fd, const struct eddy_protocol *protocol,
                                      void *argument);
/* `made` is called in a later pass. */
void protocol_begin_later(struct eddy_transport *t);
/* Nothing more is received or sent; `lost` is called in a later pass. error 0: the program wants it so. */
void protocol_break_off(struct eddy_transport *t, int error);
/* What was put into `waiting` is sent, then `lost` is called with the error. words, which are copied: for
 * eddy_transport_reason. */
void protocol_fail(struct eddy_transport *t, int error, const char *words);
/* After a change: asks for the end of what is not wanted any more, and calls `lost` later when all has ended. */
void protocol_settle(struct eddy_transport *t);
/* Calls `made`. */
void protocol_make(struct eddy_transport *t);
/* Calls `received`, or copies the bytes into the memory of a protocol that has some. */
void protocol_deliver(struct eddy_transport *t, const char *data, size_t size);
/* The peer sends no more. */
void protocol_take_end(struct eddy_transport *t);
/* Sends what was put into `waiting`. */
void protocol_send(struct eddy_transport *t);
/* What was received and not used is used in a later pass; else it receives again. */
void protocol_go_on(struct eddy_transport *t);
/* It receives, if it wants bytes and does not receive yet. */
void protocol_receive(struct eddy_transport *t);

/* Calls begin(t, argument) for each connection before anything else happens on it; a result other than 0 is why it is
 * lost. release(argument): it is not needed any more. */
void listener_set_beginning(struct eddy_listener *listener, int (*begin)(struct eddy_transport *t, void *argument),
                            void *argument, void (*release)(void *argument));

#endif
