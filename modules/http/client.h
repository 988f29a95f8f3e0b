/* SPDX-License-Identifier: MIT */
/*
 * client.h - a client's connections, and a reply that arrives on one of them.
 *
 * Invariant: a connection is in its client's list while it is idle, or belongs to one reply. A reply gives it back when
 * its body has been read to the end and both sides keep it; otherwise it is closed.
 */
#ifndef EDDY_HTTP_CLIENT_H
#define EDDY_HTTP_CLIENT_H

#include "head.h"
#include "inflate.h"
#include "input.h"
#include "url.h"

/* A connection. */
struct link {
    struct link *next;   /* in the list of idle ones */
    struct url place;    /* whose origin it leads to */
    struct input input;
    double since;        /* when it became idle */
    bool is_used;        /* a reply came over it before: it may be closed by now */
};

struct eddy_http_client {
    eddy_http_client_options options;
    struct url base;
    struct link *idle;   /* the last one that became so is the first */
    size_t idle_count;
    size_t replies;      /* that are not freed yet */
    bool closed;         /* freed with the last of them */
};

struct reply {
    eddy_http_reply public; /* its first member */
    eddy_http_client *client;
    struct link *link;   /* NULL: it was given back */
    struct url url;
    struct head head;
    struct eddy_http_body body;
    bool keeps;          /* the connection, after the body */
    const char *upgrade; /* lines of the head by which the client asks for another protocol; NULL: it does not */
    struct arena arena;
};

/* Takes an idle connection to that place, or makes one. fresh: only a new one. */
async_declare(struct link *, link_open, (eddy_http_client *, client), (const struct url *, url), (bool, fresh));
/* Closes it. NULL is allowed. */
void link_free(struct link *link);
/* Keeps it for the next request, or closes it. */
void link_give_back(eddy_http_client *client, struct link *link);
/* A request with lines that ask for another protocol; the status of the reply is 101 if the server agrees. */
async_declare(struct reply *, call_upgrade, (eddy_http_client *, client), (const char *, url),
              (const eddy_http_call *, call), (const char *, lines));
/* Frees the client if it was closed and has no more replies. */
void client_settle(eddy_http_client *client);

#endif
