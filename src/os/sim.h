/* SPDX-License-Identifier: MIT */
/*
 * sim.h - the insides of the simulation: the virtual clock, and simulated sockets that follow it.
 *
 * A simulated socket consists of a real socket (so that numbers, ports and options come from the kernel) and a
 * struct sim_socket. Two ends inside one loop are joined in memory; connections from and to the outside belong to
 * the kernel. Invariant: a waiting operation is in a queue of its socket, or (an accept) in the epoll driver's
 * queue, where connections from outside arrive; bytes move only when the clock has reached their time. No function
 * that moves bytes looks at another socket, which could lead back to the operation that is being executed. It calls
 * sim_look, which remembers the socket, and every function that is called from outside the network ends with
 * sim_settle.
 */
#ifndef EDDY_OS_SIM_H
#define EDDY_OS_SIM_H

#include "os/driver_epoll.h"
#include "os/sim_weather.h"

#include <netinet/in.h>
#include <sys/un.h>

/* Bytes that one end has sent and the other not yet read; the end of the stream is a segment without bytes. */
struct sim_segment {
    struct list_link link; /* in the receiver's segments */
    int64_t due;        /* when the segment arrives */
    size_t size, taken; /* taken: number of bytes read so far */
    char data[];
};

union sim_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* driver_op.state of an operation that waits in the simulation; the epoll driver's values are below. */
enum { SIM_WAITS = 64, SIM_CONNECTS, SIM_ON_FILE };

enum sim_state { SIM_FRESH, SIM_LISTENS, SIM_JOINED };

struct sim_socket {
    int fd;                           /* descriptor of the real socket for it; -1: closed, or not yet accepted */
    int family;
    enum sim_state state;
    unsigned references;              /* references: of the table or a backlog, of its peer, of events */
    union sim_address own, peer_name; /* set while JOINED; own: also while LISTENS */
    struct sim_socket *peer;          /* JOINED: the other end; NULL: it is closed */
    struct list segments;             /* segments that are on their way here, or that have arrived and are unread */
    size_t queued;                    /* bytes of them */
    int64_t last_due;                 /* arrival time of the last segment sent here: no segment overtakes another */
    bool finished;                    /* the peer has ended its side: applies after the segments, and from end_due on */
    int64_t end_due;
    bool shut;                        /* this end has ended its side */
    int error;                        /* an errno value: the connection is broken */
    int64_t cut_from, cut_until;      /* the time during which no segment arrives */
    struct list backlog;              /* LISTENS: sockets that are joined and not yet accepted, the oldest first */
    struct list_link pending;         /* its place in such a list */
    struct list_link listener;        /* LISTENS: its place in the simulation's list of listeners */
    size_t backlog_size, backlog_limit;
    struct list op_events;            /* events of operations on this socket */
    struct list_link look;            /* its place in the list of sockets to look at, which holds a reference */
    bool to_look;
    struct list readers, writers, pollers;
};

enum sim_event_kind { SIM_LOOK, SIM_CONNECT, SIM_CANCEL, SIM_FILE };

struct sim_event {
    struct list_link of_op;     /* in the op_events of the socket or of the files, if the event has an operation */
    int64_t due;
    uint64_t sequence;          /* sequence number: events at the same time keep their order */
    enum sim_event_kind kind;   /* LOOK: operations on the socket go on if they can */
    struct sim_socket *socket;  /* holds a reference; NULL: the event is of a file */
    struct driver_op *op;       /* CONNECT, CANCEL, FILE: the operation; NULL: it has ended */
};

struct sim_events {
    struct sim_event **heap;
    size_t count, room;
    uint64_t sequence;             /* sequence number of the next event */
};

struct sim {
    struct epoll epoll;
    int64_t now;                   /* the virtual clock */
    int64_t work;                  /* cost of the loop's work since the clock's last jump; see sim_clock.c */
    size_t posted;                 /* number of other threads' calls that the loop has seen */
    int64_t real_begin;            /* the real time at which the foreign work in progress began; 0: there is none */
    int64_t real_from;             /* the virtual time at that moment */
    uint64_t random;               /* the series of random numbers for the decisions here */
    uint64_t random_of_world;      /* the series for decisions about writes to real descriptors */
    struct sim_weather weather;
    struct sim_events events;      /* heap of events by time, then by sequence number */
    struct list looks;             /* list of sockets to look at, in this order */
    struct fd_table sockets;       /* entries are struct sim_socket *; NULL: a socket of the kernel */
    struct list listeners;
    size_t waiting;                /* number of operations in the queues of sockets, and on files */
    struct list file_events;       /* the op_events of files */
    uint16_t next_port;            /* the next port for an end that was not bound */
    int beacon;                    /* an eventfd, readable while a wait would make progress; -1: not asked for yet */
    bool lit;                      /* a wait would make progress */
};

static inline struct sim *sim_of(struct driver *driver)
{
    return (struct sim *)(void *)driver;
}

extern const struct driver_net net_sim;

/* ---- sim_net.c: operations on sockets, and the calls that do not wait ---- */
bool sim_submit(struct driver *driver, struct driver_op *op);
void sim_cancel(struct driver *driver, struct driver_op *op);
void sim_adopt(struct driver *driver, int fd);
void sim_release(struct driver *driver, int fd);
bool sim_is_busy(struct driver *driver, int fd);
void sim_close_fd(struct driver *driver, int fd);
/* Executes the events that are due, without delivering completions. */
void sim_run_events(struct sim *sim);
/* When the next event is due; CLOCK_NEVER: there is none. */
int64_t sim_next_event(const struct sim *sim);
void sim_finish(struct sim *sim);
/* Operations on the sockets that sim_look remembered go on as far as they can; delivers nothing. */
void sim_settle(struct sim *sim);

/* ---- sim_file.c: operations on files, which are real ---- */
bool sim_submit_file(struct sim *sim, struct driver_op *op);
/* The operation's time has come. */
void sim_run_file(struct sim *sim, struct driver_op *op);
/* The operation waits for its time, and is cancelled. */
void sim_cancel_file(struct sim *sim, struct driver_op *op);

/* ---- sim_clock.c: when the clock moves ---- */
int sim_wait(struct sim *sim, int64_t deadline);
/* True: a wait until `deadline` would not sleep, apart from the moments that the kernel is given. */
bool sim_would_progress(const struct sim *sim, int64_t deadline);

/* ---- sim_beacon.c ---- */
/* False: no descriptor is available. */
bool sim_beacon_open(struct sim *sim);
void sim_beacon_close(struct sim *sim);
void sim_beacon_light(struct sim *sim, bool on);

/* ---- sim_event.c: events in the future ---- */
/* socket: NULL for an operation on a file. False: no memory; the caller does it now, or not at all. */
bool sim_later(struct sim *sim, int64_t due, enum sim_event_kind kind, struct sim_socket *socket,
               struct driver_op *op);
/* Removes the operation's events. */
void sim_forget(struct sim *sim, struct sim_socket *socket, const struct driver_op *op);
/* False: no event is due. The caller takes over the event's reference to its socket, if there is one. */
bool sim_take_event(struct sim *sim, struct sim_event *taken);
void sim_events_free(struct sim *sim);
/* A random time within the latency. */
int64_t sim_delay(struct sim *sim);

/* ---- sim_socket.c: one socket ---- */
struct sim_socket *sim_socket_new(int family);
void sim_socket_unref(struct sim_socket *socket);
/* Drops the unread bytes. */
void sim_drop_segments(struct sim_socket *socket);
/* NULL: the descriptor is a socket of the kernel. */
struct sim_socket *sim_find(const struct sim *sim, int fd);
/* Makes a real socket that represents it from now on. Returns the descriptor, or a negative errno value. */
int sim_give_descriptor(struct sim *sim, struct sim_socket *sim_socket);
/* Makes a new socket with a descriptor. Returns the same. */
int sim_new_descriptor(struct sim *sim, int family);
/* Removes it from the table, with the table's reference; the real socket remains open. */
void sim_leave_table(struct sim *sim, struct sim_socket *socket);
/* The next sim_settle looks at the socket. */
void sim_look(struct sim *sim, struct sim_socket *socket);

/* ---- sim_listen.c: listeners, and how two ends meet ---- */
/* NULL: no socket of this loop listens at that address. */
struct sim_socket *sim_find_listener(const struct sim *sim, const union sim_address *address);
/* Joins the client to a new socket in the listener's backlog. Returns 0 or a negative errno value. */
int sim_meet(struct sim *sim, struct sim_socket *client, const union sim_address *address);
/* Like accept: the first socket of the backlog gets its descriptor; if there is none available, it remains there. */
int64_t sim_accept(struct sim *sim, struct sim_socket *listener, const struct driver_op *op);
/* Takes the first socket out of the backlog; NULL: it is empty. */
struct sim_socket *sim_take_pending(struct sim_socket *listener);
/* Number of operations that wait for connections from outside, for which the clock does not stop. */
size_t sim_listening(const struct sim *sim);

/* ---- sim_stream.c: two ends in memory ---- */
void sim_join(struct sim *sim, struct sim_socket *a, struct sim_socket *b);
/* How many of the bytes that could be moved are moved. */
size_t sim_part_of(struct sim *sim, size_t size);
/* Each is like the system call, or returns -EAGAIN. */
int64_t sim_receive(struct sim *sim, struct sim_socket *socket, void *data, size_t size, int flags);
int64_t sim_send(struct sim *sim, struct sim_socket *socket, const void *data, size_t size);
int64_t sim_receive_parts(struct sim *sim, struct sim_socket *socket, const struct msghdr *message, int flags);
int64_t sim_send_parts(struct sim *sim, struct sim_socket *socket, const struct msghdr *message);
int sim_shutdown(struct sim *sim, struct sim_socket *socket, int how);
/* This end was closed. */
void sim_part(struct sim *sim, struct sim_socket *socket);
/* Breaks the connection, for both ends. */
void sim_break(struct sim *sim, struct sim_socket *socket, int error);
unsigned sim_ready(const struct sim *sim, const struct sim_socket *socket);

#endif
