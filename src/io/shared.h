/* SPDX-License-Identifier: MIT */
/*
 * shared.h - listening sockets that the servers of several loops share.
 *
 * The first server that asks binds the sockets, and each later one of another loop, with the same place and handler,
 * gets duplicates of them. Invariant: a share lives as long as it has a member, and all about it is accessed under one
 * mutex, or is atomic. With an exact balance only one member accepts; a connection belongs to the member that it was
 * handed to from the moment of that decision, and a member does not end before the connections on the way to it have
 * arrived.
 */
#ifndef EDDY_IO_SHARED_H
#define EDDY_IO_SHARED_H

#include "io/listen.h"

struct eddy_server;
struct eddy_start_server;
struct listener;
struct share;

/* What a server has counted. Only its own loop writes it; those of its share read it: so each access is atomic. */
struct server_counts {
    uint64_t accepted;    /* connections that got a handler */
    uint64_t connections; /* those of them that are open */
    uint64_t shed, gone;  /* see eddy_server_shed, eddy_server_gone */
};

/* What a server does when another loop has called it. */
struct share_calls {
    void (*receive)(struct listener *listener, int fd); /* a connection that no loop has adopted */
    void (*settle)(struct eddy_server *server);         /* the call is over, and the server may end */
};

/* What makes two servers share: handler, balance, and where they were asked to listen. */
struct share_place {
    char *bytes;            /* NULL: the server has none */
    size_t size;
};

/* What a server is to the others of its share. */
struct share_member {
    struct share_place place; /* given to the share that it begins */
    const struct share_calls *calls;
    struct share *share;    /* NULL: its server shares nothing, or has left */
    struct list_link link;  /* among the members */
    struct server_counts counts;
    size_t load;            /* its connections, those on the way to it included. Atomic */
    size_t coming;          /* calls on the way to it */
    struct remote_call appointment; /* tells it that it accepts from now on */
};

/* Before share_begin. Returns 0 or ENOMEM. */
int share_note_place(struct eddy_server *server, const struct eddy_start_server *start);
void share_forget_place(struct eddy_server *server);
/* Finds the share that the server is to join, and begins to change it: share_end must follow. NULL: there is none. */
struct share *share_begin(const struct eddy_server *server);
void share_end(void);
/* Between the two. The server, which has room for so many sockets, gets duplicates. Returns 0 or an errno value. */
int share_take(struct share *share, struct eddy_server *server, size_t room);
/* Between the two. The server, which has sockets, becomes a member; share NULL: of a new one. Returns 0 or an errno
 * value. */
int share_join(struct share *share, struct eddy_server *server);
/* The server accepts no more: another one does, if it was this one's task. A server that shares nothing is
 * unchanged. */
void share_leave(struct eddy_server *server);

/* True: this server accepts, or shares nothing any more. */
bool share_accepts(struct eddy_server *server);
/* Hands a new connection, which no loop has adopted, to the member with the fewest. False: that is the server
 * itself. */
bool share_hand_over(struct listener *listener, int fd);
/* A connection of the server has begun (1) or ended (-1). */
void share_count(struct eddy_server *server, int change);
/* Adds the counts of a server. */
void share_add_counts(struct eddy_server_stats *stats, const struct server_counts *counts);
/* The counts of all members of its share, and of those that have left; of the server itself if it shares nothing. */
void share_sum(const struct eddy_server *server, struct eddy_server_stats *stats);
/* True: calls of other loops are on the way to the server. */
bool share_is_awaited(struct eddy_server *server);

#endif
