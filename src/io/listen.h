/* SPDX-License-Identifier: MIT */
/*
 * listen.h - a listening socket: made at an address, or taken over.
 *
 * Invariant: a socket file is removed by the server that made it, and only while it is the same file.
 */
#ifndef EDDY_IO_LISTEN_H
#define EDDY_IO_LISTEN_H

#include <sys/types.h>

#include "io/socket.h"

struct listening {
    int fd;                  /* -1: none */
    bool lent;               /* the caller's socket, until the server has started */
    bool has_file;           /* own is the path of a socket file that it made: */
    dev_t device;            /* ... this one */
    ino_t inode;
    struct eddy_address own;
};

/* Of struct eddy_server_options. */
struct listen_options {
    int backlog;
    bool reuse_port;
    unsigned unix_mode;
};

/* Returns 0, or an errno value if there is no socket. */
int listen_at(struct eddy_loop *loop, struct listening *listening, const struct eddy_address *address,
              const struct listen_options *options);
/* Takes over a descriptor that listens already. Returns 0, or an errno value (EINVAL: it does not listen). */
int listen_take(struct eddy_loop *loop, struct listening *listening, int fd);
/* Number of descriptors, from 3 on, that the service manager has opened for this process, or 0. */
size_t listen_inherited(void);
/* Removes the socket file that it made, if it is still the same one. */
void listen_remove_file(struct listening *listening);
void listen_close(struct eddy_loop *loop, struct listening *listening);
/* Removes a socket file without a listener. */
void listen_clear(const struct eddy_address *address);

#endif
