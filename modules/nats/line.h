/* SPDX-License-Identifier: MIT */
/* line.h - a client: its connection, the tasks that serve it, subscriptions, and the calls of all other tasks. */
#ifndef EDDY_NATS_LINE_H
#define EDDY_NATS_LINE_H

#include "link.h"
#include "message.h"
#include "table.h"

enum call_form {
    CALL_REQUEST, /* waits for the answer to a message */
    CALL_FLUSH,   /* waits for the PONG to a PING */
    CALL_ROOM     /* waits until less is unsent */
};

/* It lies on the stack of its task, and is the line's from its start to its completion. */
struct call {
    struct eddy_awaitable awaitable;
    eddy_void result;
    struct entry entry;            /* of a request: by the number in its subject for the answer; of a flush: its PING */
    enum call_form form;
    eddy_nats *line;
    const eddy_nats_outgoing *out; /* of a request */
    eddy_nats_message *reply;      /* the answer */
    uint64_t batch;                /* its bytes are in the batch of this number */
    size_t at;                     /* of a request: there its bytes begin, in that batch */
    struct call *next, **link;     /* in the list of flushes, or of those that wait for room */
};

struct calls {
    struct call *first, **end;
};

struct eddy_nats_subscription {
    struct entry entry;       /* by its number for the server; first */
    eddy_nats *line;          /* NULL: the client is gone */
    char *subject, *queue;    /* queue NULL: none */
    eddy_nats_message *first, **end; /* messages that wait */
    size_t bytes;             /* of those */
    uint64_t missed;          /* dropped since the last message that was kept */
    bool after_gap;           /* for the next message */
    bool is_refused;          /* by the server's rules */
    bool is_ended;            /* the client is closed */
    eddy_event arrived;
};

struct eddy_nats {
    struct address *address;
    struct link link;
    bool connected;            /* bytes are sent */
    bool closing;              /* no new calls */
    bool is_free;              /* the keeper frees all at its end */
    eddy_task *keeper;         /* NULL: it has ended, and nothing is sent any more */
    eddy_buffer unsent, sending;
    uint64_t batch;            /* number of what is unsent; what is being sent has the one before */
    struct table subscriptions;
    struct table requests;
    struct calls flushes;      /* in the order of their PINGs */
    struct calls rooms;
    uint64_t pings, pongs;     /* PINGs that were queued, PONGs that came; a flush waits until there are as many */
    uint64_t unsent_pings;     /* those that are unsent */
    uint64_t heard;            /* reads that brought something */
    uint64_t last_number;      /* of a subscription or a request */
    char inbox[48];            /* what the subjects of answers begin with: "_INBOX.xyz." */
    char refusal[256];         /* what the server refused since the last flush; "": nothing */
    bool is_dismissed;         /* that was the end of the connection, and concerns no message */
    eddy_event more;           /* there is something to send */
    eddy_event ended;          /* the keeper */
    unsigned failures;         /* attempts to connect since a server did more than accept the login */
    uint64_t reconnects;
};

/* Connects and starts the tasks. It takes the address, also when it fails. */
eddy_async_declare(eddy_nats *, line_open, (struct address *, address));
/* Appends a message to what is sent, at once. Returns 0, EINVAL, EMSGSIZE, ECONNABORTED or ENOMEM, and *why. */
int line_put(eddy_nats *n, const eddy_nats_outgoing *m, const char **why);
/* The same; waits while too much is unsent. */
eddy_async_declare(void, line_send, (eddy_nats *, n), (const eddy_nats_outgoing *, m));
/* Sends a message and waits for the answer, whose status may be the server's own. */
eddy_async_declare(eddy_nats_message *, line_ask, (eddy_nats *, n), (const eddy_nats_outgoing *, m));
/* Subscribes. NULL: *code is an errno value. */
eddy_nats_subscription *line_subscribe(eddy_nats *n, const char *subject, const char *queue, int *code,
                                       const char **why);
/* A subject for answers that no other has; to be subscribed. */
void line_inbox(eddy_nats *n, char *to, size_t size);

#endif
