/* SPDX-License-Identifier: MIT */
/*
 * sim.h - the insides of the simulation: the virtual clock, and sockets of its own that know it.
 *
 * A socket of the simulation is a real one that stands for it (so numbers, ports and options are the kernel's), and a
 * struct sim_socket.  Two ends that meet inside one loop are joined in memory; what comes from outside, or goes there,
 * is the kernel's.  Invariant: a waiting operation is in a queue of its socket, or (to accept) in the epoll driver's,
 * where connections from outside arrive; bytes move only when the clock has reached their time.  No function that moves
 * bytes looks at another socket, which could come back to the operation that is being carried out: it calls sim_look,
 * which remembers the socket, and whoever was called from outside of the network ends with sim_settle.
 */
#ifndef EDDY_OS_SIM_H
#define EDDY_OS_SIM_H

#include "os/driver_epoll.h"
#include "os/sim_weather.h"

#include <netinet/in.h>
#include <sys/un.h>

/* Bytes that one end has sent and the other not yet read; an end of stream has none. */
struct sim_segment {
    struct list_link link; /* in the receiver's segments */
    int64_t due;        /* when they arrive */
    size_t size, taken; /* taken: read so far */
    char data[];
};

union sim_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

enum sim_state { SIM_FRESH, SIM_LISTENS, SIM_JOINED };

struct sim_socket {
    int fd;                           /* of the real socket that stands for it; -1: closed, or not yet accepted */
    int family;
    enum sim_state state;
    unsigned references;              /* of the table or a backlog, of its peer, of events */
    union sim_address own, peer_name; /* JOINED; own: also LISTENS */
    struct sim_socket *peer;          /* JOINED: the other end; NULL: it is closed */
    struct list segments;             /* on their way here, or arrived and unread */
    size_t queued;                    /* bytes of them */
    int64_t last_due;                 /* of what was sent here last: nothing overtakes */
    bool finished;                    /* the peer has ended its side: true after the segments, and from end_due on */
    int64_t end_due;
    bool shut;                        /* this end has sent its last */
    int error;                        /* an errno value: the connection is broken */
    int64_t cut_from, cut_until;      /* the time during which nothing arrives */
    struct list backlog;              /* LISTENS: of sockets that are joined and not yet accepted, the oldest first */
    struct list_link pending;         /* in such a list */
    struct list_link listener;        /* LISTENS: in the simulation's list of them */
    size_t backlog_size, backlog_limit;
    struct list op_events;            /* of operations on this socket */
    struct list_link look;            /* while it is to be looked at, which holds a reference */
    bool to_look;
    struct list readers, writers, pollers;
};

enum sim_event_kind { SIM_LOOK, SIM_CONNECT, SIM_CANCEL };

struct sim_event {
    struct list_link of_op;     /* in the socket's op_events, if it has an operation */
    int64_t due;
    uint64_t sequence;          /* of setting: those of one time keep their order */
    enum sim_event_kind kind;   /* LOOK: what can go on at the socket goes on */
    struct sim_socket *socket;  /* holds a reference */
    struct driver_op *op;       /* CONNECT, CANCEL: for which; NULL: it is over */
};

struct sim_events {
    struct sim_event **heap;
    size_t count, room;
    uint64_t sequence;             /* of the next one */
};

struct sim {
    struct epoll epoll;
    int64_t now;                   /* the virtual clock */
    int64_t work;                  /* since it jumped last: what the loop has done, at fixed prices; see sim_clock.c */
    size_t posted;                 /* calls of other threads that the loop has been told of */
    int64_t real_begin;            /* the real clock when others' work began that is under way; 0: none is */
    int64_t real_from;             /* the virtual one then */
    uint64_t random;               /* of all that the seed decides here */
    uint64_t random_of_world;      /* of what it decides about writes to real descriptors */
    struct sim_weather weather;
    struct sim_events events;      /* by time, and in the order they were set */
    struct list looks;             /* sockets that are to be looked at, in this order */
    struct fd_table sockets;       /* of struct sim_socket *; NULL: the kernel's */
    struct list listeners;
    size_t waiting;                /* operations in the queues of sockets */
    uint16_t next_port;            /* for an end that was not bound */
    int beacon;                    /* an eventfd, readable while a wait would make progress; -1: nobody has asked */
    bool lit;                      /* a wait would make progress */
};

static inline struct sim *sim_of(struct driver *driver)
{
    return (struct sim *)(void *)driver;
}

extern const struct driver_net net_sim;

/* ---- sim_net.c: operations on sockets, and the calls that do not wait ---- */
bool sim_submit(struct driver *driver, struct driver_op *op);
/* Once an operation has been done, it may complete at once or, false, in the next wait. */
bool sim_complete_now(struct sim *sim, struct driver_op *op);
void sim_cancel(struct driver *driver, struct driver_op *op);
void sim_adopt(struct driver *driver, int fd);
void sim_release(struct driver *driver, int fd);
bool sim_is_busy(struct driver *driver, int fd);
void sim_close_fd(struct driver *driver, int fd);
/* Carries out what has become due, without delivering completions. */
void sim_run_events(struct sim *sim);
/* When there is something due; CLOCK_NEVER: nothing is. */
int64_t sim_next_event(const struct sim *sim);
void sim_finish(struct sim *sim);
/* Operations at the sockets that sim_look remembered go on as far as they can; delivers nothing. */
void sim_settle(struct sim *sim);

/* ---- sim_clock.c: when the clock moves ---- */
int sim_wait(struct sim *sim, int64_t deadline);
/* A wait until `deadline` would not sleep, but for the moments that the kernel is given. */
bool sim_would_progress(const struct sim *sim, int64_t deadline);

/* ---- sim_beacon.c ---- */
/* False: there is no descriptor to be had. */
bool sim_beacon_open(struct sim *sim);
void sim_beacon_close(struct sim *sim);
void sim_beacon_light(struct sim *sim, bool on);
/* Charges the clock for work that was done at once. */
void sim_count_work(struct sim *sim, const struct driver_op *op);

/* ---- sim_event.c: what happens later ---- */
/* False: no memory; the caller does it now, or not at all. */
bool sim_later(struct sim *sim, int64_t due, enum sim_event_kind kind, struct sim_socket *socket,
               struct driver_op *op);
/* Nothing happens to the operation any more. */
void sim_forget(struct sim_socket *socket, const struct driver_op *op);
/* False: nothing is due.  The caller gets the event's reference of its socket. */
bool sim_take_event(struct sim *sim, struct sim_event *taken);
void sim_events_free(struct sim *sim);
/* A moment within the latency. */
int64_t sim_delay(struct sim *sim);

/* ---- sim_socket.c: one socket ---- */
struct sim_socket *sim_socket_new(int family);
void sim_socket_unref(struct sim_socket *socket);
/* Bytes that have not been read are lost. */
void sim_drop_segments(struct sim_socket *socket);
/* NULL: the descriptor is the kernel's. */
struct sim_socket *sim_find(const struct sim *sim, int fd);
/* A real socket stands for it from now on: the descriptor, or a negative errno value. */
int sim_give_descriptor(struct sim *sim, struct sim_socket *sim_socket);
/* A new socket with a descriptor: the same. */
int sim_new_descriptor(struct sim *sim, int family);
/* Takes it out of the table, with the table's reference; the real socket stays open. */
void sim_leave_table(struct sim *sim, struct sim_socket *socket);
/* The next sim_settle looks at the socket. */
void sim_look(struct sim *sim, struct sim_socket *socket);

/* ---- sim_listen.c: listeners, and how two ends meet ---- */
/* NULL: no socket of this loop listens at that address. */
struct sim_socket *sim_find_listener(const struct sim *sim, const union sim_address *address);
/* Joins the client to a new socket in the listener's backlog: 0, or a negative errno value. */
int sim_meet(struct sim *sim, struct sim_socket *client, const union sim_address *address);
/* As accept: the first of the backlog gets its descriptor; without one it stays there. */
int64_t sim_accept(struct sim *sim, struct sim_socket *listener, const struct driver_op *op);
/* Out of the backlog; NULL: it is empty. */
struct sim_socket *sim_take_pending(struct sim_socket *listener);
/* Operations that wait for connections from outside, for which the clock does not wait. */
size_t sim_listening(const struct sim *sim);

/* ---- sim_stream.c: two ends in memory ---- */
void sim_join(struct sim *sim, struct sim_socket *a, struct sim_socket *b);
/* Each as the system call, or -EAGAIN. */
int64_t sim_receive(struct sim *sim, struct sim_socket *socket, void *data, size_t size, int flags);
int64_t sim_send(struct sim *sim, struct sim_socket *socket, const void *data, size_t size);
int64_t sim_receive_parts(struct sim *sim, struct sim_socket *socket, const struct msghdr *message, int flags);
int64_t sim_send_parts(struct sim *sim, struct sim_socket *socket, const struct msghdr *message);
int sim_shutdown(struct sim *sim, struct sim_socket *socket, int how);
/* This end is closed. */
void sim_part(struct sim *sim, struct sim_socket *socket);
/* The connection breaks, for both ends. */
void sim_break(struct sim *sim, struct sim_socket *socket, int error);
unsigned sim_ready(const struct sim *sim, const struct sim_socket *socket);

#endif
